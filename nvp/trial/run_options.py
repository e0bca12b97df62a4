"""How trials are to run: all that changes no result and that no trial id contains."""

from dataclasses import dataclass, replace
from pathlib import Path

from nvp.config.environment import NUMBERS
from nvp.models.pretrained import Weights
from nvp.trial.early_stopping import Asha, final_statuses
from nvp.trial.requirements import Requirements

CHECKPOINT_SECONDS = NUMBERS["NVP_CHECKPOINT_SECONDS"].default


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How the trials of a study run, wherever they run.

    Attributes:
        device: "cpu" or "cuda".
        gpu_share: of a GPU's memory that one trial may fill, in (0, 1]. A trial that runs out of
            memory on a part of a GPU ends as `out_of_memory`, without a row: it gets a second try,
            alone on a whole one.
        retried_alone: whether this is that second try; the row says so.
        data_root: folder of the data sets; None = as `nvp.data.data_root` says.
        checkpoint_seconds: least time between two checkpoints of a trial.
        keep_checkpoints: leave a trial's last two when it ends. A trial that is done without one is
            run again for it.
        redo_changed: run trials again that other code finished, not from its checkpoints.
        asha: decides at its rungs whether a trial goes on; None = all trials go on.
        parents: ids of the trials that others start from.
        weights: files of `model.weights`, as the driver has them; a trial takes no others.
    """

    device: str = "cpu"
    gpu_share: float = 1.0
    retried_alone: bool = False
    data_root: Path | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    keep_checkpoints: bool = False
    redo_changed: bool = False
    asha: Asha | None = None
    parents: frozenset[str] = frozenset()
    weights: tuple[Weights, ...] = ()

    @property
    def requirements(self) -> Requirements:
        """Return what a row must be like, so that its trial does not run again."""
        return Requirements(
            statuses=final_statuses(self.asha is not None),
            checkpoint=self.keep_checkpoints,
            this_code=self.redo_changed,
        )

    def for_trial(self, trial_id: str) -> "RunOptions":
        """Return the options of one trial.

        A parent keeps its checkpoints, since its forks start from the last one. ASHA does not stop
        a parent, since a fork starts where its parent ended.
        """
        if trial_id not in self.parents:
            return self
        return replace(self, keep_checkpoints=True, asha=None)


DEFAULT_OPTIONS = RunOptions()
