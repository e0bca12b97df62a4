"""Verdicts: whether the result of a study agrees with a claim."""

from typing import Any

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.claim import Claim

SAME, OPPOSITE, NO_EFFECT = "same direction", "opposite direction", "no effect"
UNCLAIMED = "an effect where none is claimed"
# of a reduced scale: {what a claim expects: {what came out: the verdict}}
REDUCED = {
    "more": {"more": SAME, "less": OPPOSITE, "no winner": NO_EFFECT},
    "less": {"more": OPPOSITE, "less": SAME, "no winner": NO_EFFECT},
    "no winner": {"more": UNCLAIMED, "less": UNCLAIMED, "no winner": f"{NO_EFFECT}, as claimed"},
    "a difference": dict.fromkeys(("more", "less"), "a difference, as claimed")
    | {"no winner": NO_EFFECT},
}
HOLDS = (SAME, f"{NO_EFFECT}, as claimed", "a difference, as claimed")


def judge_claim(claim: Claim, outcome: str, published: bool) -> str:
    """Return the verdict: at the source's setting, or the direction at a reduced scale."""
    if outcome.startswith("no pair"):
        return "not run"
    plain = "no winner" if outcome.startswith("no winner") else outcome
    if plain not in REDUCED[claim.expects]:
        return f"undecided ({outcome})"
    reduced = REDUCED[claim.expects][plain]
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


def compare_with_bound(cell: dict[str, Any], bound: float) -> str:
    """Return on which side of a bound an interval lies, in the words of `judge_difference`."""
    if cell["n"] < 2:
        return "one seed, so no interval"
    if cell["low"] <= bound <= cell["high"]:
        return "no winner"
    return "more" if cell["mean"] > bound else "less"
