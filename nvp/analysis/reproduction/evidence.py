"""The rows of docs/reproduction.md: primary contrasts and claims, what tests them, the verdicts."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nvp.analysis.answers.verdict import judge_difference
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.claim import Claim
from nvp.analysis.reproduction.findings import (
    Finding,
    correct_findings,
    find_claim,
    find_primaries,
)
from nvp.analysis.reproduction.verdict import decide_outcome, judge_claim, matches_source
from nvp.analysis.style.labels import join_words, value_text

SILENT, TOO_FEW = "not tested: no neuron died", "not tested: too few to count"


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


OWN = {"model.name": "own network", "data.name": "own data"}  # of a loop that is not ours


def describe_run(frames: StudyFrames) -> str:
    """Return what ran, in words: network, data, optimizer, length, seeds, device."""
    trials = frames.trials[frames.trials["status"] == "done"]
    base = frames.study.get("base", {})
    names = [
        " and ".join(map(str, trials[key].unique())) if key in trials else own
        for key, own in OWN.items()
    ]
    scale = base.get("model.width", 1.0)
    width = "" if scale == 1.0 else f" x {scale:g}"
    part = f" ({base['data.images']:,} images)" if base.get("data.images") else ""
    epochs = sorted(trials["epochs"].unique())
    length = f"{epochs[0]}" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]}"
    length += " epoch" if length == "1" else " epochs"
    optimizer = join_levels(trials, "optim.name") + ", " if "optim.name" in trials else ""
    norms = join_levels(trials, "model.norm") if "model.norm" in trials else ""
    norm = f" ({norms})" if norms else ""
    seeds, devices = trials["seed"].nunique(), ", ".join(map(str, trials["device"].unique()))
    some = f"{seeds} seed" + ("s" if seeds > 1 else "")
    return f"{names[0]}{width}{norm}, {names[1]}{part}, {optimizer}{length}, {some}, {devices}"


def join_levels(trials: pd.DataFrame, key: str) -> str:
    """Return the levels that trials have of a key, in words: "SGD and Adam"."""
    return join_words(value_text(level, key) for level in trials[key].unique())
