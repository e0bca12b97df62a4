"""Links between files of the repository become links between pages of the site."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

FENCE = re.compile(r"^( *)```.*?^\1```$", flags=re.DOTALL | re.MULTILINE)
TEXT = r"(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)"  # which may say [low, high]
LINK = re.compile(rf"(?P<mark>!?)\[{TEXT}\]\((?P<target>[^)\s]+)\)")
NAME = re.compile(r"(docs/)?[\w/]+(\.md)?")  # a text of a link that is only the name of a file
FILES = "files"  # a folder of the site: what is linked to and is no page


def outside_code(text: str) -> str:
    """Return a page without its blocks of code and its code in lines; lines stay where they are."""
    without = FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    return re.sub(r"(`+)(?!`).*?\1", "", without)


def list_links(text: str) -> list[str]:
    """Return the targets of the links and pictures of a page, in order."""
    return [link["target"] for link in LINK.finditer(outside_code(text))]


def is_elsewhere(target: str) -> bool:
    """Whether a link leads out of the repository."""
    return re.match(r"[a-z]+:", target) is not None


def follow_links(text: str, source: Path, pages: Mapping[Path, str], site: Path) -> str:
    """Return a page whose links lead to pages of the site.

    Args:
        text: the page, as it lies in the repository.
        source: its file.
        pages: {file of the repository: its page}.
        site: the folder of pages; a linked file that is no page is copied into it.
    """
    here = site / pages[source]

    def lead(link: re.Match[str]) -> str:
        path, hash_, anchor = link["target"].partition("#")
        if not path or is_elsewhere(link["target"]):
            return link[0]
        linked = Path(os.path.normpath(source.parent / path))
        if linked.is_dir():
            linked = linked / "README.md"
        if linked.name == "README.md" and not linked.exists():
            return link["text"]  # a folder of tables: there is nothing to show
        place = find_place(linked, pages, site)
        target = os.path.relpath(place, here.parent) + hash_ + anchor
        named = linked in pages and linked.suffix == ".md" and NAME.fullmatch(link["text"])
        shown = read_title(linked) if named else link["text"]
        return f"{link['mark']}[{shown}]({target})"

    parts: list[str] = []
    at = 0
    for block in FENCE.finditer(text):
        parts += [LINK.sub(lead, text[at : block.start()]), block[0]]
        at = block.end()
    return "".join([*parts, LINK.sub(lead, text[at:])])


def read_title(page: Path) -> str:
    """Return the first heading of a page."""
    return page.read_text().partition("\n")[0].removeprefix("# ")


def find_place(linked: Path, pages: Mapping[Path, str], site: Path) -> Path:
    """Return where a linked file is on the site; one that is neither page nor picture is copied."""
    if linked in pages:
        return site / pages[linked]
    docs = (
        next(parent for parent in linked.parents if (parent / "pyproject.toml").exists()) / "docs"
    )
    if linked.is_relative_to(docs) and (site / linked.relative_to(docs)).exists():
        return site / linked.relative_to(docs)
    (site / FILES).mkdir(exist_ok=True)
    return Path(shutil.copy(linked, site / FILES / linked.name))
