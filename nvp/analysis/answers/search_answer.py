"""The answer of a search: the best configuration by each objective, and how sure that is."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.searches.comparison import (
    compare_with_best,
    judge_on_other_seeds,
    tabulate_seeds,
)
from nvp.analysis.searches.fresh_seeds import (
    average_fresh_seeds,
    find_first_free_seed,
    find_fresh_trials,
)
from nvp.analysis.searches.ranking import sort_configurations
from nvp.analysis.searches.searched import TEST, Searched, read_searched
from nvp.analysis.selection.drawing import NothingToDraw
from nvp.config.numbers import make_canonical
from nvp.storage.plans import make_setting_command

FRESH_SEEDS = 5  # that a configuration is to be judged by


@dataclass(frozen=True)
class Best:
    """The best configuration by one objective.

    Attributes:
        objective: column of `trials`.
        sign: 1 where more is better, -1 where less is.
        number: of the configuration.
        measured: {response: n, mean, low and high}: of this objective and of the test.
        left_out: its worth by seeds that did not choose it, see `judge_on_other_seeds`.
        others: how much better it is than each other one, see `compare_with_best`; the second
            one is in the first row.
        fresh: n, mean, low and high over seeds that are not of the search; None = there are none.
        again: the command that trains it again and keeps its network.
        anew: the command that trains it with seeds that are not of the search.
    """

    objective: str
    sign: int
    number: int
    measured: dict[str, dict[str, float]]
    left_out: float
    others: pd.DataFrame = field(repr=False)
    fresh: dict[str, float] | None
    again: str
    anew: str


@dataclass(frozen=True)
class SearchAnswer:
    """What a search found.

    Attributes:
        searched: what was asked and what came of it; None = nothing can be ranked yet.
        best: by each objective.
        missing: why nothing can be ranked.
    """

    searched: Searched | None = None
    best: tuple[Best, ...] = ()
    missing: str = ""


def answer_search(frames: StudyFrames) -> SearchAnswer:
    """Return what a search found, or why it found nothing yet."""
    try:
        searched = read_searched(frames)
    except NothingToDraw as missing:
        return SearchAnswer(missing=f"Nothing can be ranked: {missing}.")
    best = [find_best_by(frames, searched, name) for name in searched.plan.objectives]
    return SearchAnswer(searched, tuple(best))


def find_best_by(frames: StudyFrames, searched: Searched, name: str) -> Best:
    """Return the best configuration by one objective."""
    sign = searched.plan.signs[name]
    order = sort_configurations(searched.means, {name: sign})
    seeds = tabulate_seeds(searched.trials, name, order)
    own = searched.responses[searched.responses["configuration"] == order[0]]
    measured = own.set_index("response")[["n", "mean", "low", "high"]].to_dict("index")
    fresh = find_fresh_trials(frames, searched, order[0])
    again, anew = make_commands(frames, searched, order[0])
    return Best(
        objective=name,
        sign=sign,
        number=order[0],
        measured={str(one): measured[one] for one in (name, TEST) if one in measured},
        left_out=judge_on_other_seeds(seeds, sign),
        others=compare_with_best(seeds, sign),
        fresh=average_fresh_seeds(fresh, name),
        again=again,
        anew=anew,
    )


def make_commands(frames: StudyFrames, searched: Searched, number: int) -> tuple[str, str]:
    """Return the commands that train a configuration again, and with seeds of its own."""
    cell = searched.cells.loc[number]
    settings: dict[str, Any] = {
        key: make_canonical(cell[key]) for key in searched.keys if cell[key] is not None
    }
    storage, study = frames.index.storage, frames.study
    count = str(int(cell["seeds"]))
    again = make_setting_command(storage, study, settings, "--seeds", count, "--keep-checkpoints")
    settings["seed"] = find_first_free_seed(frames)
    anew = make_setting_command(storage, study, settings, "--seeds", str(FRESH_SEEDS))
    return again, anew
