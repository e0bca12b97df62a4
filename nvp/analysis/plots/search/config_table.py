"""The keys of configurations as a table: text beside the rows of a panel."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes

from nvp.analysis import style
from nvp.analysis.searches.captions import round_level
from nvp.analysis.searches.searched import Searched
from nvp.analysis.style.words import SYMBOLS

INCH = 17.5  # characters of the table to the inch
SIZE = 6.8  # points
LONGEST = 18  # characters of a value
HEAD = 19  # points of a line of heads
GAP = 2  # characters between two columns
Column = list[str]  # its head, then a text per row


def make_columns(searched: Searched, numbers: Sequence[int]) -> list[Column]:
    """Return the columns of a table: the numbers of configurations, then each key that is set."""
    columns = [["asked\nas no.", *map(str, numbers)]]
    for key in searched.keys:
        values = [searched.cells.at[number, key] for number in numbers]
        if any(value is not None for value in values):
            columns.append([name_key(key), *(write_value(value, key) for value in values)])
    return columns


def name_key(key: str) -> str:
    """Return the head of a key's column, in lines."""
    name = SYMBOLS.get(key, key.rpartition(".")[2].replace("_", " "))
    return "\n".join(wrap(name, 10))


def write_value(value: Any, key: str) -> str:
    """Return a value as a short text; a dash where the key does not apply."""
    if value is None:
        return "–"
    text = style.value_text(round_level(value), key)
    text = text.rpartition(":")[2] if isinstance(value, str) else text
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def arrange_columns(columns: Sequence[Column], width: float) -> list[list[tuple[float, Column]]]:
    """Return the lines of a row: (place in inches, column) of each; more than one where it takes.

    Args:
        columns: the table's.
        width: of a line, inches.
    """
    lines: list[list[tuple[float, Column]]] = [[]]
    at = 0.0
    for column in columns:
        wide = max(len(line) for text in column for line in text.split("\n")) + GAP
        if lines[-1] and at + (wide - GAP) / INCH > width:
            lines.append([])
            at = 2 * GAP / INCH  # below the first key, not below the number
        lines[-1].append((at, column))
        at += wide / INCH
    return lines


def measure_lines(lines: Sequence[Sequence[tuple[float, Column]]]) -> float:
    """Return the width of the widest line, inches."""
    ends = []
    for line in lines:
        at, column = line[-1]
        ends.append(at + max(len(part) for text in column for part in text.split("\n")) / INCH)
    return max(ends)


def write_table(axes: Axes, lines: Sequence[Sequence[tuple[float, Column]]], width: float) -> None:
    """Write a table into empty axes whose rows are at y = 0, 1, ...; heads stand above row 0."""
    axes.set_axis_off()
    axes.set_xlim(0, width)
    for i, line in enumerate(lines):
        for at, (head, *texts) in line:
            beside = (i - (len(lines) - 1) / 2) / (len(lines) + 0.4)
            for row, text in enumerate(texts):
                axes.text(at, row + beside, text, fontsize=SIZE, va="center")
            axes.annotate(
                head,
                (at, -0.5),
                xytext=(0, HEAD * (len(lines) - 1 - i)),
                textcoords="offset points",
                fontsize=SIZE,
                va="bottom",
                color="0.35",
                linespacing=1.1,
            )
