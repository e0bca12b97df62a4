"""Functional ANOVA and shuffled errors, against the libraries that do them one by one."""

import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import IntDistribution
from optuna.importance import FanovaImportanceEvaluator
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

from analysis.fanova import fanova
from analysis.importance import SHUFFLES, squared_errors


def example(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 40 settings of three keys, one of them constant, and a response with interactions."""
    generator = np.random.default_rng(seed)
    x = np.column_stack([generator.integers(n, size=40) for n in (5, 3, 2)] + [np.zeros(40, int)])
    return x, x[:, 0] * (1.0 + x[:, 1]) + x[:, 2] + 0.1 * generator.normal(size=40)


def by_optuna(x: np.ndarray, y: np.ndarray, trees: int) -> list[float]:
    """Return Optuna's importances, column by column."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ranges = {f"k{i}": IntDistribution(0, max(int(x[:, i].max()), 1)) for i in range(x.shape[1])}
    study = optuna.create_study()
    for row, value in zip(x.tolist(), y, strict=True):
        params = dict(zip(ranges, row, strict=True))
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=ranges, value=float(value))
        )
    with warnings.catch_warnings(action="ignore"):
        found = FanovaImportanceEvaluator(n_trees=trees, seed=0).evaluate(study)
    return [found[key] for key in ranges]


@pytest.mark.parametrize("seed", range(3))
def test_the_shares_are_optuna_s(seed: int):
    x, y = example(seed)
    np.testing.assert_allclose(fanova(x, y, trees=8), by_optuna(x, y, 8), rtol=1e-9, atol=1e-12)


def test_a_sum_has_the_variances_of_its_parts():
    x = np.array([[a, b] for a in range(2) for b in range(2)] * 25)
    shares = fanova(x, 3.0 * x[:, 0] + x[:, 1], trees=4)  # no interaction: 9 and 1 of 10
    np.testing.assert_allclose(shares, [0.9, 0.1])


def test_what_does_not_vary_has_no_share():
    np.testing.assert_array_equal(fanova(example(0)[0], np.ones(40), trees=4), np.zeros(4))


def test_shuffled_errors_are_sklearn_s():
    x, y = example(0)
    forest = RandomForestRegressor(12, random_state=0).fit(x[:25], y[:25])
    shuffled = permutation_importance(
        forest, x[25:], y[25:], scoring="neg_mean_squared_error", n_repeats=SHUFFLES,
        random_state=0,
    )  # fmt: skip
    plain, *worse = squared_errors(forest, x[25:], y[25:])
    assert plain == pytest.approx(((y[25:] - forest.predict(x[25:])) ** 2).mean())
    np.testing.assert_allclose(np.array(worse) - plain, shuffled["importances_mean"], atol=1e-12)
