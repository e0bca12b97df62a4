"""`nvp.run` in a real notebook: interrupted by the kernel's stop button, run again, whole."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from nvp.analysis.frames.load import load
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study, read_study
from tests.conftest import ROOT

DEFINE = """
import nvp
from nvp import (DataConfig, Design, ModelConfig, OptimConfig, ProbeConfig, Study, TrialConfig,
                 grid)

DESIGN = Design(
    base=TrialConfig(epochs=40, data=DataConfig(images=128, batch_size=32),
                     model=ModelConfig(name="mlp", width=0.1), probe=ProbeConfig(size=64)),
    space={"optim.lr": grid(0.1, 0.2)},
    seeds=2,
)
STUDY = Study(name="cells", quick=DESIGN, paper=DESIGN)
"""
RUN = """
frames = nvp.run(STUDY, preset="quick", storage="tables", no_ray=True)
print(sorted(frames.trials["status"]), frames.swept)
"""
LONGEST_WAIT = 300  # seconds
CELLS = {"define": DEFINE, "run": RUN, "again": RUN}


class Notebook:
    """A notebook of which single cells are run."""

    def __init__(self, folder: Path, cells: dict[str, str]) -> None:
        book = nbformat.v4.new_notebook()
        book.cells = [nbformat.v4.new_code_cell(text) for text in cells.values()]
        self.place = {name: number for number, name in enumerate(cells)}
        self.kernel = KernelManager()
        resources = {"metadata": {"path": str(folder)}}
        # limits for a machine that does much else; on an idle one all is over in seconds
        limits = {"timeout": 3 * LONGEST_WAIT, "startup_timeout": LONGEST_WAIT}
        self.client = NotebookClient(book, km=self.kernel, resources=resources, **limits)
        self.cells = book.cells

    def run(self, name: str) -> NotebookNode:
        """Run one cell; raise CellExecutionError where it raises."""
        number = self.place[name]
        return self.client.execute_cell(self.cells[number], number)

    def interrupt(self, moment: Callable[[], bool]) -> threading.Thread:
        """Press the stop button at a moment, in a thread of its own."""

        def wait() -> None:
            end = time.time() + LONGEST_WAIT
            while not moment() and time.time() < end:
                time.sleep(0.02)
            os.kill(self.kernel.provisioner.pid, 2)  # as km.interrupt_kernel() does, which is async

        thread = threading.Thread(target=wait)
        thread.start()
        return thread


def said(cell: NotebookNode) -> str:
    return "".join(output.get("text", "") for output in cell["outputs"])


def shown(cell: NotebookNode) -> list[str]:
    """Return the texts of the displays of a cell."""
    data: list[Any] = [output.get("data", {}) for output in cell["outputs"]]
    return [one["text/plain"] for one in data if "text/plain" in one]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cells")


@pytest.fixture(scope="module")
def ran(folder: Path) -> dict[str, Any]:
    """Return what the cells of a notebook said: a run that is interrupted, and the same again."""
    variables = {"NVP_CHECKPOINT_SECONDS": "0", "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    storage = open_study(str(folder / "tables"), "cells", "quick")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.delenv("PYTEST_CURRENT_TEST")  # with it a kernel keeps what it writes to itself
        book = Notebook(folder, CELLS)
        with book.client.setup_kernel():
            book.run("define")
            # one trial is done, and another one has trained for a while
            pressed = book.interrupt(lambda: bool(storage.files("trials")) and is_training(folder))
            with pytest.raises(CellExecutionError) as stopped:
                book.run("run")
            pressed.join()
            between = read_index(storage)
            again = book.run("again")
    return {
        "stopped": stopped.value,
        "first": book.cells[1],
        "between": between,
        "again": again,
        "after": read_index(storage),
    }


def is_training(folder: Path) -> bool:
    """Whether a trial that has no row yet has a checkpoint."""
    place = folder / "tables/cells/quick"
    done = {path.name for path in (place / "trials").glob("*")}
    saved = {path.parent.name for path in (place / "checkpoints").glob("*/*.safetensors")}
    return bool(saved - done)


def test_the_stop_button_saves_and_the_cell_says_that_it_goes_on(ran: dict[str, Any]) -> None:
    raised = ran["stopped"]
    assert (raised.ename, raised.evalue) == (
        "KeyboardInterrupt",
        "the running trials are saved; run the cell again: it continues",
    )
    text = said(ran["first"])
    assert "SIGINT: saving the running trials" in text
    assert "interrupted; run the cell again: it continues" in text
    assert "ipykernel" not in text
    assert 1 <= len(ran["between"].rows) < 4


def test_the_same_cell_again_runs_what_is_missing_and_nothing_twice(
    ran: dict[str, Any], folder: Path
) -> None:
    assert "['done', 'done', 'done', 'done'] ['optim.lr', 'seed']" in said(ran["again"])
    before, after = ran["between"].rows, ran["after"].rows
    assert len(after) == 4
    assert {name: after[name] for name in before} == before
    attempts = sorted(row["attempt"] for name, row in after.items() if name not in before)
    assert attempts[-1] == 2  # the interrupted one went on
    assert attempts[:-1] == [1] * (len(attempts) - 1)
    epochs = load(str(folder / "tables"), "cells").epochs
    assert (
        epochs.groupby("trial_id", observed=True)["epoch"].apply(list).tolist()
        == [list(range(41))] * 4
    )


def test_one_line_of_the_page_shows_the_progress(ran: dict[str, Any]) -> None:
    (line,) = shown(ran["again"])
    left = 4 - len(ran["between"].rows)
    assert line.startswith(f"trials {'━' * 30} {left}/{left}")
    assert "accuracy" in line
    assert "[1/" not in said(ran["again"])


def test_the_cells_and_the_call_are_where_a_script_has_its_text(
    ran: dict[str, Any], folder: Path
) -> None:
    start = read_study(open_study(str(folder / "tables"), "cells", "quick"))["starts"][-1]
    assert "STUDY = Study(name=" in start["script"]
    assert start["script"].count("nvp.run(STUDY") == 2
    assert start["argv"] == ["nvp.run", "--preset", "quick", "--storage", "tables", "--no-ray"]
