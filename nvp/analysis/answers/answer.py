"""The comparisons that a study was made for: paired by seed, and corrected."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from nvp.analysis import style
from nvp.analysis.answers.verdict import judge_difference
from nvp.analysis.answers.wording import describe_contrast
from nvp.analysis.frames.derive import add_keys, choose_definitions, count_dead_at_end
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.question_of_study import question_of
from nvp.analysis.statistics.corrections import correct_holm, correct_tested
from nvp.analysis.statistics.equivalence import compute_equivalence_p
from nvp.analysis.statistics.intervals import paired_difference
from nvp.question.question import DEATH, Contrast, End, Question

NUMBERS = ["n", "mean", "low", "high", "p"]
TESTS = ["p_holm", "margin", "p_equal", "p_equal_holm"]
LEVELS = ["key", "where", "reference", "other", "reference_mean", "other_mean"]
COLUMNS = [
    "contrast_number",
    "role",
    "value",
    "contrast",
    "at",
    *LEVELS,
    *NUMBERS,
    *TESTS,
    "verdict",
]
PRIMARY, EXPLORATORY = "primary", "exploratory"


def answer(frames: StudyFrames, question: Question | None = None) -> pd.DataFrame:
    """One row per comparison of the question's contrasts, in their order; by default the study's.

    `contrast_number` is the place of a contrast in the question, from 0. `role` is "primary" of the
    first comparison of the first contrast, "exploratory" of all others. `value` is what is
    compared, `contrast` says between which levels, and `at` says at which level of the key that the
    contrast is split by. `key`, `reference`, `other` and `where` say the same as values, and
    `reference_mean` and `other_mean` are the means of what is compared. Then n (pairs of a seed),
    the mean difference, its 95 % t-interval, p, and p_holm: corrected over all exploratory rows;
    the primary comparison stands alone. `margin` is what counts as no difference, p_equal the p of
    the two one-sided tests that the difference lies within it, p_equal_holm the same corrected. The
    last one is the verdict. What two contrasts compare alike is there once.

    Args:
        frames: a study, as `load` returns it.
        question: what is compared; None = what the study asks.
    """
    contrasts = (question or question_of(frames)).contrasts
    parts = [
        part.assign(contrast_number=number)
        for number, contrast in enumerate(contrasts)
        for part in compare_levels(frames, contrast)
    ]
    if not parts:
        return pd.DataFrame(columns=pd.Index(COLUMNS))
    table = pd.concat(parts, ignore_index=True).drop_duplicates("compared", ignore_index=True)
    first = (table.index == 0) & (table["contrast_number"] == 0)
    table = table.assign(role=[PRIMARY if one else EXPLORATORY for one in first])
    table = correct_by_role(table)
    verdicts = [judge_difference(row) for row in table.to_dict("records")]
    return table.assign(verdict=verdicts)[COLUMNS]


def correct_by_role(table: pd.DataFrame) -> pd.DataFrame:
    """Add p_holm and p_equal_holm to a table: corrected over the rows of the same role."""
    for _, family in table.groupby("role", sort=False):
        for column in ("p", "p_equal"):
            corrected = correct_tested(family, column, correct_holm)
            table.loc[family.index, f"{column}_holm"] = corrected
    return table


def compare_levels(frames: StudyFrames, contrast: Contrast) -> Iterator[pd.DataFrame]:
    """Yield the rows of a contrast, a frame per value and other level; none without two levels.

    `compared` is the same of rows that compare the same trials in the same way.
    """
    where = {key: resolve_level(frames, key, level) for key, level in contrast.where.items()}
    reference = resolve_level(frames, contrast.key, contrast.reference)
    by = contrast.by or "status"  # one level of it is left
    groups = frames.levels(contrast.by) if contrast.by else ["done"]
    at = [style.level_text(by, group) if contrast.by else "all" for group in groups]
    margin = contrast.margin.size if contrast.margin else None
    for value, rows in select_compared(frames, contrast):
        for other in resolve_others(frames, contrast, reference):
            levels = (reference, other)
            pairs = paired_difference(
                rows, "fraction", key=contrast.key, levels=levels, by=by, groups=groups
            )
            text = describe_contrast(contrast.key, reference, other, where)
            own = rows[rows[contrast.key].isin(levels)]
            ids = [tuple(sorted(own.loc[own[by] == group, "trial_id"])) for group in groups]
            yield pairs[[*NUMBERS, "reference_mean", "other_mean"]].assign(
                value=value,
                contrast=text,
                at=at,
                key=contrast.key,
                where=[where | ({by: group} if contrast.by else {}) for group in groups],
                reference=[reference] * len(groups),
                other=[other] * len(groups),
                margin=margin,
                p_equal=[compute_equivalence_p(row, margin) for row in pairs.to_dict("records")],
                compared=[(value, of or text, *levels) for of in ids],
            )


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
