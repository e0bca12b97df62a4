"""The two parts of docs/extending.md: a user's own parts, and what is added to nvp itself."""

from tests.conftest import ROOT
from tests.docs.pages import Block, blocks

EXTENDING = ROOT / "docs/extending.md"
OWN, OF_NVP = "own", "of nvp"
BORDER = "## Adding to nvp itself\n"
CHAPTERS = {  # of the first one, by how their commands begin: those of one need no other one
    "study": ("python loudness.py", "nvp analyse loudness"),
    "others": ("python loudness.py --no-ray", "python -m pytest"),
    "loop": ("python deaths.py", "nvp analyse deaths", "python -c"),
}


def blocks_of(part: str) -> list[Block]:
    """Return the blocks of one part that the suite follows, in order."""
    text = EXTENDING.read_text()
    border = text[: text.index(BORDER)].count("\n")
    own, of_nvp = [], []
    for block in blocks(EXTENDING):
        if block.reason is None:
            (own if block.line < border else of_nvp).append(block)
    return {OWN: own, OF_NVP: of_nvp}[part]


def commands_of(chapter: str) -> list[str]:
    """Return the commands of the page that belong to one of `CHAPTERS`, in order."""
    shell = [block.text for block in blocks_of(OWN) if block.language == "sh"]
    return [line for line in "".join(shell).splitlines() if find_chapter(line) == chapter]


def find_chapter(command: str) -> str:
    """Return the one of `CHAPTERS` that a command belongs to: by the longest beginning."""
    beginnings = {
        beginning: chapter
        for chapter, of_chapter in CHAPTERS.items()
        for beginning in of_chapter
        if command.startswith(beginning)
    }
    assert beginnings, f"{command}: tests.docs.recipes.CHAPTERS says in which it is run"
    return beginnings[max(beginnings, key=len)]
