"""The top of README.md: the figure of one study on real data, and its answer."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.documents.findings import Told
from benchmarks.made_parts import fill

STUDY = "learning_rate"


def write_front(findings: Sequence[Told], root: Path) -> None:
    """Bring the part of README.md up to date; nothing changes without that study."""
    readme = root / "README.md"
    for told in findings:
        if told.name == STUDY:
            text = fill(readme.read_text(), "front", tell_front(told), by="make docs")
            readme.write_text(text, encoding="utf-8")


def tell_front(told: Told) -> str:
    """Return the figure, the answer, and what ran."""
    answer = f"**{told.ask}** {' '.join(told.sentences)}"
    ran = f"Ran: {told.ran}; mean test accuracy without pruning {told.accuracy}."
    return f"![{told.alt}](docs/{told.picture})\n\n{answer} {ran}"
