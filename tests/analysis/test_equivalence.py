"""Equality within a margin against statsmodels, and what no verdict may do."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from scipy.stats import t as student
from statsmodels.stats.weightstats import ttost_paired

from nvp.analysis.answers.verdict import judge_difference
from nvp.analysis.reproduction.verdict import decide_outcome, judge_number
from nvp.analysis.statistics.corrections import (
    correct_benjamini_hochberg,
    correct_holm,
    correct_tested,
)
from nvp.analysis.statistics.equivalence import compute_equivalence_p, compute_standard_error
from nvp.analysis.statistics.intervals import infer_from_pairs
from tests.small_studies import questions

QUESTIONS = questions()

MARGIN = 0.01
means = st.floats(-0.05, 0.05)
widths = st.floats(1e-6, 0.2)


def make_row(mean: float, half: float, n: int, margin: float | None = MARGIN) -> dict[str, Any]:
    """Return a comparison with a 95 % t-interval of mean +- half, alone in its family."""
    error = half / student.ppf(0.975, n - 1)
    p = 2 * student.sf(abs(mean) / error, n - 1)
    row = {"n": n, "mean": mean, "low": mean - half, "high": mean + half, "p": p, "margin": margin}
    equal = compute_equivalence_p(row, margin)
    same = {"p_holm": p, "p_corrected": p, "p_equal": equal}
    return row | same | {"p_equal_holm": equal, "p_equal_corrected": equal}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_the_two_tests_are_those_of_statsmodels(seed: int, n: int) -> None:
    first, second = np.random.default_rng(seed).normal(0.9, 0.01, size=(2, n))
    row = infer_from_pairs(first, second)
    expected, _, _ = ttost_paired(second, first, -MARGIN, MARGIN)
    assert compute_equivalence_p(row, MARGIN) == pytest.approx(expected, rel=1e-6)
    error = (second - first).std(ddof=1) / np.sqrt(n)
    assert compute_standard_error(row["low"], row["high"], n) == pytest.approx(error)


def test_without_a_margin_or_an_interval_nothing_is_tested() -> None:
    row = infer_from_pairs(np.array([0.9, 0.9]), np.array([0.91, 0.9]))
    assert np.isnan(compute_equivalence_p(row, None))
    assert np.isnan(compute_equivalence_p(infer_from_pairs(*np.ones((2, 1))), MARGIN))
    alike = infer_from_pairs(np.array([0.5, 0.5]), np.array([0.505, 0.505]))
    assert [compute_equivalence_p(alike, margin) for margin in (0.004, 0.006)] == [1, 0]


def test_benjamini_and_hochberg_is_that_of_scipy() -> None:
    drawn = np.random.default_rng(0).uniform(size=20) ** 2
    found = correct_benjamini_hochberg(pd.Series(drawn))
    np.testing.assert_allclose(found, false_discovery_control(drawn))
    gaps = correct_benjamini_hochberg(pd.Series([0.04, None, 0.01, 0.03]))
    assert gaps.tolist()[:1] + gaps.tolist()[2:] == pytest.approx([0.04, 0.03, 0.04])
    assert np.isnan(gaps[1])
    assert correct_benjamini_hochberg(pd.Series([np.nan])).isna().all()


@pytest.mark.parametrize("expects", ["more", "less", "a difference", "equal"])
@settings(deadline=None)
@given(mean=means, half=widths, n=st.integers(2, 30))
def test_an_interval_that_covers_0_shows_nothing_by_itself(
    expects: str, mean: float, half: float, n: int
) -> None:
    row = make_row(mean, abs(mean) + half, n, margin=None)
    assert decide_outcome(row, expects) == "undecided"
    assert judge_difference(row) == "undecided"


@pytest.mark.parametrize("expects", ["more", "less", "a difference", "equal"])
@settings(deadline=None)
@given(mean=means, narrow=widths, more=widths, n=st.integers(2, 30))
def test_a_wide_interval_never_shows_more_than_a_narrow_one(
    expects: str, mean: float, narrow: float, more: float, n: int
) -> None:
    wide = decide_outcome(make_row(mean, narrow + more, n), expects)
    near = decide_outcome(make_row(mean, narrow, n), expects)
    assert near != "undecided" or wide == "undecided"
    if wide == "equal" and expects == "equal":
        assert near == "equal"
    if wide in ("more", "less"):
        assert near == wide


@settings(deadline=None)
@given(mean=means, narrow=widths, more=widths)
def test_a_wide_interval_never_reproduces_a_number_that_a_narrow_one_does_not(
    mean: float, narrow: float, more: float
) -> None:
    near, wide = (
        judge_number(0.0, {"low": mean - half, "high": mean + half}, MARGIN)
        for half in (narrow, narrow + more)
    )
    assert wide in (near, "undecided")


def test_equal_is_shown_inside_the_margin_alone() -> None:
    assert decide_outcome(make_row(0.001, 0.004, 5), "equal") == "equal"
    assert decide_outcome(make_row(0.001, 0.004, 5), "more") == "equal"
    assert decide_outcome(make_row(0.001, 0.03, 5), "equal") == "undecided"
    # a difference that is small for sure: equal for a claim of equality, more for one of more
    assert decide_outcome(make_row(0.003, 0.002, 5), "equal") == "equal"
    assert decide_outcome(make_row(0.003, 0.002, 5), "more") == "more"
    # one that is there, but perhaps within the margin, denies no equality
    assert decide_outcome(make_row(0.02, 0.015, 5), "equal") == "undecided"
    assert decide_outcome(make_row(0.05, 0.015, 5), "equal") == "more"
    assert judge_difference(make_row(0.001, 0.004, 5)) == "equal within ±0.01"


def test_each_study_names_one_comparison_as_its_primary_one() -> None:
    for name, question in QUESTIONS.items():
        first = question.contrasts[0]
        assert first.by == "", name
        assert len(first.others) <= 1, name
        assert first.others or not isinstance(first.reference, str), name
        assert first.margin, name


def test_what_was_not_tested_makes_no_family_smaller() -> None:
    family = pd.DataFrame({"p": [0.0, 0.0, 0.02, 0.03], "low": [0, 0, 0, 0], "high": [0, 0, 1, 1]})
    assert correct_tested(family, "p", correct_holm).tolist() == pytest.approx([0, 0, 0.04, 0.04])
