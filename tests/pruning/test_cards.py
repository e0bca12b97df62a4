"""Every pruning method has a card in docs/methods, and the cards say what the code says."""

import re
from collections.abc import Iterator

import pandas as pd
import pytest

from benchmarks.method_pages import FOLDER, card, design, index
from nvp.pruning import METHODS, Method

HEADINGS = [
    "## What it does",
    "## Equation",
    "## Where we differ, and why",
    "## Source",
    "## Measured",
]
STALE = "run python -m benchmarks.methods --pages"
KILOBYTES = 40


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "results.csv")


def names_of(method: Method) -> Iterator[str]:
    parts = method.criterion, method.allocation, method.schedule, method.trigger
    return (f"`{name}`" for name in parts if name)


def test_every_row_has_a_card_and_every_card_a_row() -> None:
    cards = {path.stem for path in FOLDER.glob("*.md")} - {"README"}
    assert cards == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_card_says_what_the_row_says(name: str) -> None:
    method, text = METHODS[name], (FOLDER / f"{name}.md").read_text()
    assert f"\n> {method.summary}\n" in text
    head = text[: text.index("<!-- end: head -->")]
    assert [part for part in names_of(method) if part not in head] == []
    assert (method.regrow == "none") or f"| regrow | `{method.regrow}`" in head
    assert f"{method.scale_l1:g}, {method.scale_l1_schedule}" in head or not method.scale_l1
    assert f"{method.live_noise:g}, " in head or not method.live_noise


@pytest.mark.parametrize("name", METHODS)
def test_a_card_is_complete(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text()
    lines = text.splitlines()
    assert lines[0].startswith(f"# {name}: ")
    assert [line for line in lines if line.startswith("## ")] == HEADINGS
    what = text.split("## What it does\n\n")[1].split("\n\n## ")[0]
    assert 1 <= len(what.splitlines()) <= 5
    for heading, following in zip(HEADINGS, [*HEADINGS[1:], None], strict=True):
        section = text.split(f"{heading}\n")[1].split(following)[0]
        assert section.strip(), f"{name}: nothing under {heading}"


@pytest.mark.parametrize("name", METHODS)
def test_a_card_links_what_exists(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert f"figures/{name}.png" in links
    assert [link for link in links if not (FOLDER / link).is_file()] == []


@pytest.mark.parametrize("name", METHODS)
def test_the_made_parts_of_a_card_are_up_to_date(name: str, results: pd.DataFrame) -> None:
    assert (FOLDER / f"{name}.md").read_text() == card(name, results), STALE


def test_the_index_lists_all_and_is_up_to_date(results: pd.DataFrame) -> None:
    text = (FOLDER / "README.md").read_text()
    assert text == index(results), STALE
    for name, method in METHODS.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| [{name}]({name}.md)"))
        assert f"| {design(method)} |" in row
        assert method.summary.replace("|", "\\|") in row


def test_the_results_have_every_method(results: pd.DataFrame) -> None:
    assert set(results["method"]) == set(METHODS)
    assert results.groupby("method")["seed"].nunique().eq(3).all()


def test_a_figure_for_each_method_and_each_is_small() -> None:
    figures = list((FOLDER / "figures").iterdir())
    assert {path.name for path in figures} == {f"{name}.png" for name in METHODS}
    assert [p.name for p in figures if p.stat().st_size >= 1000 * KILOBYTES] == []
