"""What Optuna proposes next: a function of what is known, with no study kept anywhere.

Every proposal builds its study anew, in memory, with a sampler seeded by how many configurations
were asked before. So it is the same after any interruption.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from nvp.config.seed import stream_seed
from nvp.config.space import Axis, Grid, applies

POPULATION = 20
GENERATION = "NSGAIISampler:generation"
optuna.logging.set_verbosity(optuna.logging.ERROR)


@dataclass(frozen=True)
class Told:
    """A configuration that was asked, and what became of it.

    Attributes:
        cell: {path: value}, of the axes that apply.
        state: COMPLETE with `values`, one for each objective; RUNNING; PRUNED: stopped early or
            diverged, so worse than all that are complete; FAIL: nothing is known.
        steps: {epoch: value} of the objective where it was stopped.
    """

    cell: dict[str, Any]
    state: TrialState
    values: Sequence[float] | None = None
    steps: Mapping[int, float] = field(default_factory=dict)


def propose(
    space: Mapping[str, Axis],
    directions: Sequence[str],
    history: Sequence[Told],
    *,
    seed: int,
    draw: int = 0,
) -> dict[str, Any]:
    """Return the next cell to try: {path: value}, of the axes that apply.

    TPE for one objective, NSGA-II for several.

    Args:
        space: {path: axis}.
        directions: "maximize" or "minimize", one for each objective.
        history: what was asked before, in that order.
        seed: of the search.
        draw: how many proposals in this place were turned down.
    """
    number = stream_seed(seed, "search", 1000 * len(history) + draw) % 2**32
    study = optuna.create_study(
        directions=[StudyDirection[direction.upper()] for direction in directions],
        sampler=sampler_of(len(directions), number),
    )
    complete = 0
    for told in history:
        study.add_trial(frozen(space, told, complete // POPULATION))
        complete += told.state == TrialState.COMPLETE
    trial = study.ask()
    cell: dict[str, Any] = {}
    for path, axis in space.items():
        if applies(axis, cell):
            cell[path] = suggest(trial, path, axis)
    return cell


def sampler_of(objectives: int, number: int) -> BaseSampler:
    """Return a fresh sampler."""
    if objectives == 1:
        return TPESampler(seed=number)
    return NSGAIISampler(seed=number, population_size=POPULATION)


def frozen(space: Mapping[str, Axis], told: Told, generation: int) -> FrozenTrial:
    """Return what Optuna is to know of a configuration."""
    return create_trial(
        state=told.state,
        params={path: inner(space[path], value) for path, value in told.cell.items()},
        distributions={path: distribution(space[path]) for path in told.cell},
        values=list(told.values) if told.values is not None else None,
        intermediate_values=dict(told.steps),
        system_attrs={GENERATION: generation},
    )


def suggest(trial: Trial, path: str, axis: Axis) -> Any:
    """Return the value that Optuna picks of an axis."""
    if isinstance(axis, Grid):
        return axis.values[trial.suggest_categorical(path, range(len(axis.values)))]
    if axis.whole:
        return trial.suggest_int(path, int(axis.low), int(axis.high), log=axis.log)
    return trial.suggest_float(path, axis.low, axis.high, log=axis.log)


def inner(axis: Axis, value: Any) -> Any:
    """Return a value as Optuna knows it: of a grid its place there, so that lists are values."""
    return axis.values.index(value) if isinstance(axis, Grid) else value


def distribution(axis: Axis) -> BaseDistribution:
    """Return an axis as Optuna knows it."""
    if isinstance(axis, Grid):
        return CategoricalDistribution(tuple(range(len(axis.values))))
    if axis.whole:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return FloatDistribution(float(axis.low), float(axis.high), log=axis.log)
