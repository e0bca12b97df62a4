"""The comparisons that a study was made for: paired by seed, and corrected."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from nvp.analysis import style
from nvp.analysis.answers.wording import describe_contrast
from nvp.analysis.frames.derive import add_keys, choose_definitions, count_dead_at_end
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.question import DEATH, Contrast, End, Question
from nvp.analysis.selection.studies import question_of
from nvp.analysis.statistics.intervals import paired_difference, with_holm

NUMBERS = ["n", "mean", "low", "high", "p"]
COLUMNS = ["contrast_number", "value", "contrast", "at", *NUMBERS, "p_holm", "verdict"]


def answer(frames: StudyFrames, question: Question | None = None) -> pd.DataFrame:
    """One row per comparison of the question's contrasts, in their order; by default the study's.

    `contrast_number` is the place of a contrast in the question, from 0. `value` is what is
    compared, `contrast` says between which levels, and `at` says at which level of the key that the
    contrast is split by. Then n (pairs of a seed), the mean difference, its 95 % t-interval, p,
    p_holm (over all rows of the table) and the verdict.
    """
    contrasts = (question or question_of(frames)).contrasts
    parts = [
        part.assign(contrast_number=number)
        for number, contrast in enumerate(contrasts)
        for part in compare_levels(frames, contrast)
    ]
    if not parts:
        return pd.DataFrame(columns=pd.Index(COLUMNS))
    table = with_holm(pd.concat(parts, ignore_index=True))
    return table.assign(verdict=[judge_difference(row) for row in table.to_dict("records")])[
        COLUMNS
    ]


def compare_levels(frames: StudyFrames, contrast: Contrast) -> Iterator[pd.DataFrame]:
    """Yield the rows of a contrast, a frame per value and other level; none without two levels."""
    where = {key: resolve_level(frames, key, level) for key, level in contrast.where.items()}
    reference = resolve_level(frames, contrast.key, contrast.reference)
    by = contrast.by or "status"  # one level of it is left
    groups = frames.levels(contrast.by) if contrast.by else ["done"]
    for value, rows in select_compared(frames, contrast):
        for other in resolve_others(frames, contrast, reference):
            pairs = paired_difference(
                rows, "fraction", key=contrast.key, levels=(reference, other), by=by, groups=groups
            )
            at = [style.level_text(by, group) if contrast.by else "all" for group in groups]
            text = describe_contrast(contrast.key, reference, other, where)
            yield pairs[NUMBERS].assign(value=value, contrast=text, at=at)


def select_compared(frames: StudyFrames, contrast: Contrast) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield a name and the rows of what a contrast compares, at its levels of the other keys."""
    keys = [contrast.key, contrast.by or "status", *contrast.where]
    for value, rows in select_values(frames, contrast.value, keys):
        for key, level in contrast.where.items():
            rows = rows[rows[key] == resolve_level(frames, key, level)]
        yield value, rows


def select_values(
    frames: StudyFrames, value: str, keys: list[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield a name and the rows of what is compared, as `fraction`, of trials that are done."""
    done = frames.trials[frames.trials["status"] == "done"]
    if value != DEATH:
        yield value, done.assign(fraction=done[value])
        return
    names = choose_definitions(frames.layers)
    ends = count_dead_at_end(frames.layers[frames.layers["trial_id"].isin(done["trial_id"])])
    ends = add_keys(ends, done, [*keys, "seed"])
    for name in names:
        yield name, ends[ends["definition"] == name]


def resolve_level(frames: StudyFrames, key: str, level: Any) -> Any:
    """Return a level of a key, the first or last of the study where that is asked for."""
    levels = frames.levels(key)
    ends = {End.FIRST: levels[0], End.LAST: levels[-1]}
    return ends[level] if isinstance(level, End) else level


def resolve_others(frames: StudyFrames, contrast: Contrast, reference: Any) -> list[Any]:
    """Return the levels that are compared with the reference: see `Contrast.others`."""
    levels = [level for level in frames.levels(contrast.key) if level != reference]
    if contrast.others:
        return [resolve_level(frames, contrast.key, level) for level in contrast.others]
    return levels if any(isinstance(level, str) for level in levels) else levels[-1:]


def judge_difference(row: dict[str, Any]) -> str:
    """Return what a comparison may be said to show; no winner when its interval covers 0."""
    if row["n"] == 0:
        return "no pair of finished trials"
    if row["n"] == 1:
        return "one pair, so no interval"
    if row["low"] <= 0 <= row["high"]:
        return "no winner"
    if pd.isna(row["p"]):
        return "all pairs alike, so no test"
    if row["p_holm"] > 0.05:
        return "no winner after Holm's correction"
    return "more" if row["mean"] > 0 else "less"
