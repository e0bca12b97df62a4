"""What a comparison of two studies says beside its table: pairing, levels, versions, bases."""

from collections.abc import Sequence

import pandas as pd

from nvp.analysis import style
from nvp.analysis.answers.common_levels import KeyLevels
from nvp.analysis.answers.study_comparison import StudyComparison
from nvp.analysis.frames.code_versions import describe_codes
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reports.report import describe_start, list_starts
from nvp.analysis.reports.tables import format_table


def describe_pairing(found: StudyComparison) -> str:
    """Return how the differences of a comparison were made, in words."""
    if found.paired:
        return "By cell, paired by seed; 95 % t-interval of the mean difference"
    return (
        "By cell; the two share no seed, so nothing is paired: 95 % interval of the difference of "
        "means by Welch's t-test, n is of the smaller side"
    )


def describe_levels(found: StudyComparison) -> list[str]:
    """Return a sentence for each key of which the two studies have other levels."""
    said = [one.describe() for one in found.levels if one.key != "seed"]
    return [f"{text}." for text in said if text]


def describe_sides(first: StudyFrames, second: StudyFrames) -> list[str]:
    """Return what is to be known of each side: versions of the code, trials left out."""
    said = []
    for name, frames in (("A", first), ("B", second)):
        parts = (describe_codes(frames.trials), frames.left_out.describe())
        said += [f"{name}: {text}" for text in parts if text]
    return said


def describe_equal_trials(found: StudyComparison) -> str:
    """Return how many trials are the same in both, in words."""
    common, same = found.same
    if not common:
        return "The two have no trial of the same name: they differ in configuration."
    return (
        f"{same} of the {common} trials that both have by name are equal in every column of "
        "trials that is not volatile."
    )


def describe_last_start(frames: StudyFrames) -> dict[str, str]:
    """Return where a study comes from: its last start."""
    return describe_start(list_starts(frames)[-1]) if list_starts(frames) else {}


def list_base_differences(
    first: StudyFrames, second: StudyFrames, levels: Sequence[KeyLevels]
) -> str:
    """Return a table of the keys whose base value or levels differ; "" when none does.

    Of a key that either study sweeps these are its levels, and where the two were compared.
    """
    one, two = (frames.study.get("base", {}) for frames in (first, second))
    swept = {level.key: level for level in levels}
    rows = [
        {"key": key, "A": one.get(key), "B": two.get(key), "compared at": "all"}
        for key in one | two
        if one.get(key) != two.get(key) and key not in swept
    ]
    for key, own in swept.items():
        if own.first != own.second:
            texts = [
                ", ".join(style.value_text(level, key) for level in side)
                for side in (own.first, own.second, own.common)
            ]
            rows.append(dict(zip(("key", "A", "B", "compared at"), [key, *texts], strict=True)))
    return format_table(pd.DataFrame(rows))
