"""The rows of docs/reproduction.md: primary contrasts and claims, what tests them, the verdicts."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nvp.analysis.answers.verdict import judge_difference
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.unpruned import measure_unpruned
from nvp.analysis.reproduction.claim import Claim
from nvp.analysis.reproduction.findings import (
    Finding,
    correct_findings,
    find_claim,
    find_primaries,
)
from nvp.analysis.reproduction.runs import describe_run
from nvp.analysis.reproduction.verdict import decide_outcome, judge_claim, matches_source

SILENT, TOO_FEW = "not tested: no neuron died", "not tested: too few to count"
UNLEARNED = "not tested: the networks learned little"
LEARNED = 0.5  # of the published accuracy, that unpruned networks have to reach


def tell_claims(
    claims: Sequence[Claim], studies: Sequence[StudyFrames]
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the rows of the primary contrasts, and a row for each run that tests a claim.

    A claim that none tests has a row that says why. All of them are corrected together.
    """
    found = [find_claim(claim, studies) for claim in claims]
    primaries = find_primaries(studies)
    corrected = iter(correct_findings([*primaries, *(one for own in found for one in own)]))
    told = [tell_primary(next(corrected)) for _ in primaries]
    rows = []
    for claim, own in zip(claims, found, strict=True):
        rows += [tell_finding(claim, next(corrected)) for _ in own]
        if not own:
            rows.append(tell_untested(claim))
    return told, rows


def tell_primary(finding: Finding) -> dict[str, str]:
    """Return the row of a study's primary contrast."""
    return {
        "study": finding.frames.name,
        "ran": describe_run(finding.frames),
        "value": format_finding(finding),
        "verdict": SILENT if finding.silent else judge_primary(finding),
    }


def judge_primary(finding: Finding) -> str:
    """Return what a primary contrast shows, by its p's that are corrected over all studies."""
    row = finding.row
    renamed = {"p_holm": row["p_corrected"], "p_equal_holm": row["p_equal_corrected"]}
    return judge_difference(row | renamed).replace("Holm's ", "")


def tell_finding(claim: Claim, finding: Finding) -> dict[str, str]:
    """Return the row of a claim and a run that tests it."""
    outcome = decide_outcome(finding.row, claim.expects)
    judged = judge_claim(claim, outcome, matches_source(claim, finding.frames))
    if claim.share and not finding.row["n"]:
        judged = TOO_FEW
    least = LEARNED * claim.accuracy
    if least and measure_unpruned(finding.frames).max() < least:
        judged = UNLEARNED
    return {
        "source": claim.source,
        "says": claim.says,
        "ran": describe_run(finding.frames),
        "value": format_finding(finding),
        "role": finding.role,
        "verdict": SILENT if finding.silent else judged,
    }


def tell_untested(claim: Claim) -> dict[str, str]:
    """Return the row of a claim that no run tests."""
    row = {"source": claim.source, "says": claim.says, "value": "", "role": ""}
    why = claim.why or f"not run: studies/{claim.study}.py"
    return row | {"ran": why, "verdict": "not run"}


def format_finding(finding: Finding) -> str:
    """Return the numbers of a finding: the difference, or the number, with all its p's."""
    row, share = finding.row, finding.claim.share if finding.claim else None
    if not row["n"]:
        return f"{row['words']}: none to {'count' if share else 'compare'}"
    bound, style = (share.above, "{:.3f}") if share else (0.0, "{:+.3f}")
    mean, low, high = (style.format(row[name] + bound) for name in ("mean", "low", "high"))
    unit = "seed" if share else "pair"
    count = f"{row['n']:g} {unit}" + ("s" if row["n"] > 1 else "")
    text = f"{mean} [{low}, {high}]" if row["n"] > 1 else mean
    return f"{row['words']}: {text} ({', '.join([count, *list_tests(row)])})"


def list_tests(row: dict[str, Any]) -> list[str]:
    """Return the p's of a finding in words: as they are, and corrected."""
    said = []
    if row["low"] == row["high"]:
        return ["all alike"]
    if not pd.isna(row["p"]):
        said.append(f"p = {row['p']:.2g}, corrected {row['p_corrected']:.2g}")
    if not pd.isna(row["p_equal"]) and abs(row["mean"]) < row["margin"]:
        equal = f"within ±{row['margin']:g}: p = {row['p_equal']:.2g}"
        said.append(f"{equal}, corrected {row['p_equal_corrected']:.2g}")
    return said


def list_margins(claims: Sequence[Claim]) -> list[tuple[str, float, str]]:
    """Return the margins that claims state: of what, how large, and why."""
    stated = {}
    for claim in claims:
        of = claim.contrast or claim.share
        if of and of.margin:
            name = claim.contrast.value if claim.contrast else "number"
            stated[name, of.margin.size] = of.margin.why
    return [(name, size, why) for (name, size), why in stated.items()]
