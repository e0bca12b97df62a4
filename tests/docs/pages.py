"""README.md and docs/*.md as blocks of code, each with the comment that stands above it."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(
    r"^(?P<indent> *)(?:<!-- not run: (?P<reason>.*?) -->\n *)?"
    r"```(?P<language>\w*)\n(?P<text>.*?)^ *```$",
    flags=re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        page: the file it stands in.
        line: the number of its first line, from 1.
        language: what stands behind the fence, e.g. "python".
        text: the code.
        reason: why the suite does not run it; None = it does.
    """

    page: Path
    line: int
    language: str
    text: str
    reason: str | None

    @property
    def name(self) -> str:
        """Return where it stands, e.g. docs/results.md:30."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str:
        """Return the path in the first line of a block that is a whole file; "" for others."""
        found = re.match(r"# (\S+\.py)\n", self.text)
        return found[1] if found else ""


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in order."""
    text = page.read_text()
    return [
        Block(page, text[: m.start("text")].count("\n") + 1, m["language"], m["text"], m["reason"])
        for m in FENCE.finditer(text)
    ]
