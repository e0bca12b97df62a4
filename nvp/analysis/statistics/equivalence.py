"""Whether a difference is as good as none: two one-sided tests (TOST, Schuirmann 1987). Pure.

An interval that covers 0 is no evidence of absence: it may be wide. A difference is as good as none
when it is shown to lie within a margin that was stated before.
"""

from typing import Any

import numpy as np
from scipy.stats import t as student

from nvp.analysis.statistics.intervals import LEVEL


def compute_standard_error(low: float, high: float, n: int) -> float:
    """Return the standard error of a mean from its 95 % t-interval over n; null for n < 2."""
    if n < 2:
        return np.nan
    return (high - low) / 2 / float(student.ppf((1 + LEVEL) / 2, n - 1))


def compute_equivalence_p(row: dict[str, Any], margin: float | None) -> float:
    """Return the larger p of two one-sided t-tests: that a mean lies beyond -margin, or +margin.

    Args:
        row: n, mean, low and high of a 95 % t-interval.
        margin: half the width of the range that counts as no difference; None = none is stated.

    Returns:
        p; null without a margin or an interval; of an interval of no width 0 or 1.
    """
    error = compute_standard_error(row["low"], row["high"], row["n"])
    if margin is None or np.isnan(error):
        return np.nan
    room = margin - abs(row["mean"])
    if error == 0:
        return 0.0 if room > 0 else 1.0
    return float(student.sf(room / error, row["n"] - 1))


def lies_beyond(row: dict[str, Any], margin: float) -> bool:
    """Whether a whole 95 % t-interval lies outside of -margin to +margin."""
    return bool(row["low"] > margin or row["high"] < -margin)
