"""Searched: all that figures and the answer of a search are made of."""

from dataclasses import dataclass

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.search_plan import SearchPlan, read_search_plan
from nvp.analysis.searches.asked_trials import list_asked_trials, list_keys
from nvp.analysis.searches.configurations import (
    average_responses,
    choose_ranked,
    describe_configurations,
)
from nvp.analysis.searches.ranking import find_front, sort_configurations
from nvp.analysis.selection.drawing import NothingToDraw

TEST = "test_accuracy"  # which no search sees


@dataclass(frozen=True)
class Searched:
    """A search: what was asked and what came of it.

    Attributes:
        plan: its objectives and its space.
        keys: that tell its configurations apart.
        trials: a row per trial, see `list_asked_trials`.
        cells: a row per configuration, see `describe_configurations`.
        responses: a row per (configuration, response), see `average_responses`.
        means: of the ranked configurations, best first: a column per response.
        front: the configurations that no other one beats; of one objective, the best one.
        partial: whether some seeds of the ranked configurations are missing.
    """

    plan: SearchPlan
    keys: list[str]
    trials: pd.DataFrame
    cells: pd.DataFrame
    responses: pd.DataFrame
    means: pd.DataFrame
    front: list[int]
    partial: bool

    @property
    def ranked(self) -> list[int]:
        """Return the configurations that are ranked, best first."""
        return self.means.index.tolist()


def read_searched(frames: StudyFrames) -> Searched:
    """Return what was asked and what came of it.

    Raises:
        NothingToDraw: no configuration can be ranked yet.
    """
    plan = read_search_plan(frames.study)
    keys = list_keys(frames)
    trials = list_asked_trials(frames, plan)
    cells = describe_configurations(trials, keys)
    responses = average_responses(trials, list(dict.fromkeys([*plan.objectives, TEST])))
    chosen, partial = choose_ranked(cells)
    means = responses.pivot(index="configuration", columns="response", values="mean")
    means = means.reindex(index=chosen, columns=[*dict.fromkeys([*plan.objectives, TEST])])
    means = means.astype(float).loc[sort_configurations(means, plan.signs)]
    if means.empty:
        counts = ", ".join(f"{n} {state}" for state, n in cells["state"].value_counts().items())
        raise NothingToDraw(
            f"expected a configuration whose seeds are done, with a value of each of "
            f"{', '.join(plan.objectives)}; got {counts or 'no configuration'}"
        )
    front = find_front(means, plan.signs)
    return Searched(
        plan=plan,
        keys=keys,
        trials=trials,
        cells=cells,
        responses=responses,
        means=means,
        front=means.index[front].tolist(),
        partial=partial,
    )
