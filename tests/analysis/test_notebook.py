"""The notebook runs from its first cell to its last on a real small study."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "analysis" / "notebooks" / "sgd_noise.ipynb"


def test_the_notebook_shows_four_figures_and_the_answer(
    study_place: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("NVP_STORAGE", str(study_place))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": NOTEBOOK.parent}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output["output_type"] == "error"]
    shown = [output.get("data", {}) for output in outputs]
    assert sum("image/png" in data for data in shown) == 4
    assert "verdict" in shown[-1]["text/html"]


def test_the_notebook_holds_calls_and_prose_and_no_output():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell["cell_type"] == "code"]
    assert not any("def " in cell["source"] for cell in code)
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
