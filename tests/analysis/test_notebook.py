"""Every notebook runs from its first cell to its last on a small result of its study."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from benchmarks.notebooks import KEY, describe_run, find_tables, hash_code
from tests.small_studies import questions

QUESTIONS = questions()

FOLDER = Path(__file__).parents[2] / "analysis" / "notebooks"
NAMES = sorted(QUESTIONS)
FIRST = ["sgd_noise"]
REST = [name for name in NAMES if name not in FIRST]
# a kernel takes seconds to start and to import, so several notebooks share one
GROUPS = [
    pytest.param(FIRST, id="first"),
    pytest.param(REST[::2], id="even", marks=pytest.mark.minutes),
    pytest.param(REST[1::2], id="odd", marks=pytest.mark.minutes),
]

MOST_BYTES = 4_000_000  # of all of them, with their pictures

every_study = pytest.mark.parametrize("study", NAMES)


def read(study: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{study}.ipynb", as_version=4)


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell["cell_type"] == "code"]


def run(notebook: NotebookNode) -> None:
    """Execute a notebook in its folder; a cell that fails raises."""
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": FOLDER}}).execute()


def check_outputs(study: str, cells: list[NotebookNode]) -> None:
    """Assert that a study's cells ended in all its figures and its answer."""
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output["output_type"] == "error"]
    shown = [output.get("data", {}) for output in outputs]
    assert sum("image/png" in data for data in shown) == len(QUESTIONS[study].figures), study
    assert "verdict" in shown[-1]["text/html"], study


def test_there_is_a_notebook_for_every_study_and_none_besides():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("studies", GROUPS)
def test_notebooks_show_their_figures_and_the_answer(
    studies: list[str], small_study: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
):
    for study in studies:
        monkeypatch.setenv("NVP_STORAGE", str(small_study(study)))
    books = {study: code(read(study)) for study in studies}
    clear = "%reset -f"
    together = nbformat.v4.new_notebook()
    for cells in books.values():
        together.cells += [nbformat.v4.new_code_cell(clear), *cells]
    run(together)
    for study, cells in books.items():
        check_outputs(study, cells)


@every_study
def test_a_notebook_holds_calls_and_prose(study: str):
    notebook = read(study)
    assert notebook.cells[0]["source"].startswith("# ")
    assert not any("def " in cell["source"] for cell in code(notebook))


@every_study
def test_a_notebook_is_shipped_as_it_was_executed(study: str):
    stale = f"stale: python -m benchmarks.notebooks {study}"
    notebook, tables = read(study), find_tables(study)
    if tables is None and KEY not in notebook.metadata:
        assert not any(cell["outputs"] for cell in code(notebook)), stale
        return
    assert notebook.metadata[KEY]["code"] == hash_code(notebook), stale
    assert tables is None or notebook.metadata[KEY] == describe_run(notebook, tables), stale
    outputs = [output for cell in code(notebook) for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {"stream", "execute_result"}
    assert "verdict" in outputs[-1]["data"]["text/html"]
    assert str(FOLDER.parents[1]) not in str(outputs), "a path of this machine"


def test_notebooks_are_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.ipynb")) < MOST_BYTES


def test_a_notebook_whose_code_changed_is_stale():
    notebook = read(FIRST[0])
    before = hash_code(notebook)
    notebook.cells[0]["source"] += " More prose."
    code(notebook)[0]["outputs"] = []
    assert hash_code(notebook) == before
    code(notebook)[-1]["source"] += "  # more"
    assert hash_code(notebook) != before


@every_study
def test_a_notebook_draws_what_its_study_asks_for(study: str):
    calls = [cell["source"] for cell in code(read(study)) if cell["source"].startswith("draw(")]
    assert calls == [f'draw(frames, "{name}").figure' for name in QUESTIONS[study].figures]
