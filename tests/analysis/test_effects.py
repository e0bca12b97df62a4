"""Effects of balanced designs that can be worked out by hand, and what is not told."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from nvp.analysis.statistics.effects import estimate_effects


def design(mean, *, a=(1, 2, 3), b=("x", "y"), seeds=3, spread=0.1, seed_effect=0.0):
    """Return trials of a grid: mean(a, b), and the residuals of a seed that sum to 0 in a cell."""
    rows = [
        {"a": one, "b": two, "seed": seed, "y": mean(one, two) + seed_effect * seed + wiggle}
        for one, two in product(a, b)
        for seed, wiggle in zip(range(seeds), spread * residuals(one, two, seeds), strict=True)
    ]
    return pd.DataFrame(rows)


def residuals(one, two, seeds: int) -> np.ndarray:
    """Return numbers that differ from cell to cell and sum to 0."""
    drawn = np.random.default_rng(sum(map(ord, f"{one}{two}"))).normal(size=seeds)
    return drawn - drawn.mean()


def of(table: pd.DataFrame, term: str) -> pd.DataFrame:
    return table[table["term"] == term].reset_index(drop=True)


def test_a_main_effect_is_the_mean_of_a_level_minus_the_mean_of_all():
    table = estimate_effects(design(lambda a, b: a + (10 if b == "y" else 0)), ["a", "b"], ["y"])
    assert of(table, "a")["level"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(of(table, "a")["estimate"], [-1, 0, 1], atol=1e-9)
    np.testing.assert_allclose(of(table, "b")["estimate"], [-5, 5], atol=1e-9)
    np.testing.assert_allclose(of(table, "a:b")["estimate"], 0, atol=1e-9)
    assert of(table, "a")["n"].tolist() == [6, 6, 6]


def test_an_interaction_is_what_a_cell_adds_to_its_two_main_effects():
    table = estimate_effects(design(lambda a, b: a * (b == "y"), a=(0, 2)), ["a", "b"], ["y"])
    rows = of(table, "a:b")  # cells 0 0 0 2: grand mean 1/2, mains +-1/2, so the rest is 1/2
    cells = list(zip(rows["level"], rows["other_level"], strict=True))
    assert cells == [(0, "x"), (0, "y"), (2, "x"), (2, "y")]
    np.testing.assert_allclose(rows["estimate"], [0.5, -0.5, -0.5, 0.5], atol=1e-9)
    assert (rows["low"] <= rows["estimate"]).all()


def test_the_interval_is_that_of_the_textbook():
    trials = pd.DataFrame({"a": [0, 0, 0, 1, 1, 1], "seed": [0, 1, 2] * 2})
    trials["y"] = [1.0, 2.0, 3.0, 3.0, 3.0, 6.0]  # differences 2 1 3: mean 2, deviation 1
    row = of(estimate_effects(trials, ["a"], ["y"]), "a").iloc[1]
    # two levels with seeds as blocks are the paired t-test, halved
    half = 4.302653 / np.sqrt(3) / 2
    assert row["estimate"] == pytest.approx(1)
    assert row["low"] == pytest.approx(1 - half)
    assert row["high"] == pytest.approx(1 + half)
    assert row["p"] == pytest.approx(0.0741799, abs=1e-6)
    assert row["p_term"] == pytest.approx(row["p"])  # one coefficient: F = t^2


def test_what_all_trials_of_a_seed_share_is_no_error():
    quiet = estimate_effects(design(lambda a, b: a), ["a", "b"], ["y"])
    shifted = estimate_effects(design(lambda a, b: a, seed_effect=50.0), ["a", "b"], ["y"])
    np.testing.assert_allclose(shifted["low"], quiet["low"], atol=1e-8)


def test_one_seed_has_effects_and_no_interval():
    table = estimate_effects(design(lambda a, b: a, seeds=1), ["a", "b"], ["y"])
    np.testing.assert_allclose(of(table, "a")["estimate"], [-1, 0, 1], atol=1e-9)
    assert table[["low", "high", "p", "p_holm", "p_term"]].isna().all(axis=None)
    assert set(table["note"]) == {"one seed, so no interval"}


def test_a_key_with_one_level_has_no_effect_and_no_interaction():
    table = estimate_effects(design(lambda a, b: a, b=("x",)), ["a", "b"], ["y"])
    assert of(table, "b")["note"].tolist() == ["one level only"]
    assert of(table, "b")[["estimate", "low", "p"]].isna().all(axis=None)
    assert of(table, "a:b").empty
    assert of(table, "a")["low"].notna().all()


def test_a_pair_with_an_empty_cell_is_said_to_be_missing_and_mains_are_additive():
    trials = design(lambda a, b: a + (10 if b == "y" else 0))
    trials = trials[(trials["a"] != 3) | (trials["b"] != "y")]
    table = estimate_effects(trials, ["a", "b"], ["y"])
    assert set(of(table, "a:b")["note"]) == {"1 of 6 cells without a trial"}
    assert of(table, "a:b")["estimate"].isna().all()
    np.testing.assert_allclose(of(table, "a")["estimate"], [-1, 0, 1], atol=1e-9)
    np.testing.assert_allclose(of(table, "b")["estimate"], [-5, 5], atol=1e-9)
    assert set(of(table, "a")["note"]) == {"model without a:b"}


def test_keys_that_change_together_are_named_and_not_told_apart():
    trials = design(lambda a, b: a).assign(c=lambda rows: rows["a"] * 100)
    table = estimate_effects(trials, ["a", "b", "c"], ["y"])
    assert set(of(table, "a")["note"]) == {"aliased with c"}
    assert set(of(table, "c")["note"]) == {"aliased with a"}
    assert of(table, "a")[["estimate", "low"]].isna().all(axis=None)
    np.testing.assert_allclose(of(table, "b")["estimate"], 0, atol=1e-9)
    assert of(table, "b")["low"].notna().all()


def test_levels_by_the_hundred_leave_nothing_for_an_interval():
    trials = pd.DataFrame({"a": range(20), "seed": [0, 1] * 10, "y": np.arange(20.0) ** 2})
    table = estimate_effects(trials, ["a"], ["y"])
    assert table["low"].isna().all()
    assert (table["note"] != "").all()


def test_responses_without_values_or_variation_are_not_tested():
    trials = design(lambda a, b: 0.5, spread=0.0).assign(none=np.nan)
    table = estimate_effects(trials, ["a", "b"], ["y", "none"])
    assert set(table["response"]) == {"y"}
    assert table["p"].isna().all()
    assert estimate_effects(trials, ["a"], ["none"]).empty


def test_holm_s_family_is_all_levels_of_all_terms_of_a_response():
    trials = design(lambda a, b: a).assign(z=lambda rows: rows["y"])
    alone, both = (
        estimate_effects(trials, ["a", "b"], ["y"]),
        estimate_effects(trials, ["a", "b"], ["y", "z"]),
    )
    np.testing.assert_allclose(both["p_holm"], [*alone["p_holm"]] * 2)
    assert (alone["p_holm"] >= alone["p"]).all()


def test_intervals_cover_the_truth_as_often_as_they_say():
    generator = np.random.default_rng(1)
    hits = []
    for _ in range(80):
        trials = design(lambda a, b: a, spread=0.0)
        trials["y"] += generator.normal(size=len(trials))
        rows = of(estimate_effects(trials, ["a", "b"], ["y"]), "a")
        hits += [((rows["low"] < [-1, 0, 1]) & (rows["high"] > [-1, 0, 1])).mean()]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.04)


def test_the_fit_is_that_of_all_rows():
    trials = design(lambda a, b: a * (b == "y"), spread=1.0)
    row = of(estimate_effects(trials, ["a", "b"], ["y"]), "a").iloc[0]
    model = smf.ols("y ~ C(a, Sum) * C(b, Sum) + C(seed, Sum)", trials).fit()
    name = "C(a, Sum)[S.1]"
    assert row["estimate"] == pytest.approx(model.params[name])
    assert row["low"] == pytest.approx(model.conf_int().loc[name, 0])
    assert row["p"] == pytest.approx(model.pvalues[name])
    whole = model.wald_test_terms(skip_single=False, scalar=True).table
    assert row["p_term"] == pytest.approx(whole.loc["C(a, Sum)", "pvalue"])
