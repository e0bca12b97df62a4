"""A logarithmic axis of a narrow panel: as many numbers as stand side by side."""

import math
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

STEPS = ((1, 2, 5), (1, 3), (1,))  # within a decade


def space_decades(axes: Axes, room: int) -> None:
    """Give the x axis a logarithmic scale, with numbers that do not touch.

    Changes the axes, whose limits have to be positive and final; `room` characters fit below them.
    """
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(choose_ticks(*axes.get_xlim(), room)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def choose_ticks(low: float, high: float, room: int) -> list[float]:
    """Return round numbers within two limits that do not touch on an axis `room` characters long.

    One between the limits, where no two have room or none is there.
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    length = room / math.log10(high / low)  # characters of a decade
    ticks: list[float] = []
    for steps in STEPS:
        round_numbers = [float(f"{step}e{decade}") for decade in decades for step in steps]
        ticks = [one for one in round_numbers if low <= one <= high]
        if len(ticks) > 1 and stand_apart(ticks, length):
            return ticks
    while not stand_apart(ticks, length):
        ticks = ticks[::2]
    return ticks or [float(f"{math.sqrt(low * high):.2g}")]


def stand_apart(ticks: list[float], length: float) -> bool:
    """Whether there is a space between numbers on an axis with `length` characters a decade."""
    return all(
        length * math.log10(right / left) >= (len(f"{left:g}") + len(f"{right:g}")) / 2 + 1
        for left, right in pairwise(ticks)
    )
