"""The configuration of each trial as columns of its row."""

import json
from collections.abc import Sequence

import pandas as pd

from nvp.config.numbers import has_long_number, make_canonical_values
from nvp.question.question import METHOD, NONE

NOT_GIVEN = "not given"  # the level of a free key that a trial was not given
PENALTIES = {"optim.weight_decay": "L2", "optim.l1": "L1", "optim.l1_scale": "L1 on scales"}


def add_configuration(trials: pd.DataFrame) -> pd.DataFrame:
    """Return `trials` with the keys of `config` as columns; a list becomes a tuple.

    A key that the table has already (`epochs`, `steps`) keeps the table's meaning; `length` says
    by which of the two a trial was to end: "fixed epochs" or "fixed steps". `penalty` is the one
    regularisation that a trial has, `strength` its size: see `name_penalties`.
    """
    text = f"[{','.join(trials['config'])}]"  # one by one takes longer
    rows = [
        {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
        for row in json.loads(text)
    ]
    if has_long_number(text):  # 0.30000000000000004 of an older start is the level 0.3
        rows = [make_canonical_values(row) for row in rows]
    configuration = pd.DataFrame(rows, index=trials.index)
    lengths = ["fixed steps" if row.get("steps") else "fixed epochs" for row in rows]
    if METHOD not in configuration:
        configuration[METHOD] = NONE
    configuration = configuration.assign(length=lengths, **name_penalties(configuration))
    return trials.join(configuration[configuration.columns.difference(trials.columns, sort=False)])


def name_missing(trials: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return `trials` with NOT_GIVEN as the level of each of those keys that a trial lacks."""
    lacking = [key for key in keys if key in trials and trials[key].isna().any()]
    found = trials[lacking].astype(object)
    return trials.assign(**found.where(found.notna(), NOT_GIVEN))


def name_penalties(configuration: pd.DataFrame) -> dict[str, pd.Series]:
    """Return which of PENALTIES each trial has, and the sum of their sizes."""
    sizes = configuration.reindex(columns=list(PENALTIES), fill_value=0.0).astype(float)
    names = (sizes > 0).idxmax(axis=1).map(PENALTIES)
    counts = (sizes > 0).sum(axis=1)
    names = names.where(counts == 1, "several").where(counts > 0, "no penalty")
    return {"penalty": names, "strength": sizes.sum(axis=1)}


def find_varied_keys(trials: pd.DataFrame) -> list[str]:
    """Return the configuration keys that `trials` were given more than one value of."""
    given = pd.DataFrame([json.loads(text) for text in trials["config"]]).astype(str)
    return [key for key in given.columns if given[key].nunique() > 1]
