"""Which files become pages of the site, and where; the navigation.

README.md is the front page, docs/ lies at the top, and each study and notebook is a page.
"""

import ast
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.site.equations import draw_equations
from benchmarks.site.links import follow_links
from benchmarks.site.notebooks import write_notebook

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "zensical.toml"
NAMED = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
PATTERNS = ("methods", "notebooks", "remedies", "studies")


def place_pages() -> dict[Path, str]:
    """Return {file of the repository: its page, a path on the site}."""
    pages = {ROOT / file: page for file, page in NAMED.items()}
    docs = ROOT / "docs"
    pages |= {path: path.relative_to(docs).as_posix() for path in sorted(docs.rglob("*.md"))}
    for folder in (ROOT / "studies", ROOT / "analysis/notebooks"):
        paths = sorted([*folder.glob("*.py"), *folder.glob("*.ipynb")])
        pages |= {path: f"{folder.name}/{path.stem}.md" for path in paths}
    return pages


def write_pages(folder: Path) -> None:
    """Write all pages, and the pictures and files that they show, into an empty folder."""
    markdown = shutil.ignore_patterns("*.md", "*.csv")
    shutil.copytree(ROOT / "docs", folder, ignore=markdown, dirs_exist_ok=True)
    pages = place_pages()
    for path, page in pages.items():
        written = folder / page
        written.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".ipynb":
            write_notebook(path, written)
        elif path.suffix == ".py":
            written.write_text(show_study(path))
        else:
            text = draw_equations(path.read_text())
            written.write_text(follow_links(text, path, pages, folder))


def show_study(script: Path) -> str:
    """Return the page of a study: its question, and its script."""
    text = script.read_text()
    question = (ast.get_docstring(ast.parse(text)) or script.stem).partition("\n")[0]
    return (
        f"---\ntitle: {script.stem}\n---\n\n# {script.stem}: {question}\n\n"
        f"The script `studies/{script.name}`; [its notebook](../notebooks/{script.stem}.md).\n\n"
        f"```python\n{text}```\n"
    )


def write_config(built: Path, pages: Path) -> Path:
    """Write the configuration beside the pages, with each "FOLDER/*.md" written out."""
    text = CONFIG.read_text()
    for name in PATTERNS:
        found = ", ".join(json.dumps(page) for page in list_cards(pages / name))
        text = text.replace(f'"{name}/*.md"', found)
    text = text.replace('"../..', f'"{ROOT}')  # the repository, wherever the site is built
    (built / CONFIG.name).write_text(text)
    return built / CONFIG.name


def list_cards(folder: Path) -> Iterator[str]:
    """Yield the pages of a folder but its README.md, by name."""
    for path in sorted(folder.glob("*.md")):
        if path.name != "README.md":
            yield f"{folder.name}/{path.name}"
