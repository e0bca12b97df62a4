"""Colours, markers and dashes, and how levels get theirs: one colour has one meaning in a report.

Death is vermilion and what pruning removed is dark blue in every figure, unpruned is grey. Names
have the other colours of a palette that colour-blind readers tell apart. Numbers of a key have a
ramp, those of another key another one, and layers one of their own. `plots.panels.looks` keeps a
level's colour through all figures of a study.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import seaborn as sns

MARKERS = ("o", "s", "^", "D", "v", "P")
PALETTE = sns.color_palette("colorblind").as_hex()
DEAD, MASKED, UNPRUNED = PALETTE[3], "#1b2a41", "#8a939d"
NEUTRAL = "#3f4f63"  # of marks that stand for no level
NAMES = tuple(PALETTE[i] for i in (0, 1, 2, 4, 9, 5, 6, 8))  # without vermilion and grey
STATES = {"alive": "#d9dee3", "dead": DEAD, "masked": MASKED}
EVENTS = {"died": DEAD, "pruned": MASKED}
METHODS = {"none": UNPRUNED, "dead": MASKED}  # what both are called is in `words`
RAMPS = ("viridis", "flare", "copper")  # of the first key with numbers, the second, the third
OF_LAYERS = "PuRd_r"
HEAT = "cividis"  # dark is little; the same to colour-blind readers
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)))
SIGNIFICANT = 0.05  # of p after Holm's correction: filled markers


def assign_colors(levels: Sequence[Any], *, first: int = 0) -> dict[Any, str]:
    """Return a colour for each of a few names, from the one at place `first` of the palette on."""
    return {one: NAMES[(first + i) % len(NAMES)] for i, one in enumerate(levels)}


def assign_ramp(levels: Sequence[Any], *, ramp: int = 0) -> dict[Any, str]:
    """Return a colour for each of some ordered levels, dark to light, on one of RAMPS."""
    colors = sns.color_palette(RAMPS[ramp % len(RAMPS)], len(levels) + 1).as_hex()
    return dict(zip(levels, colors, strict=False))


def color_layers(layers: Sequence[str]) -> dict[str, str]:
    """Return a colour for each layer, dark to light from the input on."""
    colors = sns.color_palette(OF_LAYERS, len(layers) + 2).as_hex()
    return dict(zip(layers, colors, strict=False))


def assign_looks(
    levels: Sequence[Any], *, ramp: int = 0, first: int = 0, fixed: Mapping[Any, str] | None = None
) -> dict[Any, dict[str, Any]]:
    """Return colour, marker and dash of each level: numbers on a ramp, names by colour and marker.

    Eight colours; from the ninth name on they come again with another marker and dash.

    Args:
        levels: of one key.
        ramp: place in RAMPS, where they are numbers.
        first: place of the first colour, where they are names.
        fixed: colours of names that have their own, such as METHODS.
    """
    own = dict(fixed or {})
    ordered = all(isinstance(one, int | float) for one in levels)
    names = [one for one in levels if one not in own]
    color = assign_ramp(levels, ramp=ramp) if ordered else assign_colors(names, first=first) | own
    again = {one: 0 if ordered else i // len(NAMES) for i, one in enumerate(names)}
    return {
        one: {
            "color": color[one],
            "marker": MARKERS[(i + again.get(one, 0)) % len(MARKERS)],
            "ls": DASHES[again.get(one, 0) % len(DASHES)],
        }
        for i, one in enumerate(levels)
    }


def assign_markers(levels: Sequence[Any]) -> dict[Any, str]:
    """Return a marker for each of a few levels."""
    return {one: MARKERS[i % len(MARKERS)] for i, one in enumerate(levels)}
