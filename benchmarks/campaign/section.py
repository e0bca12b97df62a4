"""The section of docs/benchmarks.md that the merge writes, between two comments."""

from typing import Any

import pandas as pd

START = "<!-- made by make campaign-merge -->"
END = "<!-- end of what make campaign-merge makes -->"


def write_section(page: str, records: list[dict[str, Any]], directions: pd.DataFrame) -> str:
    """Return the page with its section made anew.

    Raises:
        ValueError: when the page has no such section.
    """
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"expected {START} and {END} in docs/benchmarks.md, found no such section")
    parts = [list_machines(records), list_items(records), list_bars(records)]
    parts += [list_readings(records), list_directions(directions)]
    return (
        f"{before}{START}\n\n" + "\n\n".join(part for part in parts if part) + f"\n\n{END}{after}"
    )


def list_machines(records: list[dict[str, Any]]) -> str:
    """Return a sentence about the devices."""
    machines = {
        f"{m['device']}, torch {m['torch']}, CUDA {m['cuda']}, {m['cores']} cores, {m['date']}"
        for m in (record["machine"] for record in records)
    }
    return "Measured on: " + "; ".join(sorted(machines)) + "."


def list_items(records: list[dict[str, Any]]) -> str:
    """Return the table of items."""
    rows = [f"| {r['item']} | {r['status']} | {r['seconds']:.0f} |" for r in records]
    return "\n".join(["| item | status | seconds |", "|---|---|---|", *rows])


def list_bars(records: list[dict[str, Any]]) -> str:
    """Return the table of bars; "" when there is none."""
    rows = [
        f"| `{bar['name']}` | {bar['target']} | {bar['measured']:.4g} | {bar['holds']} |"
        for record in records
        for bar in record["bars"]
    ]
    return "\n".join(["| bar | target | measured | |", "|---|---|---|---|", *rows]) if rows else ""


def list_readings(records: list[dict[str, Any]]) -> str:
    """Return what the measurements printed beside their bars."""
    lines = [
        line.strip()
        for record in records
        if record["stage"] == "measurements"
        for line in record["output"].splitlines()
        if line.startswith("    ") and ":" in line
    ]
    return "\n".join(["```", *lines, "```"]) if lines else ""


def list_directions(directions: pd.DataFrame) -> str:
    """Return the comparisons of the quick studies on both devices."""
    if directions.empty:
        return "No quick study of a CPU was at hand to compare with."
    counts = directions["direction"].value_counts()
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    rows = [
        f"| {r['study']} | {r['value']}: {r['contrast']}, {r['at']} | {r['mean_cpu']:+.3f} | "
        f"{r['mean_gpu']:+.3f} | {r['direction']} |"
        for r in directions.to_dict("records")
    ]
    head = ["| study | comparison | CPU | GPU | direction |", "|---|---|---|---|---|"]
    return "\n".join([f"Quick studies, GPU against CPU: {said}.", "", *head, *rows])
