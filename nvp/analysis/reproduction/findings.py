"""Findings: what the studies measured of the claims, before anything is said of it.

Comparisons are corrected in two families, each by Benjamini and Hochberg: the primary comparisons
of all studies, and all others that claims ask for, which are exploratory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from nvp.analysis.answers.answer import EXPLORATORY, PRIMARY, compare_levels, select_compared
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.claim import Claim, Share
from nvp.analysis.selection.question_of_study import question_of
from nvp.analysis.statistics.corrections import correct_benjamini_hochberg, correct_tested
from nvp.analysis.statistics.equivalence import compute_equivalence_p, compute_standard_error
from nvp.analysis.statistics.intervals import seed_interval
from nvp.question.question import DEATH, METHOD, NONE, Contrast, End


@dataclass(frozen=True)
class Finding:
    """What a run measured of a claim, or of its own primary contrast.

    Attributes:
        claim: the claim; None of a primary contrast by itself.
        frames: the run.
        row: n, mean, low, high, p, margin and p_equal of the comparison or of the number minus its
            bound; `words` says what is measured; once corrected, `p_corrected` and
            `p_equal_corrected`.
        role: PRIMARY or EXPLORATORY.
        compared: the same of findings that are the same test.
        silent: whether deaths are compared where no neuron died.
    """

    claim: Claim | None
    frames: StudyFrames
    row: dict[str, Any]
    role: str
    compared: tuple
    silent: bool = False


def find_claim(claim: Claim, studies: Sequence[StudyFrames]) -> list[Finding]:
    """Return a finding for each run that tests a claim; [] when none does."""
    runs = [one for one in studies if claim.study == one.name and is_comparable(claim, one)]
    if claim.share:
        return [measure_share(claim, claim.share, frames) for frames in runs]
    return [measure_contrast(claim, claim.contrast, frames) for frames in runs if claim.contrast]


def find_primaries(studies: Sequence[StudyFrames]) -> list[Finding]:
    """Return the finding of the primary contrast of each run that has its levels."""
    found = []
    for frames in studies:
        contrasts = question_of(frames).contrasts[:1]
        found += [
            measure_contrast(None, one, frames) for one in contrasts if has_levels(one, frames)
        ]
    return found


def is_comparable(claim: Claim, frames: StudyFrames) -> bool:
    """Whether a study has the levels that a claim compares; of a number, unpruned trials.

    A claim on networks of one kind is tested by a run of that kind alone.
    """
    if any(frames.levels(key) != [value] for key, value in claim.needs.items()):
        return False
    if not claim.contrast:
        return NONE in frames.levels(METHOD)
    return has_levels(claim.contrast, frames)


def has_levels(contrast: Contrast, frames: StudyFrames) -> bool:
    """Whether a study has the levels of a contrast, and two of its key."""
    needed = {contrast.key: [contrast.reference, *contrast.others]}
    needed |= {key: [level] for key, level in contrast.where.items()}
    if contrast.key in frames.trials and len(frames.levels(contrast.key)) < 2:
        return False  # nothing to compare with, yet
    return all(
        key in frames.trials and (isinstance(level, End) or level in frames.levels(key))
        for key, levels in needed.items()
        for level in levels
    )


def measure_contrast(claim: Claim | None, contrast: Contrast, frames: StudyFrames) -> Finding:
    """Return the finding of a comparison; of deaths, by the first definition that applies."""
    row = first_comparison(contrast, frames)
    primary = question_of(frames).contrasts[:1]
    of_study = [first_comparison(one, frames) for one in primary if has_levels(one, frames)]
    own = any(one["compared"] == row["compared"] for one in of_study)
    return Finding(
        claim=claim,
        frames=frames,
        row=row | {"words": f"{row['value']}, {row['contrast']}"},
        role=PRIMARY if own else EXPLORATORY,
        compared=(id(frames), row["compared"]),
        silent=nobody_died(frames, contrast),
    )


def first_comparison(contrast: Contrast, frames: StudyFrames) -> dict[str, Any]:
    """Return the first comparison of a contrast, in one whatever it is split by."""
    row = next(compare_levels(frames, replace(contrast, by=""))).iloc[0].to_dict()
    return row | {"margin": contrast.margin.size if contrast.margin else None}


def nobody_died(frames: StudyFrames, contrast: Contrast) -> bool:
    """Whether a comparison of deaths is of trials in which there is none to compare."""
    if contrast.value != DEATH:
        return False
    _, rows = next(select_compared(frames, contrast))
    return bool((rows["fraction"] == 0).all())


def measure_share(claim: Claim, share: Share, frames: StudyFrames) -> Finding:
    """Return the finding of a number: its mean over seeds beside its bound."""
    values = share.of(frames)
    cell = {"n": 0, "mean": np.nan, "low": np.nan, "high": np.nan}
    if len(values):
        (cell,) = seed_interval(values.assign(all=""), "value", ["all"]).to_dict("records")
    row = {name: cell[name] - share.above for name in ("mean", "low", "high")} | {"n": cell["n"]}
    error = compute_standard_error(row["low"], row["high"], row["n"])
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * float(student.sf(np.divide(abs(row["mean"]), error), row["n"] - 1))
    margin = share.margin.size if share.margin else None
    row |= {"p": p, "margin": margin, "p_equal": compute_equivalence_p(row, margin)}
    name = (frames.name, frames.preset, share.words)
    return Finding(claim, frames, row | {"words": share.words}, EXPLORATORY, (id(frames), name))


def correct_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with corrected p's: each role is a family, in which a test counts once.

    p of differences and p of equality within a margin are corrected apart.
    """
    if not findings:
        return []
    table = pd.DataFrame(
        {
            "compared": [one.compared for one in findings],
            "role": [one.role for one in findings],
            # where no neuron died nothing is tested
            "p": [np.nan if one.silent else one.row["p"] for one in findings],
            # the same comparison within another margin is another test of equality
            "margin": [one.row["margin"] for one in findings],
            "p_equal": [np.nan if one.silent else one.row["p_equal"] for one in findings],
            "low": [one.row["low"] for one in findings],
            "high": [one.row["high"] for one in findings],
        }
    )
    for column, names in (("p", ["compared"]), ("p_equal", ["compared", "margin"])):
        tests = table.drop_duplicates(names)
        for _, family in tests.groupby("role"):
            corrected = correct_tested(family, column, correct_benjamini_hochberg)
            table.loc[family.index, f"{column}_corrected"] = corrected
        known = table.groupby(names, dropna=False)[f"{column}_corrected"]
        table[f"{column}_corrected"] = known.transform("first")
    pairs = zip(findings, table.to_dict("records"), strict=True)
    names = ("p_corrected", "p_equal_corrected")
    return [replace(one, row=one.row | {n: row[n] for n in names}) for one, row in pairs]
