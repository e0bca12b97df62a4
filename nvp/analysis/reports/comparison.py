"""`nvp compare A B`: two studies, or two versions of the code, side by side."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.answers.best_of_searches import keep_best
from nvp.analysis.answers.study_comparison import RESPONSES, StudyComparison, compare_studies
from nvp.analysis.frames.load import read_frames
from nvp.analysis.reports.comparison_words import (
    describe_equal_trials,
    describe_last_start,
    describe_levels,
    describe_pairing,
    describe_sides,
    list_base_differences,
)
from nvp.analysis.reports.pictures import encode_picture
from nvp.analysis.reports.report import render_page
from nvp.analysis.reports.tables import format_differences
from nvp.config.command_parser import CommandParser
from nvp.storage.studies import MONITOR, PRESETS, add_storage_argument, choose_preset

NAMES = {"death": "dead", "seconds": "seconds of a trial"}
ABOUT = "A is across, B is up, a dot per pair of trials; on the line they are equal."
ABOUT_CELLS = "A is across, B is up, a dot per cell: means over unlike seeds; on the line: equal."


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = CommandParser(
        prog="nvp compare",
        description="Put two studies, or one study by two versions of the code, side by side.",
    )
    about = (
        "a study: STUDY, or PLACE/STUDY or PLACE/STUDY/PRESET of another storage; with @HASH at "
        "its end only trials that this version of the code made (or @unknown)"
    )
    parser.add_argument("first", metavar="A", help=about)
    parser.add_argument("second", metavar="B", help=about)
    add_storage_argument(parser, "where studies without PLACE are")
    parser.add_argument(
        "--all", action="store_true", help="also trials of earlier plans and of one-off runs"
    )
    parser.add_argument(
        "--out", default="", metavar="FOLDER", help="where to write (default: compare in A's)"
    )
    return parser


def write_comparison(argv: Sequence[str] | None) -> list[str]:
    """Compare, write figure, table and page; return the lines to print."""
    arguments = build_parser().parse_args(argv)
    named = [locate_study(text, arguments.storage) for text in (arguments.first, arguments.second)]
    first, second = (
        read_frames(*where[:3], everything=arguments.all, code=where[3]) for where in named
    )
    by_code = named[0][:3] == named[1][:3] and named[0][3] != named[1][3]
    (first, second), best = keep_best(first, second)
    found = compare_studies(first, second, unpaired=by_code or bool(best))
    place, study, *_ = named[0]
    below = Path("results" if "://" in place else place) / study / "compare"
    folder = Path(arguments.out) if arguments.out else below
    with style.paper_style():
        figure = draw_pairs(found)
    files = style.save_figure(figure, folder, "compare", found.pairs)
    said = [*best, *describe_levels(found), *describe_sides(first, second)]
    text = render_page(
        "comparison.html.j2",
        names=[name_side(where) for where in named],
        picture=encode_picture(files[0]),
        alt=style.describe_figure(figure),
        sides=[describe_last_start(frames) for frames in (first, second)],
        base=list_base_differences(first, second, found.levels),
        how=describe_pairing(found),
        said=said,
        table=format_differences(found.table),
        same=describe_equal_trials(found),
    )
    (folder / "compare.html").write_text(text, encoding="utf-8")
    counts = found.table.groupby(["response", "verdict"], sort=False).size()
    lines = [
        f"{style.axis_label(NAMES.get(str(r), str(r)))}: {v} in {n} cells"
        for (r, v), n in counts.items()
    ]
    return [
        *map(str, files),
        *said,
        describe_equal_trials(found),
        *lines,
        f"page: {folder / 'compare.html'}",
    ]


def locate_study(text: str, storage: str) -> tuple[str, str, str, str]:
    """Return (place, study, preset, version of the code) of what a user names.

    Raises:
        ValueError: there is no such study, or nothing stands after its "@".
    """
    *before, last = text.rstrip("/").split("/")
    last, at, code = last.partition("@")  # a place may have an "@" of its own
    if at and not code:
        raise ValueError(f"compare: expected a version of the code after '@', got {text!r}")
    preset = "auto"
    if last in (*PRESETS, MONITOR) and before:
        preset, last = last, before.pop()
    place = "/".join(before) or ("/" if text.startswith("/") else storage)
    return place, last, choose_preset(place, last, preset)[0], code


def name_side(where: tuple[str, str, str, str]) -> str:
    """Return what a user would write to name a side."""
    *parts, code = where
    return "/".join(parts) + (f"@{code}" if code else "")


def draw_pairs(found: StudyComparison) -> Figure:
    """Draw a panel per response, a dot per pair."""
    shown = [one for one in RESPONSES if (found.pairs["response"] == one).any()]
    figure = style.new_figure(style.PAGE, 2.6)
    for axes, response in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        rows = found.pairs[found.pairs["response"] == response]
        low = float(rows[["first", "second"]].min(axis=None))
        high = float(rows[["first", "second"]].max(axis=None))
        axes.axline((low, low), slope=1, color="0.6", lw=0.8, zorder=1)
        axes.scatter(rows["first"], rows["second"], s=10, alpha=0.7, lw=0, color=style.PALETTE[0])
        edge = 0.05 * (high - low) or 0.05
        axes.set(xlim=(low - edge, high + edge), ylim=(low - edge, high + edge), aspect="equal")
        name = found.definition if response == "death" else NAMES.get(response, response)
        axes.set_title(fill(style.axis_label(name), 16), fontsize=7)
        axes.set_xlabel("A")
        axes.locator_params(nbins=3)
    figure.axes[0].set_ylabel("B")
    pairs = found.pairs.groupby("response").size().max()
    about, what = (ABOUT, "pairs") if found.paired else (ABOUT_CELLS, "cells")
    note = f"{about} n = {pairs} {what}, by {', '.join(found.keys) or 'nothing'}."
    style.write_note(figure, " ".join([note, *describe_levels(found)]))
    return figure
