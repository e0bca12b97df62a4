"""Intervals and tests, against numbers worked out by hand or from a table of t."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from nvp.analysis.statistics.corrections import with_holm
from nvp.analysis.statistics.intervals import (
    paired_difference,
    seed_interval,
    with_interval,
)


def cell(values: list[float | None], *, level: str = "a") -> pd.DataFrame:
    return pd.DataFrame({"level": level, "seed": range(len(values)), "value": values})


def test_three_seeds_have_the_t_interval_of_the_textbook():
    row = seed_interval(cell([1.0, 2.0, 3.0]), "value", ["level"]).iloc[0]
    half = 4.302653 * 1.0 / np.sqrt(3)  # t(0.975, 2), standard deviation 1
    assert (row["n"], row["mean"]) == (3, 2.0)
    assert row["low"] == pytest.approx(2 - half)
    assert row["high"] == pytest.approx(2 + half)


def test_one_seed_has_no_interval():
    row = seed_interval(cell([0.5]), "value", ["level"]).iloc[0]
    assert (row["n"], row["mean"]) == (1, 0.5)
    assert pd.isna(row["low"])
    assert pd.isna(row["high"])


def test_equal_values_have_an_interval_of_zero_width():
    row = seed_interval(cell([0.1, 0.1, 0.1]), "value", ["level"]).iloc[0]
    assert row["low"] == row["mean"] == row["high"]


def test_an_interval_is_not_clipped():
    assert seed_interval(cell([0.0, 0.0, 0.1]), "value", ["level"])["low"].iloc[0] < 0


def test_nulls_do_not_count_as_seeds():
    assert seed_interval(cell([1.0, None, 3.0]), "value", ["level"])["n"].iloc[0] == 2


def test_rows_of_one_seed_are_averaged_so_that_n_counts_seeds():
    frame = pd.concat([cell([1.0, 2.0]), cell([3.0, 4.0])])
    row = seed_interval(frame, "value", ["level"]).iloc[0]
    assert (row["n"], row["mean"]) == (2, 2.5)


def test_with_interval_keeps_every_row():
    frame = pd.concat([cell([1.0, 3.0]), cell([5.0], level="b")])
    rows = with_interval(frame, "value", ["level"])
    assert list(rows["mean"]) == [2.0, 2.0, 5.0]
    assert list(rows["value"]) == [1.0, 3.0, 5.0]


def contrast(low: list[float | None], high: list[float | None]) -> pd.Series:
    """Return the paired difference of two levels, of one group."""
    frame = pd.concat([cell(low, level="low"), cell(high, level="high")]).assign(group="g")
    rows = paired_difference(
        frame, "value", key="level", levels=("low", "high"), by="group", groups=["g"]
    )
    return rows.iloc[0]


def test_paired_difference_pairs_by_seed():
    row = contrast([10.0, 20.0, 30.0], [11.0, 22.0, 33.0])
    half = 4.302653 * 1.0 / np.sqrt(3)
    assert (row["n"], row["mean"]) == (3, 2.0)
    assert row["low"] == pytest.approx(2 - half)
    assert row["high"] == pytest.approx(2 + half)
    assert row["p"] == pytest.approx(0.0741799, abs=1e-6)  # two-sided, t = 3.4641, 2 df


def test_a_seed_without_its_partner_is_no_pair():
    row = contrast([1.0, 2.0, None], [2.0, 4.0, 9.0])
    assert (row["n"], row["mean"]) == (2, 1.5)


def test_differences_that_are_equal_are_not_tested():
    # as accuracies of 200 images in float32 are: equal in truth, not in the last bit
    low = np.float32([0.955, 0.965, 0.97])
    row = contrast(list(low), list(low - np.float32(0.005)))
    assert row["low"] == row["high"] == row["mean"]
    assert pd.isna(row["p"])


@pytest.mark.parametrize(("seeds", "mean"), [(0, None), (1, 1.0)])
def test_without_two_pairs_there_is_neither_interval_nor_test(seeds: int, mean: float | None):
    row = contrast([1.0] * seeds, [2.0] * seeds)
    assert row["n"] == seeds
    assert pd.isna(row["mean"]) if mean is None else row["mean"] == mean
    assert row[["low", "high", "p"]].isna().all()


def test_holm_corrects_what_was_tested_and_leaves_the_rest_null():
    table = with_holm(pd.DataFrame({"p": [0.01, None, 0.04, 0.03]}))
    # sorted 0.01, 0.03, 0.04: times 3, 2, 1, then made monotone
    np.testing.assert_allclose(table["p_holm"], [0.03, np.nan, 0.06, 0.06])
    drawn = np.random.default_rng(0).random(50) ** 4
    expected = multipletests(drawn, method="holm")[1]
    np.testing.assert_allclose(with_holm(pd.DataFrame({"p": drawn}))["p_holm"], expected)
    assert with_holm(pd.DataFrame({"p": [np.nan]}))["p_holm"].isna().all()
