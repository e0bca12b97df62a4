"""What tells the trials of a study apart and what came of them: the axes of the page."""

from typing import Any

import pandas as pd

from nvp.analysis import style
from nvp.analysis.explorer.compact import shorten
from nvp.analysis.frames.derive import choose_definitions
from nvp.analysis.frames.responses import average_at_end

MOST_LEVELS = 12  # of a number that is shown level by level; one with more has an axis of its own
OUTCOMES = (
    "test_accuracy",
    "val_accuracy",
    "sparsity",
    "weight_sparsity",
    "flops_left",
    "plasticity_loss",
    "seconds",
)
LABELS = {
    "status": "status",
    "seed": "seed",
    "seconds": "time in the trial (s)",
    "flops_left": "FLOPs left (× the dense network)",
}


def make_columns(
    swept: list[str], trials: pd.DataFrame, layers: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return the columns of the page: the swept keys and the status, then what came of it.

    Each has `key`, `label` and `short`, whether it was `given` to a trial, and its `values`, one
    for each trial. Where it has `levels` the values count them; else they are numbers, null where
    there is none. A column without a value is left out, and so is an outcome that never varies.
    """
    given = [make_column(key, trials[key], given=True) for key in swept if key in trials]
    given.append(make_column("status", trials["status"], given=True))
    outcomes = gather_outcomes(trials, layers)
    found = [make_column(name, outcomes[name], given=False) for name in outcomes]
    return given + [column for column in found if varies(column)]


def gather_outcomes(trials: pd.DataFrame, layers: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each trial: the fractions dead at its end, and results of its own row."""
    names = list(choose_definitions(layers)) if len(layers) else []
    ends = average_at_end(layers)[names] if names else pd.DataFrame(index=[])
    of_layers = ends.reindex(trials["trial_id"].astype(str)).set_axis(trials.index)
    own = trials[[name for name in OUTCOMES if name in trials]].astype(float)
    if {"flops", "flops_left"} <= set(trials.columns):
        own = own.assign(flops_left=own["flops_left"] / trials["flops"].astype(float))
    return pd.concat([of_layers, own], axis=1)


def make_column(key: str, values: pd.Series, *, given: bool) -> dict[str, Any]:
    """Return one column; what was given in few levels, or as names, is shown level by level."""
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    label = LABELS.get(key) or style.axis_label(key)
    column: dict[str, Any] = {
        "key": key,
        "label": " ".join(label.split()),
        "short": " ".join(label.partition(" (")[0].split()),
        "given": given,
    }
    if numeric and (not given or values.nunique() > MOST_LEVELS):
        numbers = values.astype(float)
        return column | {"values": shorten(numbers), "log": given and is_spread(numbers)}
    levels = sorted(map(plain, values.dropna().unique()), key=sort_key)
    numbers_of = {level: number for number, level in enumerate(levels)}
    return column | {
        "values": [numbers_of.get(one) for one in values],
        "levels": [style.value_text(one, key) for one in levels],
    }


def sort_key(level: Any) -> tuple[int, Any]:
    """Return what levels are sorted by: numbers by size, then all else by its text."""
    return (0, level) if isinstance(level, int | float) else (1, str(level))


def plain(value: Any) -> Any:
    """Return a value of numpy as one of Python."""
    return value.item() if hasattr(value, "item") else value


def is_spread(numbers: pd.Series) -> bool:
    """Whether numbers span so many sizes that an axis shows their logarithms."""
    found = numbers.dropna()
    return bool(len(found) and found.min() > 0 and found.max() / found.min() >= 30)


def varies(column: dict[str, Any]) -> bool:
    """Whether a column has more than one value."""
    return len({one for one in column["values"] if one is not None}) > 1
