"""Configurations of a search: what became of their seeds, and means over them. Pure."""

from collections.abc import Sequence

import pandas as pd

from nvp.analysis.searches.asked_trials import UNFINISHED
from nvp.analysis.statistics.intervals import seed_interval

DONE = "done"
# what a configuration is called when one of its seeds is not done: the first that applies
STATES = ("failed", "diverged", "censored", UNFINISHED)
NUMBERS = ["n", "mean", "low", "high"]


def describe_configurations(trials: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """One row per configuration, its number as index: its keys, `seeds`, `finished`, `state`.

    `seeds` were planned, `finished` of them are done. The state is "done" when all are, else the
    worst status among them.
    """
    grouped = trials.groupby("configuration")
    frame = trials.drop_duplicates("configuration").set_index("configuration")[list(keys)]
    order = [*STATES, DONE]
    worst = trials["status"].map({state: i for i, state in enumerate(order)})
    states = worst.groupby(trials["configuration"]).min().map(dict(enumerate(order)))
    finished = (trials["status"] == DONE).groupby(trials["configuration"]).sum()
    return frame.reindex(states.index).assign(
        seeds=grouped.size(), finished=finished.astype(int), state=states
    )


def choose_ranked(cells: pd.DataFrame) -> tuple[list[int], bool]:
    """Return the configurations that are ranked, and whether some of their seeds are missing.

    These are the ones whose seeds are all done, as the search itself counts them. Before there is
    one: those of which a seed is done and no other came to a bad end.
    """
    whole = cells.index[cells["state"] == DONE].tolist()
    if whole:
        return whole, False
    begun = (cells["state"] == UNFINISHED) & (cells["finished"] > 0)
    return cells.index[begun].tolist(), True


def average_responses(trials: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """One row per (configuration, response): n seeds that are done, mean, 95 % t-interval."""
    done = trials[trials["status"] == DONE]
    done = done.assign(**{name: done[name].astype(float) for name in names})
    parts = [
        seed_interval(done, name, ["configuration"]).assign(response=name)
        for name in names
        if done[name].notna().any()
    ]
    columns = ["configuration", "response", *NUMBERS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
