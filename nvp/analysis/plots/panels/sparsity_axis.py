"""An axis of sparsities: once they come near 1, each step towards it is as wide as the last."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

HIGH = 0.85  # from here on a linear axis tells 0.95 and 0.98 no longer apart
MOST = 0.9999  # what is drawn of 1
TICKS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999)
SPARSITIES = ("sparsity", "weight_sparsity")


def spread_sparsity(axes: Axes, values: pd.Series) -> bool:
    """Give the x axis a scale on which what is left halves in even steps, if a value is HIGH.

    Changes the axes. Returns whether it did.
    """
    most = values.max()
    if not most >= HIGH:
        return False
    axes.set_xscale("function", functions=(spread, gather))
    right = min(MOST, 1 - (1 - min(most, MOST)) / 1.25)
    axes.set_xlim(0, right)
    ticks = [tick for tick in TICKS if tick <= right]
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    return True


def spread(sparsity: np.ndarray) -> np.ndarray:
    """Return -log10 of what is left."""
    return -np.log10(1 - np.minimum(sparsity, MOST))


def gather(place: np.ndarray) -> np.ndarray:
    """Return the sparsity at a place: the inverse of `spread`."""
    return 1 - 10.0 ** -np.asarray(place)
