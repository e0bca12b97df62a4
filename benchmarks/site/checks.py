"""What is built: no link of it is broken, and no page loads anything from elsewhere."""

from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
SHOWN = {"canonical", "next", "prev", "alternate"}  # of links in a head: names, not loaded


class PageReader(HTMLParser):
    """Collects of a page its anchors, its links, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := values.get(key))}
        if tag == "a" and (target := values.get("href")):
            self.links.append(target)
        target = values.get(LOADS.get(tag, ""))
        if target and values.get("rel") not in SHOWN:
            self.loaded.append(target)


@cache
def read_page(path: Path) -> PageReader:
    """Return what a page holds."""
    reader = PageReader()
    reader.feed(path.read_text())
    return reader


def find_faults(site: Path) -> Iterator[str]:
    """Yield a line for each broken link, and for each file that is loaded from elsewhere."""
    for page in sorted(site.rglob("*.html")):
        name = page.relative_to(site)
        seen = read_page(page)
        for target in seen.loaded:
            if urlsplit(target).netloc:
                yield f"{name}: loads {target}"
        if name.name == "404.html":
            continue  # its links are from the top of a server
        for target in sorted({*seen.links, *seen.loaded}):
            if not urlsplit(target).scheme and not urlsplit(target).netloc:
                yield from find_broken(page, target, name)


def find_broken(page: Path, target: str, name: Path) -> Iterator[str]:
    """Yield a line when a link from a page leads nowhere."""
    parts = urlsplit(target)
    linked = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if linked.is_dir():
        linked = linked / "index.html"
    if not linked.exists():
        yield f"{name}: {target} is not there"
    elif linked.suffix == ".html" and parts.fragment not in {"", *read_page(linked).anchors}:
        yield f"{name}: {target} is no anchor there"
