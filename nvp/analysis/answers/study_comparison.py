"""Two studies, or one study by two versions of the code, trial against trial. Pure."""

from dataclasses import dataclass, field

import pandas as pd

from nvp.analysis.answers.common_levels import KeyLevels, find_common_levels, select_common
from nvp.analysis.answers.verdict import judge_difference
from nvp.analysis.frames.derive import COMMON, choose_headline, share_dead_at_end
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.statistics.corrections import with_holm
from nvp.analysis.statistics.intervals import infer_from_groups, infer_from_pairs
from nvp.storage.schema import TRIALS

RESPONSES = ("test_accuracy", "death", "sparsity", "weight_sparsity", "seconds")
LASTING = [field.name for field in TRIALS if field.metadata[b"volatile"] == b"false"]
CODE = "code"  # differs between versions of the code, and is no result
NUMBERS = ["n", "mean", "low", "high", "p", "p_holm"]


@dataclass(frozen=True)
class StudyComparison:
    """Two studies side by side.

    Attributes:
        keys: keys that either sweeps, seed last: what pairs trials. Without the seed where trials
            are not paired.
        pairs: one row per (pair of trials, response): the keys, `response`, `first`, `second`; one
            row per cell with their means where trials are not paired.
        table: one row per (cell, response): n, mean (second minus first), low, high, p, p_holm,
            verdict.
        same: trials that both have by name, and how many of them are equal in every column of
            `trials` that is not volatile, the version of the code apart.
        definition: of death, the one that applies to both.
        levels: of each key in both; what is not common is left out.
        paired: whether trials of the same seed are compared with each other.
    """

    keys: list[str]
    pairs: pd.DataFrame
    table: pd.DataFrame
    same: tuple[int, int]
    definition: str
    levels: list[KeyLevels] = field(default_factory=list)
    paired: bool = True


def compare_studies(
    first: StudyFrames, second: StudyFrames, *, unpaired: bool = False
) -> StudyComparison:
    """Return two studies side by side: trials that are done, at levels that both have.

    Trials are paired by all keys that either sweeps, and the seed.

    Args:
        first: a study.
        second: the other one.
        unpaired: whether cells without a common seed may be compared by Welch's t-test, as two
            versions of the code in one folder have to be: a trial is there once.

    Raises:
        ValueError: no trial of one goes with one of the other.
    """
    levels = find_common_levels(first, second, pair_seeds=not unpaired)
    headlines = {choose_headline(first.layers), choose_headline(second.layers)}
    definition = headlines.pop() if len(headlines) == 1 else COMMON
    keys = [one.key for one in levels if one.key != "seed"]
    sides = [melt_responses(one, levels, definition) for one in (first, second)]
    paired = pair_sides(sides[0], sides[1], [*keys, "seed"])
    if unpaired and paired.empty:
        by = [*keys, "response"]
        means = [side.groupby(by, observed=True)["value"].mean().reset_index() for side in sides]
        pairs = pair_sides(means[0], means[1], keys)
        table = compare_cells(sides[0], sides[1], keys)
    else:
        pairs, table = paired, compare_pairs(paired, keys)
    if pairs.empty:
        raise ValueError(
            f"compare: expected trials that agree in {', '.join([*keys, 'seed'])} and are done in "
            f"both, got none of {len(first.trials)} and {len(second.trials)}"
        )
    return StudyComparison(
        keys=[*keys, "seed"] if len(paired) else keys,
        pairs=pairs,
        table=table,
        same=count_equal_trials(first, second),
        definition=definition,
        levels=levels,
        paired=len(paired) > 0,
    )


def melt_responses(frames: StudyFrames, levels: list[KeyLevels], definition: str) -> pd.DataFrame:
    """One row per (keys, seed, response): the mean of the trials that are done and have a value."""
    done = select_common(frames, levels)
    keys = [one.key for one in levels if one.key != "seed"]
    layers = frames.layers[frames.layers["trial_id"].isin(done["trial_id"])]
    done = done.assign(death=done["trial_id"].map(share_dead_at_end(layers, definition)))
    rows = done.melt([*keys, "seed"], list(RESPONSES), "response", "value")
    grouped = rows.dropna(subset=["value"]).groupby([*keys, "seed", "response"], observed=True)
    return grouped["value"].mean().reset_index()


def pair_sides(first: pd.DataFrame, second: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the rows of two sides that agree in the keys and the response, side by side."""
    pairs = first.merge(second, on=[*keys, "response"], suffixes=("_first", "_second"))
    pairs = pairs.rename(columns={"value_first": "first", "value_second": "second"})
    return pairs[[*keys, "response", "first", "second"]]


def compare_pairs(pairs: pd.DataFrame, cell: list[str]) -> pd.DataFrame:
    """Return the differences, second minus first, by cell and response; Holm over all rows."""
    rows = []
    for level, own in pairs.groupby(["response", *cell], observed=True):
        numbers = infer_from_pairs(own["first"].to_numpy(float), own["second"].to_numpy(float))
        rows.append(dict(zip(["response", *cell], level, strict=True)) | numbers)
    return judge_cells(rows, cell)


def compare_cells(first: pd.DataFrame, second: pd.DataFrame, cell: list[str]) -> pd.DataFrame:
    """Return the same of two sides that share no seed: by Welch's t-test; n is of the smaller."""
    by = ["response", *cell]
    others = dict(list(second.groupby(by, observed=True)["value"]))
    rows = []
    for level, own in first.groupby(by, observed=True)["value"]:
        if level in others:
            numbers = infer_from_groups(own.to_numpy(float), others[level].to_numpy(float))
            rows.append(dict(zip(by, level, strict=True)) | numbers)
    return judge_cells(rows, cell)


def judge_cells(rows: list[dict], cell: list[str]) -> pd.DataFrame:
    """Return the rows of cells as a table with p_holm and verdicts."""
    columns = ["response", *cell, *NUMBERS]
    if not rows:
        return pd.DataFrame(columns=pd.Index([*columns, "verdict"]))
    table = with_holm(pd.DataFrame(rows).sort_values(["response", *cell], ignore_index=True))
    verdicts = [judge_difference(row) for row in table.to_dict("records")]
    return table[columns].assign(verdict=verdicts)


def count_equal_trials(first: StudyFrames, second: StudyFrames) -> tuple[int, int]:
    """Return how many trials both have by name, and how many of them are the same."""
    columns = [name for name in LASTING if name not in ("trial_id", CODE)]
    one, two = (
        frames.trials.set_index("trial_id").reindex(columns=columns) for frames in (first, second)
    )
    common = one.index.intersection(two.index)
    one, two = one.loc[common], two.loc[common]
    alike = (one == two) | (one.isna() & two.isna())
    return len(common), int(alike.all(axis=1).sum())
