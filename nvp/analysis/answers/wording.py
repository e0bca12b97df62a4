"""Contrasts and answers in words."""

from typing import Any

import pandas as pd

from nvp.analysis import style

RULES = (
    "Paired by seed; 95 % t-interval of the difference; p as it is, and by Holm over all "
    "exploratory lines. Undecided: neither a difference is shown, nor that it lies within a margin."
)
NOTHING = "There is nothing to compare: one level of each key."


def describe_contrast(key: str, reference: Any, other: Any, where: dict[str, Any]) -> str:
    """Return which levels are compared, and of which trials: "σ = 3 minus 0, unpruned"."""
    fixed = [
        style.value_text(level, key) if isinstance(level, str) else style.level_text(key, level)
        for key, level in where.items()
    ]
    minus = f"{style.level_text(key, other)} minus {style.value_text(reference, key)}"
    return ", ".join([minus, *fixed])


def write_answer(table: pd.DataFrame) -> list[str]:
    """Return the answer as lines: a heading per quantity, a line per comparison."""
    if table.empty:
        return [NOTHING]
    lines = [RULES]
    for (value, contrast, role), rows in table.groupby(["value", "contrast", "role"], sort=False):
        lines.append(f"{style.axis_label(str(value))}, {contrast} ({role}):")
        lines += [f"  {row['at']}: {format_row(row)}" for row in rows.to_dict("records")]
    return lines


def format_row(row: dict[str, Any]) -> str:
    """Return the numbers of one comparison and its verdict."""
    return f"{format_difference(row)}: {row['verdict']}" if row["n"] else row["verdict"]


def format_difference(row: dict[str, Any]) -> str:
    """Return the numbers of one comparison."""
    pairs = f"{row['n']} pair" + ("s" if row["n"] > 1 else "")
    text = f"{row['mean']:+.3f}"
    if row["n"] > 1:
        text += f" [{row['low']:+.3f}, {row['high']:+.3f}]"
    p = "" if pd.isna(row["p"]) else f", p = {row['p']:.2g}"
    if not pd.isna(row["p_holm"]) and row["p_holm"] != row["p"]:
        p += f", {row['p_holm']:.2g} by Holm"
    return f"{text} ({pairs}{p})"
