"""The plan: every cell x seed of a design, validated and named."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from nvp.config.dotted_paths import read_value
from nvp.config.identity import make_replicates, trial_id
from nvp.config.registry import suggest_nearest
from nvp.config.revision import raise_revision
from nvp.config.space import list_cells
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.planning.unread_settings import check_reading
from nvp.training.named import fit_own_settings
from nvp.trial.fork import make_parent
from nvp.trial.validation import check_trial

Choose = Callable[[TrialConfig], TrialConfig]
MOST_TRIALS = 100_000  # of a plan: ten times what a start is made and measured for


@dataclass(frozen=True)
class Plan:
    """The trials of a design.

    Attributes:
        design: that they come from.
        trials: {trial id: configuration}, seed after seed.
        parents: {trial id: configuration} of the trials that those start from.
    """

    design: Design
    trials: dict[str, TrialConfig]
    parents: dict[str, TrialConfig] = field(default_factory=dict)

    def swept_values(self, config: TrialConfig) -> dict[str, Any]:
        """Return the swept values of a trial, seed included."""
        return {path: read_value(config, path) for path in [*self.design.space, "seed"]}

    def select_trial(self, name: str) -> "Plan":
        """Return the plan of one trial.

        Raises:
            ValueError: when it is not in the plan.
        """
        if name in self.parents:
            return replace(self, trials={name: self.parents[name]}, parents={})
        if name not in self.trials:
            raise ValueError(
                f"--only: expected one of the {len(self.trials)} trial ids that --dry-run lists, "
                f"got {name!r}{suggest_nearest(name, self.trials)}"
            )
        return replace(self, trials={name: self.trials[name]})


def keep_as_is(config: TrialConfig) -> TrialConfig:
    """Return a configuration in which nothing is `auto`, unchanged."""
    return config


def make_plan(design: Design, choose: Choose = keep_as_is) -> Plan:
    """Return the plan; the first seed of every cell comes before the second of any.

    Args:
        design: the base, the axes and the seeds.
        choose: replaces each `auto` of a configuration before the trial is named.

    Raises:
        ValueError: an unknown path or name, a value out of range, a value given twice, a setting
            that no trial reads, or more than `MOST_TRIALS` trials.
    """
    cells = take_cells(design)
    trials: dict[str, TrialConfig] = {}
    parents: dict[str, TrialConfig] = {}
    replicates = [
        (cell, list(make_replicates(prepare_first(design, cell, choose), design.seeds)))
        for cell in cells
    ]
    for offset in range(design.seeds):
        for cell, (name, config) in ((cell, named[offset]) for cell, named in replicates):
            if design.parent is not None:
                parent = make_parent(config, design.parent)
                check_trial(parent)
                config = replace(config, parent=trial_id(parent))
                parents[config.parent], name = parent, trial_id(config)
            if name in trials:
                raise ValueError(f"grid: expected every cell once, got {cell} twice")
            trials[name] = config
    check_reading(design)
    return Plan(design, trials, parents)


def take_cells(design: Design) -> list[dict[str, Any]]:
    """Return the cells of a grid; raise ValueError for more trials than a plan can have."""
    if type(design.seeds) is not int or design.seeds < 1:
        raise ValueError(f"seeds: expected a whole number >= 1, got {design.seeds!r}")
    cells = list(islice(list_cells(design.space), MOST_TRIALS + 1))
    count = len(cells)
    check_total(f"{count:,} cells" if count <= MOST_TRIALS else "more cells", count, design.seeds)
    return cells


def check_total(what: str, cells: int, seeds: int) -> None:
    """Raise ValueError when so many cells, called `what`, and seeds are too many trials."""
    if cells * seeds > MOST_TRIALS:
        raise ValueError(
            f"--seeds: expected at most {MOST_TRIALS:,} trials in all, got {what} x {seeds:,} seeds"
            f": {max(MOST_TRIALS // cells, 1):,} seeds or fewer, or fewer values of the axes"
        )


def make_trial(
    design: Design, cell: dict[str, Any], offset: int, choose: Choose
) -> tuple[str, TrialConfig]:
    """Return the id and the checked configuration of one replicate of a cell."""
    *_, last = make_replicates(prepare_first(design, cell, choose), offset + 1)
    return last


def prepare_first(design: Design, cell: dict[str, Any], choose: Choose) -> TrialConfig:
    """Return the checked configuration of the first replicate of a cell, without `auto`."""
    config = raise_revision(fit_own_settings(design.base.with_overrides(cell)))
    check_trial(config)
    return choose(config)
