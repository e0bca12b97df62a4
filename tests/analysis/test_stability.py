"""Rank agreement against scipy and against halves that can be counted."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from nvp.analysis.statistics.rank_stability import (
    CHANCE,
    jaccard_index,
    kendall_tau,
    measure_rank_stability,
)


def test_tau_is_scipy_s_with_ties_and_what_is_masked_left_out():
    generator = np.random.default_rng(0)
    early = generator.integers(0, 5, size=(4, 30)).astype(float)
    late = generator.integers(0, 5, size=30).astype(float)
    early[1, :7] = late[20:25] = np.nan
    expected = [kendalltau(row, late, nan_policy="omit").statistic for row in early]
    np.testing.assert_allclose(kendall_tau(early, late), expected)
    assert np.isnan(kendall_tau(np.ones((1, 5)), np.arange(5.0))).all()


def test_the_jaccard_index_is_of_the_lower_halves():
    assert jaccard_index(np.array([1, 2, 3, 4.0]), np.array([1, 2, 3, 4.0])) == 1
    assert jaccard_index(np.array([1, 2, 3, 4.0]), np.array([4, 3, 2, 1.0])) == 0
    assert jaccard_index(np.array([1, 2, 3, 4.0]), np.array([1, 3, 2, 4.0])) == pytest.approx(1 / 3)
    assert np.isnan(jaccard_index(np.array([1.0]), np.array([1.0])))


def test_random_halves_agree_by_chance():
    generator = np.random.default_rng(0)
    drawn = [jaccard_index(generator.random(200), generator.random(200)) for _ in range(200)]
    assert np.mean(drawn) == pytest.approx(CHANCE, abs=0.01)


def scores(**epochs: list[float | None]) -> pd.DataFrame:
    """Return rows of `neurons` of one layer, from {e<epoch>: scores}; None = masked."""
    rows = [
        ("t", int(name[1:]), "x", neuron, score is not None, score)
        for name, values in epochs.items()
        for neuron, score in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["trial_id", "epoch", "layer", "neuron", "kept", "nvi"])


def test_each_epoch_is_compared_with_the_end_over_neurons_kept_in_both():
    table = scores(e0=[1, 2, 3, 4], e1=[4, 3, 2, 1], e9=[1, 2, 3, None])
    rows = measure_rank_stability(table, ["nvi"]).set_index("epoch")
    assert rows["tau"].tolist() == [1, -1]
    assert rows["jaccard"].tolist() == [1, 0]


def test_layers_count_by_their_neurons():
    one = scores(e0=[1, 2], e9=[1, 2])
    other = scores(e0=[1, 2, 3, 4, 5, 6], e9=[6, 5, 4, 3, 2, 1]).assign(layer="y")
    rows = measure_rank_stability(pd.concat([one, other]), ["nvi"])
    assert rows["tau"].tolist() == [pytest.approx((2 * 1 - 6 * 1) / 8)]


def test_a_trial_with_one_sampled_epoch_has_nothing_to_compare():
    assert measure_rank_stability(scores(e0=[1, 2]), ["nvi"]).empty
