"""Which trials are compared, when not all settings were run at all levels."""

import pandas as pd

from nvp.analysis.selection.chosen_trials import (
    find_fixed_keys,
    keep_common_levels,
    select_applicable,
)
from tests.analysis.made_frames import make_frames

STAR = pd.DataFrame(  # one key at a time, around (0, 0)
    [(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 1, 0), (0, 2, 0)], columns=["a", "b", "seed"]
)


def test_of_keys_varied_one_at_a_time_the_other_stays_where_all_levels_have_it():
    assert keep_common_levels(STAR, ["a"], ["a", "b", "seed"])["b"].tolist() == [0, 0, 0]
    assert len(keep_common_levels(STAR, ["a", "b"], ["a", "b", "seed"])) == 5


def test_of_a_grid_nothing_is_left_out_and_of_a_hole_its_row_is():
    grid = pd.DataFrame([(a, b, 0) for a in range(3) for b in range(3)], columns=STAR.columns)
    assert len(keep_common_levels(grid, ["a"], ["a", "b", "seed"])) == 9
    holed = grid[(grid["a"] != 2) | (grid["b"] != 2)]
    assert set(keep_common_levels(holed, ["a"], ["a", "b", "seed"])["b"]) == {0, 1}


def test_without_a_level_in_common_nothing_is_left_out():
    apart = pd.DataFrame([(0, 0, 0), (1, 1, 0)], columns=STAR.columns)
    assert len(keep_common_levels(apart, ["a"], ["a", "b", "seed"])) == 2
    assert len(keep_common_levels(apart, [], ["a", "b", "seed"])) == 2


def count_applicable(trials: pd.DataFrame, *swept: str) -> int:
    return len(select_applicable(make_frames(trials, swept=[*swept]), trials))


def test_where_a_target_is_swept_the_unpruned_trials_are_not_comparable():
    trials = pd.DataFrame(
        [("none", 0.5), ("nvp", 0.5), ("nvp", 0.9)], columns=["prune.method", "prune.sparsity"]
    )
    assert count_applicable(trials, "prune.method", "prune.sparsity") == 2
    assert count_applicable(trials, "prune.method", "optim.lr") == 3
    assert count_applicable(trials[:1], "prune.method", "prune.sparsity") == 1


def test_nothing_is_averaged_over_a_key_with_one_level_or_one_at_each_level_shown():
    trials = STAR.assign(c=7, d=STAR["a"] * 10)
    frames = make_frames(trials, swept=["a", "b", "c", "d"])
    assert find_fixed_keys(frames, trials) == ["c", "seed"]
    assert find_fixed_keys(frames, trials, ["a"]) == ["a", "c", "d", "seed"]
