"""The next proposal of Optuna: a function of the outcomes so far, with no study kept anywhere.

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

from nvp.config.numbers import make_canonical
from nvp.config.seed import derive_seed
from nvp.config.space import Axis, Grid, axis_applies

POPULATION = 20
GENERATION = "NSGAIISampler:generation"
optuna.logging.set_verbosity(optuna.logging.ERROR)


@dataclass(frozen=True)
class Outcome:
    """The outcome of a configuration that was asked, as Optuna is told it.

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


def propose_cell(
    space: Mapping[str, Axis],
    directions: Sequence[str],
    history: Sequence[Outcome],
    *,
    seed: int,
    draw: int = 0,
) -> dict[str, Any]:
    """Return the next cell to try: {path: value}, of the axes that apply.

    TPE for one objective, NSGA-II for several.

    Args:
        space: {path: axis}.
        directions: "maximize" or "minimize", one for each objective.
        history: outcomes of the cells that were asked before, in that order.
        seed: of the search.
        draw: how many proposals after the same history were turned down.
    """
    number = derive_seed(seed, "search", 1000 * len(history) + draw) % 2**32
    study = optuna.create_study(
        directions=[StudyDirection[direction.upper()] for direction in directions],
        sampler=make_sampler(len(directions), number),
    )
    complete = 0
    for outcome in history:
        study.add_trial(freeze_trial(space, outcome, complete // POPULATION))
        complete += outcome.state == TrialState.COMPLETE
    trial = study.ask()
    cell: dict[str, Any] = {}
    for path, axis in space.items():
        if axis_applies(axis, cell):
            cell[path] = suggest_value(trial, path, axis)
    return cell


def make_sampler(objectives: int, number: int) -> BaseSampler:
    """Return a fresh sampler."""
    if objectives == 1:
        return TPESampler(seed=number)
    return NSGAIISampler(seed=number, population_size=POPULATION)


def freeze_trial(space: Mapping[str, Axis], outcome: Outcome, generation: int) -> FrozenTrial:
    """Return an outcome as a trial of Optuna's.

    NSGA-II takes its parents from the trials of the last generation, which it marks in the trial's
    attributes. Optuna writes that mark only where it asked the trial itself, so it is set here.
    """
    return create_trial(
        state=outcome.state,
        params={path: encode_value(space[path], value) for path, value in outcome.cell.items()},
        distributions={path: make_distribution(space[path]) for path in outcome.cell},
        values=list(outcome.values) if outcome.values is not None else None,
        intermediate_values=dict(outcome.steps),
        system_attrs={GENERATION: generation},
    )


def suggest_value(trial: Trial, path: str, axis: Axis) -> Any:
    """Return the value that Optuna picks of an axis; a float of 12 digits, as a grid's are."""
    if isinstance(axis, Grid):
        return axis.values[trial.suggest_categorical(path, range(len(axis.values)))]
    if axis.whole:
        return trial.suggest_int(path, int(axis.low), int(axis.high), log=axis.log)
    return make_canonical(trial.suggest_float(path, axis.low, axis.high, log=axis.log))


def encode_value(axis: Axis, value: Any) -> Any:
    """Return a value as Optuna knows it; of a grid its index, since values may be lists.

    A value that was asked under a longer spelling is told under its canonical one.
    """
    canonical = make_canonical(value)
    return axis.values.index(canonical) if isinstance(axis, Grid) else canonical


def make_distribution(axis: Axis) -> BaseDistribution:
    """Return an axis as Optuna knows it."""
    if isinstance(axis, Grid):
        return CategoricalDistribution(tuple(range(len(axis.values))))
    if axis.whole:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return FloatDistribution(float(axis.low), float(axis.high), log=axis.log)
