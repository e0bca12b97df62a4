"""The share of neurons alive: Kaplan-Meier, and with pruning beside death Aalen-Johansen. Pure.

Made of counts per seed and epoch (`life_counts`), so a million neurons cost what seeds do.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from nvp.analysis.statistics.bootstrap import bootstrap_interval, seed_weights
from nvp.analysis.statistics.neuron_lives import CENSORED, DIED, PRUNED


def estimate_survival(counts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row per (`by`, epoch): Kaplan-Meier of first death, with a band from seeds drawn anew.

    Columns: n (seeds), neurons, at_risk, alive, low, high. Pruning censors: what is estimated is
    the survival of a network that is not pruned, were those pruned like the rest.
    """
    parts = []
    for level, rows in counts.groupby(list(by), observed=True):
        epochs, died, pruned, censored = count_by_seed(rows)
        risk = count_at_risk(died + pruned + censored)
        n = len(died)
        weights = seed_weights(n)
        alive = kaplan_meier(died.sum(axis=0), risk.sum(axis=0))
        drawn = kaplan_meier(weights @ died, weights @ risk)
        low, high = bootstrap_interval(alive, drawn, n)
        columns = {"epoch": epochs, "at_risk": risk.sum(axis=0), "alive": alive}
        parts.append(name_level(by, level, n, columns | {"low": low, "high": high}))
    return pd.concat(parts, ignore_index=True)


def estimate_incidence(counts: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row per (`by`, event, epoch): Aalen-Johansen's share of neurons that died or were pruned.

    Whichever came first; the two shares and the share of survivors add up to 1. Columns: n (seeds),
    event, share, low, high; the band is from seeds drawn anew.
    """
    parts = []
    for level, rows in counts.groupby(list(by), observed=True):
        epochs, died, pruned, censored = count_by_seed(rows)
        risk = count_at_risk(died + pruned + censored)
        n = len(died)
        weights = seed_weights(n)
        one = np.ones((1, n))
        for event, happened in ((DIED, died), (PRUNED, pruned)):
            share, drawn = (
                aalen_johansen(w @ happened, w @ (died + pruned), w @ risk) for w in (one, weights)
            )
            low, high = bootstrap_interval(share[0], drawn, n)
            columns = {"epoch": epochs, "share": share[0], "low": low, "high": high}
            parts.append(name_level(by, level, n, columns).assign(event=event))
    return pd.concat(parts, ignore_index=True)


def count_by_seed(counts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the epochs from 0 to the last, and seeds x epochs the died, pruned and censored."""
    epochs = np.arange(counts["epoch"].max() + 1)
    seeds, row = np.unique(counts["seed"], return_inverse=True)
    full = np.zeros((3, len(seeds), len(epochs)))
    full[:, row, counts["epoch"]] = counts[[DIED, PRUNED, CENSORED]].to_numpy().T
    died, pruned, censored = full
    return epochs, died, pruned, censored


def count_at_risk(ended: np.ndarray) -> np.ndarray:
    """Return how many lives had not ended before each epoch, from how many end in each."""
    return np.cumsum(ended[..., ::-1], axis=-1)[..., ::-1]


def kaplan_meier(died: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Return the share that is alive after each epoch; 1 where none was ever at risk."""
    hazard = np.divide(died, risk, out=np.zeros_like(risk, dtype=float), where=risk > 0)
    return np.cumprod(1 - hazard, axis=-1)


def aalen_johansen(happened: np.ndarray, ended: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Return the share to which an event has happened first after each epoch."""
    free = kaplan_meier(ended, risk)
    before = np.concatenate([np.ones((*free.shape[:-1], 1)), free[..., :-1]], axis=-1)
    hazard = np.divide(happened, risk, out=np.zeros_like(risk, dtype=float), where=risk > 0)
    return np.cumsum(before * hazard, axis=-1)


def name_level(
    by: Sequence[str], level: object, n: int, columns: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Return the columns as a frame that says of which level they are."""
    keys = dict(zip(by, level if isinstance(level, tuple) else (level,), strict=True))
    return pd.DataFrame(keys | {"n": n} | columns)
