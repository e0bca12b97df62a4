"""Keys that matter by construction, and those that do not."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from nvp.analysis.statistics.importance import (
    COLUMNS,
    FANOVA,
    PERMUTATION,
    average_cells,
    measure_importances,
)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Return the importances of y = 4 a + b + noise, c without effect, a, b, c of four levels."""
    generator = np.random.default_rng(0)
    rows = [
        {"a": a, "b": "wxyz"[b], "c": c, "one": 1, "seed": seed, "y": 4 * a + b}
        for a, b, c, seed in product(range(4), range(4), range(4), range(2))
    ]
    trials = pd.DataFrame(rows)
    trials["y"] += 0.1 * generator.normal(size=len(trials))
    return measure_importances(trials, ["a", "b", "c", "one"], ["y"])


@pytest.mark.parametrize("evaluator", [PERMUTATION, FANOVA])
def test_importances_are_in_the_order_of_the_effects(table: pd.DataFrame, evaluator: str):
    rows = table[table["evaluator"] == evaluator].set_index("key")
    assert list(rows.index) == ["a", "b", "c"]  # a key with one level has none
    assert rows.loc["a", "low"] > rows.loc["b", "high"]
    assert rows.loc["b", "importance"] > rows.loc["c", "importance"]
    assert abs(rows.loc["c", "importance"]) < 0.02
    assert (rows["low"] <= rows["high"]).all()


def test_fanova_s_shares_are_those_of_the_variance(table: pd.DataFrame):
    rows = table[table["evaluator"] == FANOVA].set_index("key")["importance"]
    assert rows["a"] == pytest.approx(16 / 17, abs=0.03)
    assert rows["b"] == pytest.approx(1 / 17, abs=0.03)


def test_the_score_is_of_settings_left_out(table: pd.DataFrame):
    assert 0.9 < table.loc[table["evaluator"] == PERMUTATION, "score"].iloc[0] < 1
    assert set(table["cells"]) == {64}


def test_seeds_of_a_setting_are_one_row():
    trials = pd.DataFrame({"a": [1, 1, 2], "y": [1.0, 3.0, 5.0]})
    assert average_cells(trials, ["a"], "y")["y"].tolist() == [2.0, 5.0]


def test_what_does_not_vary_or_is_too_little_has_no_importance():
    trials = pd.DataFrame({"a": range(20), "y": 1.0, "z": np.nan})
    assert measure_importances(trials, ["a"], ["y", "z"]).empty
    few = [0.0] * 16 + [0.1, 0.2, 0.3, 0.4]
    assert measure_importances(trials.assign(y=few), ["a"], ["y"]).empty
    assert len(measure_importances(trials.assign(y=[*few[1:], 0.5]), ["a"], ["y"])) == 2
    assert measure_importances(trials[:5].assign(y=range(5)), ["a"], ["y"]).empty
    assert list(measure_importances(trials.assign(a=1), ["a"], ["y"]).columns) == COLUMNS
