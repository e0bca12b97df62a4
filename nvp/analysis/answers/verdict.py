"""What a comparison may be said to show. Pure."""

from typing import Any

import pandas as pd

ALPHA = 0.05
UNDECIDED, EQUAL = "undecided", "equal"


def judge_difference(row: dict[str, Any]) -> str:
    """Return what a comparison shows, by its corrected p.

    "more" or "less" where its 95 % t-interval excludes 0; "equal within" its margin where two
    one-sided tests show that; else it is undecided. An interval that covers 0 shows no absence.
    """
    if row["n"] == 0:
        return "no pair of finished trials"
    if row["n"] == 1:
        return "one pair, so no interval"
    excludes = row["low"] > 0 or row["high"] < 0
    alike = row.get("p_equal_holm", 1.0) <= ALPHA
    if excludes and row["p_holm"] <= ALPHA:
        side = "more" if row["mean"] > 0 else "less"
        return f"{side}, but within ±{row['margin']:g}" if alike else side
    if alike:
        return f"{EQUAL} within ±{row['margin']:g}"
    if row["low"] == row["high"] == row["mean"] == 0:
        return f"{EQUAL} in every pair"
    if excludes and pd.isna(row["p"]):
        return "all pairs alike, so no test"
    return f"{UNDECIDED} after Holm's correction" if excludes else UNDECIDED
