"""A design: the axes that a study crosses, and how often it repeats each cell."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nvp.config.dotted_paths import flatten_config
from nvp.config.numbers import make_canonical, make_canonical_values
from nvp.config.registry import suggest_nearest
from nvp.config.space import Axis, fix_axes
from nvp.config.trial_config import TrialConfig
from nvp.trial.early_stopping import COLUMNS, Asha


@dataclass(frozen=True, kw_only=True)
class Design:
    """One preset of a study: a base configuration, the axes crossed over it, and replicates.

    Attributes:
        base: configuration that all trials share; its seed is the first one.
        space: {dotted path: axis}.
        seeds: replicates of every cell.
        gpus_per_trial: 0 for the CPU, else 1/k of a GPU.
        parent: changes that turn a cell without its pruning into the trial that it starts from,
            e.g. {"epochs": 10}. Cells that differ in pruning alone share a parent. None = every
            trial starts from a fresh network.
        given: paths that --set gave; some trial has to read each of them.
        objectives: {column of `trials`: "maximize" or "minimize"} of a search and of ASHA.
    """

    base: TrialConfig
    space: Mapping[str, Axis]
    seeds: int = 3
    gpus_per_trial: float = 0.0
    parent: Mapping[str, Any] | None = None
    objectives: dict[str, str] = field(default_factory=lambda: {"val_accuracy": "maximize"})
    given: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", make_canonical_config(self.base))  # it is frozen
        object.__setattr__(self, "seeds", make_canonical(self.seeds))
        object.__setattr__(self, "gpus_per_trial", make_canonical(self.gpus_per_trial))
        if self.parent is not None:
            object.__setattr__(self, "parent", make_canonical_values(self.parent))

    @property
    def sampler(self) -> str:
        """Return Optuna's method of a search: for one objective, or for several."""
        return "TPE" if len(self.objectives) == 1 else "NSGA-II"

    def with_settings(self, settings: dict[str, str], seeds: int | None) -> "Design":
        """Return the design with base values replaced; a path that is set is no longer swept."""
        base = self.base.with_overrides(settings)
        fixed = {path: flatten_config(base)[path] for path in self.space if path in settings}
        space = fix_axes(self.space, fixed)
        given = self.given | frozenset(settings)
        return replace(self, base=base, space=space, seeds=seeds or self.seeds, given=given)


def make_canonical_config(config: TrialConfig) -> TrialConfig:
    """Return a configuration whose numbers are canonical; the same object where they all are."""
    changes = {}
    for path, value in flatten_config(config).items():
        canonical = make_canonical(value)
        if repr(canonical) != repr(tuple(value) if isinstance(value, list) else value):
            changes[path] = canonical  # compared as text: -0.0 equals 0.0
    return config.with_overrides(changes) if changes else config


def check_objectives(design: Design) -> None:
    """Raise ValueError where trials of random labels are to be judged by other images.

    Args:
        design: of a search, or of trials that ASHA stops.
    """
    by_val = [name for name in design.objectives if "val_" in name]
    axis = design.space.get("data.task")
    kinds = getattr(axis, "values", ()) if axis else (design.base.data.task,)
    if by_val and "shuffled_labels" in kinds:
        raise ValueError(
            "data.task: expected another kind in a search or with --scheduler asha that goes by "
            f"{by_val[0]}, which random labels have not, got shuffled_labels"
        )


def make_asha(design: Design) -> Asha:
    """Return the ASHA that stops trials of a design by its objective.

    Raises:
        ValueError: when its trials cannot be compared at the same epochs by one number.
    """
    if len(design.objectives) != 1:
        raise ValueError(
            f"--scheduler asha: expected one objective to stop by, got "
            f"{', '.join(design.objectives) or 'none'}; several (NSGA-II) go with fifo"
        )
    check_objectives(design)
    ((column, direction),) = design.objectives.items()
    if column not in COLUMNS:
        raise ValueError(
            f"--scheduler asha: expected a column of epochs, got {column!r}"
            f"{suggest_nearest(column, COLUMNS)}"
        )
    # Rungs are fractions of a trial's length: trials of several lengths share none.
    lengths = {"epochs", "steps", "probe.every"}
    if design.base.steps:
        lengths |= {"data.batch_size", "data.name"}
    for path in design.space:
        if path in lengths:
            raise ValueError(
                f"--scheduler asha: expected trials of one length, which have the same rungs, got "
                f"an axis {path}"
            )
    return Asha(column=column, maximize=direction == "maximize")
