"""Savings at equal accuracy and Pareto fronts that can be read off by eye."""

import numpy as np
import pandas as pd
import pytest

from nvp.analysis.statistics.trade_off import (
    add_costs,
    find_crossing,
    find_equal_accuracy,
    mark_front,
)


def test_the_crossing_is_on_the_line_between_two_trials():
    assert find_crossing([0.0, 0.5, 0.7], [0.92, 0.91, 0.87], 0.90) == (pytest.approx(0.55), False)
    assert find_crossing([0.0, 0.5], [0.92, 0.91], 0.90) == (0.5, True)
    assert find_crossing([0.0, 0.5], [0.85, 0.99], 0.90) == (0.0, False)
    assert find_crossing([0.0, 0.5, 0.9], [0.92, 0.88, 0.95], 0.90)[0] == pytest.approx(
        0.25
    )  # the first
    assert np.isnan(find_crossing([0.0], [0.9], np.nan)[0])


TRIALS = pd.DataFrame(
    [
        ("none", 0, 0.0, 0.92),
        ("none", 1, 0.0, 0.90),
        ("nvp", 0, 0.5, 0.92),
        ("nvp", 0, 0.8, 0.86),
        ("nvp", 1, 0.5, 0.90),
        ("nvp", 1, 0.8, 0.90),
    ],
    columns=["prune.method", "seed", "sparsity", "test_accuracy"],
)


def test_equal_accuracy_is_within_the_tolerance_of_the_seed_s_own_unpruned_trials():
    rows = find_equal_accuracy(TRIALS, [], tolerance=0.02).set_index("seed")
    assert rows.loc[0, "saving"] == pytest.approx(0.5 + 0.3 * 0.02 / 0.06)
    assert not rows.loc[0, "beyond"]
    assert (rows.loc[1, "saving"], rows.loc[1, "beyond"]) == (0.8, True)
    assert rows["least"].tolist() == pytest.approx([0.90, 0.88])


def test_without_an_unpruned_trial_nothing_is_equal():
    pruned = TRIALS[TRIALS["prune.method"] != "none"]
    assert find_equal_accuracy(pruned, [])["saving"].isna().all()
    assert find_equal_accuracy(TRIALS[:2], []).empty


def test_a_seed_without_an_unpruned_trial_is_compared_with_their_mean():
    lacking = TRIALS[(TRIALS["prune.method"] != "none") | (TRIALS["seed"] != 1)]
    rows = find_equal_accuracy(lacking, [], tolerance=0.02).set_index("seed")
    assert rows["least"].tolist() == pytest.approx([0.90, 0.90])


def test_equal_accuracy_is_split_by_a_key():
    rows = find_equal_accuracy(TRIALS.assign(model="a"), ["model"])
    assert rows["model"].tolist() == ["a", "a"]


def test_the_front_is_what_no_other_point_beats():
    sparsity = pd.Series([0.0, 0.5, 0.5, 0.8, 0.9, np.nan])
    accuracy = pd.Series([0.9, 0.91, 0.88, 0.85, 0.80, 0.99])
    assert mark_front(sparsity, accuracy, more=True).tolist() == [
        False,
        True,
        False,
        True,
        True,
        False,
    ]
    flops = pd.Series([1.0, 0.5, 0.5])
    assert mark_front(flops, pd.Series([0.9, 0.8, 0.7]), more=False).tolist() == [True, True, False]
    same = pd.Series([0.5, 0.5])
    assert mark_front(same, same, more=True).tolist() == [True, True]


def test_costs_are_ratios_to_the_dense_network():
    trials = pd.DataFrame(
        {"flops": [100, 100, 100], "flops_left": [25, 100, 50]}
        | {"step_seconds": [0.5, np.nan, np.nan], "dense_step_seconds": [1.0, np.nan, np.nan]}
        | {"masked_units": [9, 0, 9], "masked_weights": [9, 0, 9]}
    )
    rows = add_costs(trials)
    assert rows["flops_ratio"].tolist() == [0.25, 1.0, 0.5]
    np.testing.assert_array_equal(rows["step_ratio"], [0.5, 1.0, np.nan])
