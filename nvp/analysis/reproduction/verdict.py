"""Verdicts: whether the result of a study agrees with a claim. Pure."""

from typing import Any

import pandas as pd

from nvp.analysis.answers.verdict import ALPHA, EQUAL, UNDECIDED
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.claim import Claim
from nvp.analysis.statistics.equivalence import lies_beyond

SAME, OPPOSITE, NO_EFFECT = "same direction", "opposite direction", "no effect"
UNCLAIMED = "an effect where none is claimed"
# of a reduced scale: {what a claim expects: {what came out: the verdict}}; all else is undecided
REDUCED = {
    "more": {"more": SAME, "less": OPPOSITE, EQUAL: NO_EFFECT},
    "less": {"more": OPPOSITE, "less": SAME, EQUAL: NO_EFFECT},
    "equal": {"more": UNCLAIMED, "less": UNCLAIMED, EQUAL: f"{NO_EFFECT}, as claimed"},
    "a difference": dict.fromkeys(("more", "less"), "a difference, as claimed")
    | {EQUAL: NO_EFFECT},
}
HOLDS = (SAME, f"{NO_EFFECT}, as claimed", "a difference, as claimed")


def decide_outcome(row: dict[str, Any], expects: str) -> str:
    """Return what a comparison shows for a claim: more, less, equal, or why it is undecided.

    An interval that covers 0 shows no absence: "equal" is shown by two one-sided tests within the
    margin alone. A claim that two things are equal is denied by an interval beyond the margin.

    Args:
        row: n, mean, low, high, p_corrected, margin and p_equal_corrected of a comparison.
        expects: one of claim.EXPECTED.
    """
    if row["n"] == 0:
        return "no pair of finished trials"
    if row["n"] == 1:
        return "one seed, so no interval"
    side = "more" if row["mean"] > 0 else "less"
    excludes = row["low"] > 0 or row["high"] < 0
    differs = excludes and row["p_corrected"] <= ALPHA
    alike = row["p_equal_corrected"] <= ALPHA
    if expects == EQUAL:
        beyond = row["margin"] is not None and lies_beyond(row, row["margin"])
        return EQUAL if alike else side if differs and beyond else UNDECIDED
    if differs or alike:
        return side if differs else EQUAL
    if excludes:
        untested = pd.isna(row["p_corrected"])
        return "all pairs alike, so no test" if untested else f"{UNDECIDED} after correction"
    return UNDECIDED


def judge_claim(claim: Claim, outcome: str, published: bool) -> str:
    """Return the verdict: at the source's setting, or the direction at a reduced scale."""
    if outcome.startswith("no pair"):
        return "not run"
    reduced = REDUCED[claim.expects].get(outcome)
    if not reduced:
        why = outcome.removeprefix(UNDECIDED).strip()
        return f"{UNDECIDED} ({why})" if why else UNDECIDED
    if published:
        return "reproduced" if reduced in HOLDS else "contradicted"
    bounded = claim.share is not None and claim.share.above > 0
    return "less than claimed" if bounded and reduced == OPPOSITE else reduced


def matches_source(claim: Claim, frames: StudyFrames) -> bool:
    """Whether a study ran the published preset with the values of the source's experiment."""
    base = frames.study.get("base", {})
    whole = not base.get("data.images") and base.get("model.width") == 1.0
    agrees = all(base.get(key) == value for key, value in claim.source_config.items())
    return frames.preset == "paper" and whole and agrees and bool(claim.source_config)


def judge_numbers(pairs: list[tuple[float, dict[str, Any], float]]) -> str:
    """Return the verdict on published numbers, each with our interval and a margin.

    A number is reproduced where our whole interval lies within its margin, contradicted where it
    lies beyond, and undecided else: a wide interval, or one seed, says nothing.
    """
    if not pairs:
        return "not run"
    verdicts = [judge_number(*pair) for pair in pairs]
    if len(set(verdicts)) == 1:
        return verdicts[0]
    words = ("reproduced", "contradicted", UNDECIDED)
    counts = [f"{verdicts.count(word)} {word}" for word in words if word in verdicts]
    return f"of {len(pairs)}: {', '.join(counts)}"


def judge_number(published: float, ours: dict[str, Any], margin: float) -> str:
    """Return the verdict on one published number: see `judge_numbers`."""
    low, high = ours["low"] - published, ours["high"] - published
    if -margin <= low and high <= margin:
        return "reproduced"
    return "contradicted" if lies_beyond({"low": low, "high": high}, margin) else UNDECIDED
