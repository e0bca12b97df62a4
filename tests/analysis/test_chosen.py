"""Which trials are compared, when not all settings were run at all levels."""

import pandas as pd

from analysis.chosen import crossed

STAR = pd.DataFrame(  # one key at a time, around (0, 0)
    [(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 1, 0), (0, 2, 0)], columns=["a", "b", "seed"]
)


def test_of_keys_varied_one_at_a_time_the_other_stays_where_all_levels_have_it():
    assert crossed(STAR, ["a"], ["a", "b", "seed"])["b"].tolist() == [0, 0, 0]
    assert len(crossed(STAR, ["a", "b"], ["a", "b", "seed"])) == 5


def test_of_a_grid_nothing_is_left_out_and_of_a_hole_its_row_is():
    grid = pd.DataFrame([(a, b, 0) for a in range(3) for b in range(3)], columns=STAR.columns)
    assert len(crossed(grid, ["a"], ["a", "b", "seed"])) == 9
    holed = grid[(grid["a"] != 2) | (grid["b"] != 2)]
    assert set(crossed(holed, ["a"], ["a", "b", "seed"])["b"]) == {0, 1}


def test_without_a_level_in_common_nothing_is_left_out():
    apart = pd.DataFrame([(0, 0, 0), (1, 1, 0)], columns=STAR.columns)
    assert len(crossed(apart, ["a"], ["a", "b", "seed"])) == 2
    assert len(crossed(apart, [], ["a", "b", "seed"])) == 2
