"""Every page of docs/ is in the navigation of the site once, and every public name on a page."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import nvp
import nvp.testing
from tests.conftest import ROOT

DOCS = ROOT / "docs"
MADE = {"index.md", "contributing.md", "changelog.md", "studies/*.md", "notebooks/*.md"}


def list_entries(nav: Any) -> Iterator[str]:
    """Yield the pages of a navigation in their order."""
    if isinstance(nav, str):
        yield nav
        return
    for inner in nav.values() if isinstance(nav, dict) else nav:
        yield from list_entries(inner)


def navigation() -> list[str]:
    project = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]
    return list(list_entries(project["nav"]))


def test_every_page_is_in_the_navigation_once() -> None:
    listed = navigation()
    assert len(listed) == len(set(listed))
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    patterns = {entry for entry in listed if entry.endswith("*.md")} - MADE
    shown = {
        path.relative_to(DOCS).as_posix()
        for pattern in patterns
        for path in DOCS.glob(pattern)
        if path.name != "README.md"
    }
    listed_by_name = set(listed) - patterns - MADE
    assert not shown & listed_by_name
    assert pages - shown == listed_by_name, "zensical.toml: its nav says where a page stands"


def test_the_guide_is_read_in_the_order_of_its_chapters() -> None:
    listed = navigation()
    chapters = [
        *("start.md", "running.md", "searching.md", "results.md", "extending.md"),
        *("methods/README.md", "clusters.md", "map.md"),
    ]
    assert sorted(chapters, key=listed.index) == chapters


def test_the_reference_has_every_public_name_once() -> None:
    text = "".join(path.read_text() for path in sorted((DOCS / "reference").glob("*.md")))
    named = re.findall(r"^::: (\S+)$", text, flags=re.MULTILINE)
    laws = [f"nvp.testing.{name}" for name in nvp.testing.__all__]
    assert sorted(named) == sorted([*(f"nvp.{name}" for name in nvp.__all__), *laws])
