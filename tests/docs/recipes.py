"""The two parts of docs/extending.md: a user's own parts, and what is added to nvp itself."""

from tests.conftest import ROOT
from tests.docs.pages import Block, blocks

EXTENDING = ROOT / "docs/extending.md"
OWN, OF_NVP = "own", "of nvp"
BORDER = "## Adding to nvp itself\n"


def blocks_of(part: str) -> list[Block]:
    """Return the blocks of one part that the suite follows, in order."""
    text = EXTENDING.read_text()
    border = text[: text.index(BORDER)].count("\n")
    own, of_nvp = [], []
    for block in blocks(EXTENDING):
        if block.reason is None:
            (own if block.line < border else of_nvp).append(block)
    return {OWN: own, OF_NVP: of_nvp}[part]
