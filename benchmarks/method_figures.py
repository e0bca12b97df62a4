"""The figure of each card of docs/methods: sparsity and validation accuracy against the epoch."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.method_results import CONTROLS, SETTING, sparsity_column
from benchmarks.small_picture import reduce_colors
from nvp.analysis import style
from nvp.pruning import METHODS

UNPRUNED, CONTROL, METHOD = "#9aa3ab", style.PALETTE[1], style.PALETTE[0]
WIDTH, HEIGHT, DPI = 9.0, 3.3, 100
Lines = dict[str, tuple[str, Literal["-", "--"]]]


def draw_methods(results: Path, folder: Path, names: Iterable[str] = METHODS) -> None:
    """Write a figure of each method, from the results, as FOLDER/METHOD.png."""
    frame = pd.read_csv(results)
    folder.mkdir(parents=True, exist_ok=True)
    with style.paper_style():
        for name in names:
            draw_method(frame, name, folder / f"{name}.png")


def draw_method(frame: pd.DataFrame, name: str, path: Path) -> None:
    """Write the figure of a method: a line per seed, its control dashed, the unpruned in grey."""
    weights = METHODS[name].granularity == "weight"
    control = CONTROLS[METHODS[name].granularity]
    figure = style.new_figure(WIDTH, HEIGHT)
    left, right = figure.subplots(1, 2)
    lines: Lines = {"none": (UNPRUNED, "-"), control: (CONTROL, "--")}
    lines[name] = (METHOD, "-")
    if name == "none":
        lines = {"none": (UNPRUNED, "-")}
    for method, (color, dashes) in lines.items():
        runs = frame[frame["method"] == method]
        if method != "none" or name == "none":
            draw_runs(left, runs, sparsity_column(name), color, dashes)
        draw_runs(right, runs, "val_accuracy", color, dashes)
    left.set(ylabel=f"{'weights' if weights else 'neurons'} masked (fraction)", ylim=(-0.02, 1.03))
    right.set(ylabel=style.axis_label("val_accuracy"), ylim=(0, 1.03))
    for axes in (left, right):
        axes.set(xlabel="epoch", xlim=(0, SETTING["epochs"]))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y", color="#e6e9ec", linewidth=0.6)
    names = {name: name, "none": "unpruned"}
    handles = [Line2D([], [], color=c, linestyle=d) for c, d in lines.values()]
    labels = [names.get(method, f"{method} (control)") for method in lines]
    left.set_title(f"{name}, a line per seed", loc="left")
    figure.legend(handles, labels, loc="outside upper right", ncols=3)
    save(figure, path)


def save(figure: Figure, path: Path, dpi: int = DPI, about: PngInfo | None = None) -> None:
    """Write a figure as a small PNG."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=dpi)
    reduce_colors(Image.open(drawn)).save(path, optimize=True, pnginfo=about)


def draw_runs(axes: Axes, runs: pd.DataFrame, column: str, color: str, dashes: str) -> None:
    """Draw a column against the epoch, a line per seed."""
    for _, run in runs.groupby("seed"):
        axes.plot(run["epoch"], run[column], color=color, linestyle=dashes, alpha=0.85)
