"""Bootstrap over seeds: a drawn seed brings all its trials, and a trial its neurons. Pure.

For what is no mean of seeds (a survival curve, an incidence). The interval is the estimate plus or
minus t * sqrt(n / (n - 1)) * the bootstrap's standard deviation, n seeds: for a mean that is the
t-interval over seeds, where a percentile interval of three seeds would be far too narrow.
"""

import numpy as np
from scipy.stats import t as student

from nvp.analysis.statistics.intervals import LEVEL

DRAWS = 300


def seed_weights(n: int, draws: int = DRAWS) -> np.ndarray:
    """Return, draws x n, how often each of n seeds is drawn; the same at every call."""
    return np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=draws).astype(float)


def bootstrap_interval(
    estimate: np.ndarray, drawn: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return low and high of an estimate from those of `drawn` seeds, draws x ...

    Null for n < 2. Draws without a value (nothing at risk) are left out.
    """
    if n < 2:
        return np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    with np.errstate(invalid="ignore"):
        known = np.isfinite(drawn)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, drawn, 0).sum(axis=0) / count
        variance = np.where(known, (drawn - mean) ** 2, 0).sum(axis=0) / count
    half = student.ppf((1 + LEVEL) / 2, n - 1) * np.sqrt(n / (n - 1) * variance)
    return estimate - half, estimate + half
