"""The site is built: strictly, from all pages, and it loads nothing from elsewhere."""

import re
from pathlib import Path

import pytest

import nvp
from benchmarks.site.__main__ import main
from benchmarks.site.checks import find_faults
from benchmarks.site.equations import BLOCK, CODE, INLINE, draw_equations
from benchmarks.site.headings import list_anchors
from benchmarks.site.pages import NAMED, place_pages, write_pages
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site; the build ends in an error when a link is broken."""
    folder = tmp_path_factory.mktemp("site")
    assert main(folder) == 0
    return folder / "html"


@pytest.mark.minutes
def test_the_site_has_every_page(built: Path) -> None:
    pages = {
        path.relative_to(built).with_suffix(".md").as_posix() for path in built.rglob("*.html")
    }
    wanted = {page.replace("README.md", "index.md") for page in place_pages().values()}
    assert pages - {"404.md"} == wanted


@pytest.mark.minutes
def test_the_reference_shows_every_public_name(built: Path) -> None:
    text = "".join(path.read_text() for path in (built / "reference").glob("*.html"))
    for name in nvp.__all__:
        assert f'id="nvp.{name}"' in text, name


@pytest.mark.minutes
def test_equations_are_drawn_by_the_browser(built: Path) -> None:
    text = (ROOT / "docs/methods/dnr.md").read_text()
    written = [*BLOCK.findall(text), *INLINE.findall(CODE.sub("", text))]
    page = (built / "methods/dnr.html").read_text()
    assert len(re.findall("<math", page)) == len(written) > 1
    assert not INLINE.search(re.sub(r"<(script|style|code).*?</\1>", "", page, flags=re.DOTALL))


def test_an_equation_takes_no_heading_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words beside two figures said `images$^{-1/2}$`; all that lay between became one."""
    monkeypatch.setattr(
        "benchmarks.site.equations.to_mathml", lambda latex, display: ""
    )  # an extra
    for page in place_pages():
        text = page.read_text()
        assert list_anchors(draw_equations(text)) == list_anchors(text), page
    apart = "![a (b$^2$). c](d.png)\n\n## e\n\n![a (b$^2$). c](f.png)"
    assert list_anchors(draw_equations(apart)) == ["e"]


def test_a_fault_of_a_page_is_found(tmp_path: Path) -> None:
    (tmp_path / "b.html").write_text('<h1 id="top">b</h1>')
    page = tmp_path / "a.html"
    page.write_text('<a href="b.html#top">b</a><link rel="canonical" href="http://x.y/">')
    assert list(find_faults(tmp_path)) == []
    (tmp_path / "c.html").write_text(
        '<a href="b.html#gone">b</a><a href="d.html">d</a><script src="https://x.y/z.js"></script>'
    )
    assert list(find_faults(tmp_path)) == [
        "c.html: loads https://x.y/z.js",
        "c.html: b.html#gone is no anchor there",
        "c.html: d.html is not there",
    ]


def test_pages_are_gathered_with_their_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.site.pages.draw_equations", lambda text: text)  # an extra
    write_pages(tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.md")} == set(
        place_pages().values()
    )
    front = (tmp_path / NAMED["README.md"].removeprefix("/")).read_text()
    assert "](docs/" not in front
    assert "](findings.md)" in front
    assert "](studies/" in (tmp_path / "findings.md").read_text()
