"""Which trials and epochs a page shows where there are more than a browser draws at once. Pure."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

MOST_TRIALS = 2000
MOST_CURVE_EPOCHS, MOST_MAP_EPOCHS = 40, 20
SEED = 0


def sample_trials(trials: pd.DataFrame, most: int = MOST_TRIALS) -> pd.DataFrame:
    """Return `most` of the trials, picked at random, the same ones each time; in their order."""
    if len(trials) <= most:
        return trials
    picked = np.random.default_rng(SEED).choice(len(trials), most, replace=False)
    return trials.iloc[np.sort(picked)]


def sample_epochs(epochs: Sequence[int], most: int) -> list[int]:
    """Return `most` of some epochs, spread evenly by rank, the first and the last among them."""
    there = sorted(set(epochs))
    if len(there) <= most:
        return there
    return [there[i] for i in np.linspace(0, len(there) - 1, most).round().astype(int)]
