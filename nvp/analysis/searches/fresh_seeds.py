"""Trials of a configuration with seeds that did not choose it. Pure."""

import json
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.searches.searched import Searched
from nvp.analysis.statistics.intervals import seed_interval


def find_fresh_trials(frames: StudyFrames, searched: Searched, number: int) -> pd.DataFrame:
    """Return the rows of finished trials that differ from a configuration in their seed alone.

    They are outside of the search's plan, as a start with `--set seed=...` leaves them there.
    """
    own = set(searched.trials.loc[searched.trials["configuration"] == number, "trial_id"])
    chosen = set(searched.trials["trial_id"])
    configs = [row["config"] for name, row in frames.index.rows.items() if name in own]
    if not configs:
        return pd.DataFrame()
    wanted = drop_seed(configs[0])
    rows = [
        row
        for name, row in frames.index.rows.items()
        if name not in chosen and row["status"] == "done" and drop_seed(row["config"]) == wanted
    ]
    return pd.DataFrame(rows).assign(seed=[json.loads(row["config"])["seed"] for row in rows])


def drop_seed(config: str) -> dict[str, Any]:
    """Return a configuration without its seed."""
    values = json.loads(config)
    values.pop("seed", None)
    return values


def average_fresh_seeds(fresh: pd.DataFrame, name: str) -> dict[str, float] | None:
    """Return n, mean, low and high of a column over seeds; None without a value."""
    if name not in fresh or fresh[name].isna().all():
        return None
    values = fresh.assign(all=0, **{name: fresh[name].astype(float)})
    return seed_interval(values, name, ["all"]).iloc[0].to_dict()


def find_first_free_seed(frames: StudyFrames) -> int:
    """Return a seed that is larger than those of all trials of a study."""
    planned = [swept.get("seed", 0) for swept in frames.study.get("trials", {}).values()]
    ended = [json.loads(row["config"]).get("seed", 0) for row in frames.index.rows.values()]
    return max([*planned, *ended], default=-1) + 1
