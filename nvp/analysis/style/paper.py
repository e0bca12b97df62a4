"""A figure on paper: its size and fonts, its title, legend and note, and how it is saved."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

COLUMN, PAGE = 3.4, 7.0  # widths of one and of two columns of a paper, inches
DPI = 300  # of a PNG

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


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches; draw inside `paper_style`."""
    return Figure(figsize=(width, height), layout="constrained")


def write_legend(figure: Figure, handles: Sequence[Any], names: Sequence[str]) -> None:
    """Write a legend over the figure, in as many columns as its width holds."""
    if names:
        wide = 0.4 + 0.06 * max(map(len, names))  # inches of an entry, its line and gap included
        columns = max(1, min(len(names), int(figure.get_figwidth() / wide)))
        columns = -(-len(names) // -(-len(names) // columns))  # rows of about equal length
        figure.legend(handles, names, loc="outside upper center", ncols=columns)


def write_note(figure: Figure, text: str) -> None:
    """Write what a reader must know under the figure: n, what an interval is, what is left out."""
    # 18 characters of 7 pt to the inch, so that the widest text ends within the figure
    whole = text.replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")
    lines = fill(whole, int(figure.get_figwidth() * 18)).replace("\N{NO-BREAK SPACE}=", " =")
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
    """Write a figure as PNG (300 dpi) and SVG and the frame behind it as CSV; return the paths.

    A frame without columns has no CSV.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.{suffix}" for suffix in ("png", "svg", "csv")]
    with paper_style():
        figure.savefig(paths[0], dpi=DPI)
        figure.set_layout_engine("none")  # as laid out above: once is enough
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    paths[1].write_text(drawn.getvalue(), encoding="utf-8")
    if not len(frame.columns):
        paths[2].unlink(missing_ok=True)  # of an earlier drawing
        return paths[:2]
    frame.to_csv(paths[2], index=False)
    return paths
