"""The only home of colours, sizes and orders, and of saving a figure; `words` has the names."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from nvp.analysis.style.words import LABELS, LAYERS, METHODS, SYMBOLS
from nvp.storage.schema import TABLES

COLUMN, PAGE = 3.4, 7.0  # widths of one and of two columns of a paper, inches
DPI = 300  # of a PNG
MARKERS = ("o", "s", "^", "D", "v", "P")
PALETTE = sns.color_palette("colorblind").as_hex()
STATES = {"alive": "#d9dee3", "dead": PALETTE[3], "masked": "#1b2a41"}

EVENTS = {"died": PALETTE[3], "pruned": "#1b2a41"}
HEAT = "cividis"  # dark is little; the same to colour-blind readers
DIVERGING = "RdBu_r"
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)))
SIGNIFICANT = 0.05  # of p after Holm's correction: filled markers

RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.title_fontsize": 7.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.3,
    "figure.dpi": 150,
    "svg.hashsalt": "nvp",
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Set fonts and lines for print at the width of a paper's column."""
    with matplotlib.rc_context(RC):
        yield


def axis_label(key: str) -> str:
    """Return the axis label of a configuration key or a column, unit included."""
    if key in LABELS:
        return LABELS[key]
    for schema in TABLES.values():
        if key in schema.names:
            about = {k.decode(): v.decode() for k, v in schema.field(key).metadata.items()}
            return f"{about['meaning']} ({about['unit']})" if about["unit"] else about["meaning"]
    return key


SHORT = {
    "dead": "strictly dead\n(fraction of kept)",
    "dormant_0025": "dormant, τ = 0.025\n(fraction of kept)",
    "ever_died": "ever died\n(fraction of neurons)",
    "first_death": "first death, median\n(epoch)",
    "entropy": "activation entropy\n(fraction)",
    "test_accuracy": "test accuracy\n(fraction)",
    "sparsity": "sparsity reached\n(fraction of units)",
    "weight_sparsity": "weight sparsity\n(fraction of weights)",
}


def short_label(key: str) -> str:
    """Return a label for a narrow panel or a row, the unit on a line of its own."""
    return SHORT.get(key, axis_label(key).replace(" (", "\n("))


def upright_label(key: str) -> str:
    """Return the label of a y axis: the unit on a line of its own, so that it fits the height."""
    return axis_label(key).replace(" (", "\n(")


def level_text(key: str, value: Any) -> str:
    """Return a level of a configuration key with the key's short name, unbroken: "σ = 0.5"."""
    text = f"{SYMBOLS.get(key, key.rpartition('.')[2])} = {value_text(value, key)}"
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def value_text(value: Any, key: str = "prune.method") -> str:
    """Return a value as a reader writes it: a method by its name, a number without zeros."""
    if isinstance(value, str):
        return METHODS.get(value, value) if key == "prune.method" else value or "the method's"
    return f"{value:g}"


def level_name(key: str, value: Any) -> str:
    """Return a level for a legend or a title: a name by itself, a number as in `level_text`."""
    return value_text(value, key) if isinstance(value, str) else level_text(key, value)


def layer_name(layer: str) -> str:
    """Return the name of a layer in a legend: conv1 -> conv 1."""
    word = layer.rstrip("0123456789")
    return LAYERS.get(layer, f"{word} {layer[len(word) :]}".strip())


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


def write_legend(figure: Figure, handles: Sequence[Any], names: Sequence[str]) -> None:
    """Write a legend over the figure, in as many columns as its width holds."""
    if names:
        wide = 0.4 + 0.06 * max(map(len, names))  # inches of an entry, its line and gap included
        columns = max(1, min(len(names), int(figure.get_figwidth() / wide)))
        columns = -(-len(names) // -(-len(names) // columns))  # rows of about equal length
        figure.legend(handles, names, loc="outside upper center", ncols=columns)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches; draw inside `paper_style`."""
    return Figure(figsize=(width, height), layout="constrained")


def write_note(figure: Figure, text: str) -> None:
    """Write what a reader must know under the figure: n, what an interval is, what is left out."""
    # 20 characters of 7 pt to the inch, so that the text never sets the width
    whole = text.replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    lines = fill(whole, int(figure.get_figwidth() * 20)).replace("\N{NO-BREAK SPACE}=", " =")
    lines = lines.replace("=\N{NO-BREAK SPACE}", "= ")
    figure.supxlabel(lines, x=0.01, ha="left", fontsize=7)


def write_title(figure: Figure, text: str) -> None:
    """Write a title over the figure, broken to its width."""
    figure.suptitle(fill(text, int(figure.get_figwidth() * 14)), fontsize=8)


def describe_figure(figure: Figure) -> str:
    """Return what a figure shows, in words: its axes and its note."""
    sides = [(axes.get_ylabel(), axes.get_xlabel()) for axes in figure.axes]
    shared = (figure.get_supylabel(), "")
    shown = [f"{y} against {x}" if x and y else x or y for y, x in [shared, *sides]]
    parts = dict.fromkeys(" ".join(text.split()) for text in shown if text)
    return " ".join([*(f"{part}." for part in parts), *figure.get_supxlabel().split()])


def save_figure(figure: Figure, folder: Path, name: str, frame: pd.DataFrame) -> list[Path]:
    """Write a figure as PNG (300 dpi) and SVG and the frame behind it as CSV; return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{suffix}" for suffix in ("png", "svg", "csv")]
    with paper_style():
        figure.savefig(paths[0], dpi=DPI)
        figure.set_layout_engine("none")  # as laid out above: once is enough
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    paths[1].write_text(drawn.getvalue(), encoding="utf-8")
    frame.to_csv(paths[2], index=False)
    return paths
