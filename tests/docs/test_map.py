"""What the pages name is there: the map of the code, paths, modules, commands, links."""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import code_map
from nvp import METHODS
from nvp.__main__ import VERBS
from nvp.study.command_line import build_parser
from tests.conftest import ROOT
from tests.docs.pages import FENCE, PAGES

MADE = {"tables.md", "settings.md", "reproduction.md"}  # other tests compare them with the code
WRITTEN = [page for page in PAGES if page.name not in MADE]
FOLDERS = ("nvp/", "tests/", "studies/", "docs/", "benchmarks/", "analysis/")
QUESTIONS = 10

every_page = pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)


def spans(page: Path) -> list[str]:
    """Return what stands between backticks in a page, outside of blocks."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", page.read_text()))


def test_the_map_is_made_from_the_doors() -> None:
    stale = "it differs from the docstrings of the packages: make docs"
    assert (ROOT / "README.md").read_text() == code_map.readme(), f"README.md: {stale}"
    assert (ROOT / "docs/map.md").read_text() == code_map.page(), f"docs/map.md: {stale}"


def test_every_package_is_on_the_map_below_those_that_it_may_import_from() -> None:
    packages = {path.parent.name for path in (ROOT / "nvp").glob("*/__init__.py")}
    assert set(code_map.packages()) == packages
    assert code_map.packages()[0] == "config"
    assert code_map.packages()[-1] == "testing"
    assert code_map.packages()[-2] == "interactive"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_ten_questions_of_a_stranger_have_answers_that_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", text, flags=re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == list(range(1, QUESTIONS + 1))
    for _, question, answer in rows:
        named = re.findall(r"`(nvp/\S+)`", answer)
        assert named, question
        for path in named:
            assert (ROOT / path).exists(), f"{question} {path}"


@every_page
def test_paths_that_a_page_names_exist(page: Path) -> None:
    for span in spans(page):
        if span.startswith(FOLDERS) and re.fullmatch(r"[\w./-]+", span):
            assert (ROOT / span).exists(), f"{page.name}: {span}"


@every_page
def test_modules_that_a_page_names_exist(page: Path) -> None:
    for span in spans(page):
        if found := re.match(r"(?:\S+=\S+ )*python -m ([\w.]+)", span):
            assert find_spec(found[1]), f"{page.name}: {span}"
        if re.fullmatch(r"nvp(\.\w+)+", span):
            assert is_there(span), f"{page.name}: {span}"


def is_there(dotted: str) -> bool:
    """Whether a dotted name is a module, or a name in one."""
    module, _, name = dotted.rpartition(".")
    parent = import_module(module)
    return hasattr(parent, name) or (hasattr(parent, "__path__") and find_spec(dotted) is not None)


@every_page
def test_commands_that_a_page_names_exist(page: Path) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    for verb in re.findall(r"`nvp (\w+)", page.read_text()):
        assert verb in VERBS, f"{page.name}: nvp {verb}"
    for target in re.findall(r"`make ([\w-]+)", page.read_text()):
        known = target in targets or target.startswith("study-")
        assert known, f"{page.name}: make {target}"


@every_page
def test_links_lead_to_files(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / link).exists(), f"{page.name}: {link}"


@every_page
def test_a_page_is_written_for_the_command_nvp(page: Path) -> None:
    assert "python -m nvp" not in page.read_text()
    assert "python -m analysis" not in page.read_text()


def test_every_flag_of_a_study_is_explained() -> None:
    text = (ROOT / "docs/running.md").read_text()
    explained = re.findall(r"^\| `(--[\w-]+)", text, flags=re.MULTILINE)
    options = [action.option_strings[-1] for action in build_parser("x")._actions]
    assert explained == [option for option in options if option != "--help"]


def test_every_command_is_on_some_page() -> None:
    text = "".join(page.read_text() for page in PAGES)
    for verb in VERBS:
        assert re.search(rf"\bnvp {verb}\b", text), verb


@every_page
def test_a_page_counts_the_methods_that_there_are(page: Path) -> None:
    counts = re.findall(r"(\d+) (?:pruning|published) methods", page.read_text())
    assert set(counts) <= {str(len(METHODS))}
