"""Two searches side by side: their best configurations, by hand; and what is refused."""

import re
from typing import Any

import pytest

from nvp.analysis.answers.best_of_searches import keep_best
from nvp.analysis.answers.study_comparison import LASTING, compare_studies
from nvp.analysis.frames.load import StudyFrames
from tests.analysis.made_frames import make_layers
from tests.analysis.made_searches import make_search

GAIN = "test_accuracy"
RATES = {"optim.lr": {"low": 0.001, "high": 0.5, "log": True, "whole": False, "when": {}}}


def search(cells: dict[float, list[float]], test: dict[float, list[float]]) -> StudyFrames:
    """Return a search of learning rates: validation and test accuracy of each seed."""
    asked = [
        ({"optim.lr": rate}, {"val_accuracy": cells[rate], GAIN: test[rate]}) for rate in cells
    ]
    goal = {"val_accuracy": "maximize"}
    frames = make_search(asked, space=RATES, objectives=goal, num_trials=len(cells))
    known = {name: 0.0 for name in [*LASTING, "seconds"] if name not in frames.trials}
    frames.trials[list(known)] = list(known.values())
    return frames


def compare(first: StudyFrames, second: StudyFrames) -> tuple[Any, list[str]]:
    sides, told = keep_best(first, second)
    for side in sides:
        ids = side.trials["trial_id"]
        vars(side)["layers"] = make_layers(ids, side.trials["seed"] * 0.0)
    return compare_studies(*sides, unpaired=True), told


FIRST = search(
    {0.01: [0.5, 0.5], 0.1: [0.8, 0.9]},
    {0.01: [0.99, 0.99], 0.1: [0.70, 0.72]},  # the best on test is not the one that is compared
)
SECOND = search({0.1: [0.1, 0.2], 0.2: [0.9, 0.9]}, {0.1: [0.5, 0.5], 0.2: [0.75, 0.79]})


def test_the_best_of_each_are_compared_paired_by_seed() -> None:
    found, told = compare(FIRST, SECOND)
    (row,) = found.table[found.table["response"] == GAIN].to_dict("records")
    assert (row["n"], found.paired, found.keys) == (2, True, ["seed"])
    assert row["mean"] == pytest.approx(0.06)  # .05 and .07
    # t of 1 degree of freedom 12.706, deviation .01 * sqrt 2
    assert row["high"] == pytest.approx(0.06 + 12.706 * 0.01, abs=1e-4)
    assert told[0].startswith("A: the best of 2 configurations by validation accuracy (more")
    assert "0.1" in told[0]
    assert "0.2" in told[1]
    assert "test data chose neither" in told[2]


def test_a_value_that_both_sampled_is_no_level() -> None:
    """Both have lr = .1; the second one's is a bad configuration that nobody asks about."""
    found, _ = compare(FIRST, SECOND)
    assert set(found.pairs.loc[found.pairs["response"] == GAIN, "second"]) == {0.75, 0.79}


def test_two_other_studies_stay_as_they_are() -> None:
    grid = make_search([({"optim.lr": 0.1}, {GAIN: [0.5]})], space=RATES)
    grid.study["search"] = "grid"
    sides, told = keep_best(grid, grid)
    assert sides[0] is sides[1] is grid
    assert told == []


def test_a_search_and_a_grid_are_refused() -> None:
    grid = make_search([({"optim.lr": 0.1}, {GAIN: [0.5]})], space=RATES)
    grid.study["search"] = "grid"
    for sides, said in (((FIRST, grid), "a search as A"), ((grid, FIRST), "a search as B")):
        with pytest.raises(ValueError, match=re.escape(said)) as refused:
            keep_best(*sides)
        assert "\n" not in str(refused.value)


def test_a_search_of_which_nothing_is_done_is_refused() -> None:
    nothing = search({0.1: ["failed"]}, {0.1: ["failed"]})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="compare: B: expected a configuration whose seeds"):
        keep_best(FIRST, nothing)
