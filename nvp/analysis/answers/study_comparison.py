"""Two studies, or one study by two versions of the code, trial against trial. Pure."""

from dataclasses import dataclass

import pandas as pd

from nvp.analysis.answers.answer import judge_difference
from nvp.analysis.frames.derive import choose_headline, count_dead_at_end
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.statistics.intervals import paired_difference, with_holm
from nvp.storage.schema import TRIALS

RESPONSES = ("test_accuracy", "death", "sparsity", "weight_sparsity", "seconds")
LASTING = [field.name for field in TRIALS if field.metadata[b"volatile"] == b"false"]


@dataclass(frozen=True)
class StudyComparison:
    """Two studies side by side.

    Attributes:
        keys: swept keys of both, seed last: what pairs trials.
        pairs: one row per (pair of trials, response): the keys, `response`, `first`, `second`.
        table: one row per (cell, response): n, mean (second minus first), low, high, p, p_holm,
            verdict.
        same: trials that both have by name, and how many of them are equal in every column of
            `trials` that is not volatile.
        definition: of death, the one that applies to both.
    """

    keys: list[str]
    pairs: pd.DataFrame
    table: pd.DataFrame
    same: tuple[int, int]
    definition: str


def compare_studies(first: StudyFrames, second: StudyFrames) -> StudyComparison:
    """Return two studies side by side: trials that are done, paired by what both sweep.

    Raises:
        ValueError: no trial of one pairs with one of the other.
    """
    keys = [key for key in first.swept if key in second.swept]
    definition = "dead"
    if "dead" not in (choose_headline(first.layers), choose_headline(second.layers)):
        definition = choose_headline(first.layers)
    sides = [melt_responses(frames, keys, definition) for frames in (first, second)]
    on = [*keys, "response"]
    pairs = sides[0].merge(sides[1], on=on, suffixes=("_first", "_second"))
    pairs = pairs.rename(columns={"value_first": "first", "value_second": "second"})
    if pairs.empty:
        raise ValueError(
            f"compare: expected trials that agree in {', '.join(keys)} and are done in both, got "
            f"none of {len(first.trials)} and {len(second.trials)}"
        )
    return StudyComparison(
        keys=keys,
        pairs=pairs,
        table=compare_cells(pairs, keys[:-1]),
        same=count_equal_trials(first, second),
        definition=definition,
    )


def melt_responses(frames: StudyFrames, keys: list[str], definition: str) -> pd.DataFrame:
    """One row per (keys, response): the mean of the trials that are done and have a value."""
    done = frames.trials[frames.trials["status"] == "done"]
    ends = count_dead_at_end(frames.layers[frames.layers["trial_id"].isin(done["trial_id"])])
    dead = ends[ends["definition"] == definition].astype({"trial_id": str})
    done = done.assign(death=done["trial_id"].map(dead.set_index("trial_id")["fraction"]))
    rows = done.melt(keys, list(RESPONSES), "response", "value").dropna(subset=["value"])
    return rows.groupby([*keys, "response"], observed=True, as_index=False)["value"].mean()


def compare_cells(pairs: pd.DataFrame, cell: list[str]) -> pd.DataFrame:
    """Return the differences, second minus first, by cell and response; Holm over all rows."""
    sides = pairs.melt([*cell, "seed", "response"], ["first", "second"], "side", "value")
    by = [*cell, "response"]
    parts = []
    for level, rows in sides.groupby(by, observed=True):
        found = paired_difference(
            rows, "value", key="side", levels=("first", "second"), by="response", groups=level[-1:]
        )
        parts.append(found.assign(**dict(zip(cell, level[:-1], strict=True))))
    whole = pd.concat(parts).sort_values(["response", *cell])
    table = with_holm(whole.reset_index(drop=True))
    verdicts = [judge_difference(row) for row in table.to_dict("records")]
    return table[["response", *cell, "n", "mean", "low", "high", "p_holm"]].assign(verdict=verdicts)


def count_equal_trials(first: StudyFrames, second: StudyFrames) -> tuple[int, int]:
    """Return how many trials both have by name, and how many of them are the same."""
    columns = [name for name in LASTING if name != "trial_id"]
    one, two = (frames.trials.set_index("trial_id")[columns] for frames in (first, second))
    common = one.index.intersection(two.index)
    one, two = one.loc[common], two.loc[common]
    alike = (one == two) | (one.isna() & two.isna())
    return len(common), int(alike.all(axis=1).sum())
