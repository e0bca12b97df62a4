"""Counts of what went wrong, by kind of fault, and the table that is printed."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

COLUMNS = (
    "tried",
    "wrong tables",
    "silent acceptances",
    "tracebacks",
    "aborts",
    "hangs",
    "drivers without a last line",
    "wrong exit codes",
)
SHOWN = 3  # examples of a kind of fault


@dataclass
class Tally:
    """Counts {kind of fault: {column: how often}}; changed in place."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    notes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, found: Counter[str] | dict[str, int], note: str = "") -> None:
        """Count one fault that was tried, and what went wrong with it."""
        self.counts[kind]["tried"] += 1
        self.counts[kind].update(found)
        if note and any(found.values()):
            self.notes[kind].append(f"{describe_counts(found)}: {note}")

    def total(self, column: str) -> int:
        """Return the sum of a column over all kinds of fault."""
        return sum(counts[column] for counts in self.counts.values())

    @property
    def is_clean(self) -> bool:
        """Whether something was tried, and nothing went wrong."""
        wrong = sum(self.total(column) for column in COLUMNS[1:])
        return wrong == 0 and bool(self.counts) and all(c["tried"] for c in self.counts.values())

    def write_table(self) -> str:
        """Return the table, a row for each kind of fault, as in a page of docs."""
        lines = [f"| kind of fault | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
        for kind, counts in self.counts.items():
            lines.append(f"| {kind} | {' | '.join(str(counts[c]) for c in COLUMNS)} |")
        sums = " | ".join(str(self.total(column)) for column in COLUMNS)
        return "\n".join([*lines, f"| all | {sums} |"])

    def write_examples(self) -> str:
        """Return a few of the faults that went wrong, by kind."""
        return "\n".join(
            f"    {kind}: {note}" for kind, notes in self.notes.items() for note in notes[:SHOWN]
        )

    def write_last_line(self) -> str:
        """Return the line that says it all; zeros, and exit code 0, when all is well."""
        names = ("wrong tables", "silent acceptances", "drivers without a last line", "hangs")
        parts = [f"{name} {self.total(name)}" for name in names]
        rest = sum(self.total(column) for column in COLUMNS[1:] if column not in names)
        also = f" (and {rest} tracebacks, aborts or wrong exit codes)" if rest else ""
        return ", ".join(parts) + also


def describe_counts(found: Counter[str] | dict[str, int]) -> str:
    """Return what went wrong in words: "1 wrong tables, 2 tracebacks"."""
    return ", ".join(f"{count} {column}" for column, count in found.items() if count)
