"""The table of overlaps on the terminal: the criteria of a granularity against each other."""

import sys
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from nvp.pruning.rankings import Ranking

WIDTH = 160  # characters, of output into a file or a pipe; a terminal has its own width


@dataclass(frozen=True)
class Comparison:
    """The rankings of one granularity, and how they overlap.

    Attributes:
        granularity: "neuron" or "weight".
        rankings: one for each criterion that could rank.
        skipped: {criterion: why it could not}.
        by_index: for each ranking, the share of what it would mask that ties leave to the index;
            None where it would mask nothing.
        rows: one for each pair of rankings.
    """

    granularity: str
    rankings: list[Ranking]
    skipped: dict[str, str]
    by_index: list[float | None]
    rows: list[dict[str, Any]]


def print_comparisons(title: str, found: list[Comparison]) -> None:
    """Print a table for each granularity."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    console.print(title)
    for each in found:
        console.print(make_table(each))
        for name, reason in each.skipped.items():
            console.print(f"skipped: {name} - {reason}")
        if each.rankings and not any(share is not None for share in each.by_index):
            console.print("nothing more would be masked: ask for a higher --sparsity")
    console.print(
        "above the diagonal: Jaccard of what would be masked; below: Kendall's tau-b, mean over "
        "layers;\nindex: share of what it would mask that ties leave to the index; * remembers "
        "earlier points"
    )


def make_table(found: Comparison) -> Table:
    """Return the table of one granularity: a row and a column for each criterion."""
    table = Table(title=f"criteria of {found.granularity}s", box=None, pad_edge=False)
    for heading in ("", "criterion", "index", *map(str, range(1, len(found.rankings) + 1))):
        table.add_column(heading, justify="left" if heading == "criterion" else "right")
    values: dict[tuple[str, str], float | None] = {}
    for row in found.rows:
        a, b = row["criterion_a"], row["criterion_b"]
        values |= {(a, b): row["jaccard"], (b, a): row["kendall"]}
    names = [ranking.criterion for ranking in found.rankings]
    for number, (ranking, ties) in enumerate(zip(found.rankings, found.by_index, strict=True), 1):
        cells = [format_overlap(values.get((ranking.criterion, other))) for other in names]
        cells[number - 1] = "·"
        mark = "*" if ranking.remembers else ""
        table.add_row(str(number), ranking.criterion + mark, format_overlap(ties), *cells)
    return table


def format_overlap(value: float | None) -> str:
    """Return two decimals without the 0 before the point; "-" for none."""
    return "-" if value is None else f"{value:.2f}".replace("0.", ".", 1)
