"""Every link and every anchor in README.md, CONTRIBUTING.md and docs/ leads somewhere."""

from pathlib import Path

import pytest

from benchmarks.site.headings import list_anchors
from benchmarks.site.links import LINK, is_elsewhere, list_links, outside_code
from tests.conftest import ROOT

CARDS = sorted((ROOT / "docs").glob("*/*.md"))
TOP = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def find_broken(page: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    broken = []
    for target in filter(lambda target: not is_elsewhere(target), list_links(page.read_text())):
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        if linked.is_dir() and anchor:
            linked = linked / "README.md"
        if not linked.exists() or (anchor and anchor not in list_anchors(linked.read_text())):
            broken.append(f"{page.relative_to(ROOT)}: {target}")
    return broken


def test_no_link_is_broken() -> None:
    assert [link for page in [*TOP, *CARDS] for link in find_broken(page)] == []


def test_the_words_beside_a_figure_are_words() -> None:
    """What a reader hears who cannot see it, with no code of equations in it."""
    told = [
        f"{page.relative_to(ROOT)}: {link['text']}"
        for page in [*TOP, *CARDS]
        for link in LINK.finditer(outside_code(page.read_text()))
        if link["mark"] and set(link["text"]) & set("$\\")
    ]
    assert told == []


def test_every_figure_is_on_a_page() -> None:
    """One that no page shows is drawn anew by nobody, and grows old."""
    shown = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in [*TOP, *CARDS]
        for target in list_links(page.read_text())
        if not is_elsewhere(target)
    }
    assert sorted(set((ROOT / "docs").rglob("*.png")) - shown) == []


def test_a_broken_link_and_a_broken_anchor_are_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A title, with `code`\n\n## Next: more\n")
    page = tmp_path / "page.md"
    page.write_text("[a](there.md#a-title-with-code) [b](there.md#next-more) [c](http://x.y/#z)\n")
    assert list_links(page.read_text()) == [
        "there.md#a-title-with-code",
        "there.md#next-more",
        "http://x.y/#z",
    ]
    assert list_links("![a mean of 0.1 [0.07, 0.12] and more](there.png)") == ["there.png"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.docs.test_links.ROOT", tmp_path)
        assert find_broken(page) == []
        page.write_text(
            "[a](gone.md) and [b](there.md#nowhere)\n\n```\n[c](code.md)\n```\n`[d](e)`"
        )
        assert find_broken(page) == ["page.md: gone.md", "page.md: there.md#nowhere"]
