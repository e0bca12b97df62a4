"""Colours, markers and dashes, and how levels get theirs."""

from collections.abc import Sequence
from typing import Any

import seaborn as sns

MARKERS = ("o", "s", "^", "D", "v", "P")
PALETTE = sns.color_palette("colorblind").as_hex()
STATES = {"alive": "#d9dee3", "dead": PALETTE[3], "masked": "#1b2a41"}
EVENTS = {"died": PALETTE[3], "pruned": "#1b2a41"}
HEAT = "cividis"  # dark is little; the same to colour-blind readers
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)))
SIGNIFICANT = 0.05  # of p after Holm's correction: filled markers


def assign_colors(levels: Sequence[Any]) -> dict[Any, str]:
    """Return a colour for each of a few levels, told apart by colour-blind readers too."""
    return {one: PALETTE[i % len(PALETTE)] for i, one in enumerate(levels)}


def assign_ramp(levels: Sequence[Any]) -> dict[Any, str]:
    """Return a colour for each of some ordered levels, dark to light."""
    return dict(zip(levels, sns.color_palette("viridis", len(levels) + 1).as_hex(), strict=False))


def assign_looks(levels: Sequence[Any]) -> dict[Any, dict[str, Any]]:
    """Return colour, marker and dash of each level: numbers on a ramp, names by colour and marker.

    Ten colours; from the eleventh name on they come again with another marker and dash.
    """
    ordered = all(isinstance(one, int | float) for one in levels)
    color = assign_ramp(levels) if ordered else assign_colors(levels)
    return {
        one: {
            "color": color[one],
            "marker": MARKERS[(i if ordered else i + i // len(PALETTE)) % len(MARKERS)],
            "ls": "-" if ordered else DASHES[i // len(PALETTE) % len(DASHES)],
        }
        for i, one in enumerate(levels)
    }


def assign_markers(levels: Sequence[Any]) -> dict[Any, str]:
    """Return a marker for each of a few levels."""
    return {one: MARKERS[i % len(MARKERS)] for i, one in enumerate(levels)}
