"""The process that runs trials one after another; a fresh one costs seconds (torch import)."""

import os
import signal
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import ray
from ray import tune

from nvp.config.trial_config import TrialConfig
from nvp.running.node_check import NodeCheck, unfit
from nvp.storage.store import Storage
from nvp.trial.early_stopping import Asha
from nvp.trial.run import Progress, run_trial

REPORT_SECONDS = 2.0
REPORTS_A_SECOND = 100  # of all trials together: Tune gets busy with more (docs/scale.md)
LAST_SECONDS = 30.0  # that a process told to end may take to save


@dataclass(frozen=True)
class Setting:
    """What all trials of a sweep share and no trial id contains."""

    place: str
    root: str
    device: str
    checkpoint_seconds: float
    keep_checkpoints: bool = False
    share: float = 1.0
    asha: Asha | None = None
    parents: frozenset[str] = frozenset()
    data: tuple[str, ...] = ()
    retried: bool = False
    check: NodeCheck | None = None
    report_seconds: float = REPORT_SECONDS


class TrialActor(tune.Trainable):
    """Runs a trial in a thread of its own: a report takes Tune up to 0.3 s, else it would idle."""

    fit = False  # whether this process has passed the check of its node

    def setup(self, config: dict[str, Any], setting: Setting | None = None) -> None:
        self.setting = setting or self.setting
        self.config_ = TrialConfig().with_overrides(config["trial"]["changed"])
        self.latest = Progress(config["trial"]["trial_id"], "running")
        self.error: BaseException | None = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.node = ray.get_runtime_context().get_node_id()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self.terminate)

    def work(self) -> None:
        """Run the trial until it ends or `stopping` is set; then it saves a checkpoint."""
        try:
            if self.setting.check and not self.fit:
                reason = unfit(self.setting.check)
                if reason:
                    self.latest = Progress(self.latest.trial_id, "unfit", error=reason)
                    return
                self.fit = True
            self.run()
        except BaseException as error:  # raised again by `step`, where Tune sees it
            self.error = error

    def run(self) -> None:
        """Run the trial."""
        is_parent = self.latest.trial_id in self.setting.parents
        run = run_trial(
            self.config_,
            Storage.at(self.setting.place),
            device=self.setting.device,
            root=Path(self.setting.root),
            share=self.setting.share,
            retried=self.setting.retried,
            checkpoint_seconds=self.setting.checkpoint_seconds,
            keep_checkpoint=self.setting.keep_checkpoints or is_parent,
            asha=None if is_parent else self.setting.asha,
        )
        for self.latest in run:
            if self.stopping.is_set():
                run.close()

    def terminate(self, number: int, frame: FrameType | None) -> None:
        """Save a checkpoint and end: the machine is about to be taken away."""
        self.stopping.set()
        if self.thread.ident is not None:
            self.thread.join(LAST_SECONDS)
        os._exit(128 + number)

    def step(self) -> dict[str, Any]:
        """Return how far the trial is, once it ends or a report is due."""
        if self.thread.ident is None:  # not in setup: Tune retries what dies in a step
            self.thread.start()
        self.thread.join(self.setting.report_seconds)
        if self.error:
            raise self.error
        done = self.latest.status != "running"
        return {"progress": asdict(self.latest), "node": self.node, "done": done}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.cleanup()
        self.setup(new_config)
        return True

    def cleanup(self) -> None:
        self.stopping.set()
        if self.thread.ident is not None:
            self.thread.join()
