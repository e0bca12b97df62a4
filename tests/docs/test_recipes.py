"""What docs/extending.md says of adding to nvp itself, followed to the letter on a copy of nvp.

Its first part, a user's own parts, is followed without a copy (`tests/install/test_extending.py`).
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nvp.storage.index import Index, read_index
from nvp.storage.study_folder import open_study
from tests.conftest import ROOT, run_study
from tests.docs.recipes import EXTENDING, OF_NVP, blocks_of

NEW_COLUMNS = """
from nvp import load
frames = load("results", "rarest", "quick")
kept = frames.neurons[frames.neurons["kept"] & (frames.neurons["mean_abs"] > 0)]
assert ((kept["selectivity"] * kept["mean_abs"] - kept["maximum"]).abs() < 1e-4).all()
units = frames.trials["units"].iloc[0]
assert set(frames.epochs["kept_units"]) >= {units, units - units // 2}
"""


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with all recipes followed."""
    folder = tmp_path_factory.mktemp("recipes")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "nvp", folder / "nvp", ignore=ignored)
    (folder / "studies").mkdir()
    for block in blocks_of(OF_NVP):
        if block.language == "diff":
            apply(block.text, folder)
        else:
            assert block.file, block.name
            (folder / block.file).write_text(block.text)
    return folder


@pytest.fixture(scope="module")
def copy(followed: Path) -> Path:
    """Return that project, in which the study at the end of the page was run."""
    ended = run_study(
        followed / "results", "--preset", "quick", "--no-ray",
        script=followed / "studies/rarest.py", env={"PYTHONPATH": str(followed)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return followed


def apply(diff: str, folder: Path) -> None:
    """Add the `+` lines of a diff below the lines, which a file has once, that stand above them."""
    path, at = folder, 0
    lines: list[str] = []
    for line in [*diff.splitlines(), "--- "]:
        sign, text = line[:1], line[1:]
        if line.startswith("--- "):
            if lines:
                path.write_text("\n".join(lines) + "\n")
            path = folder / line.removeprefix("--- ")
            lines = path.read_text().splitlines() if path.is_file() else []
        elif sign == "+":
            lines.insert(at, text)
            at += 1
        else:
            assert lines.count(text) == 1, f"{path.relative_to(folder)}: {text}"
            at = lines.index(text) + 1


def index_of(folder: Path) -> Index:
    return read_index(open_study(str(folder / "results"), "rarest", "quick"))


def test_every_line_that_a_recipe_names_is_there_and_the_study_plans_its_trials(
    followed: Path,
) -> None:
    ended = run_python(followed, "studies/rarest.py", "--preset", "quick", "--dry-run")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 to run" in ended.stdout


@pytest.mark.minutes
def test_a_new_method_prunes_by_its_row(copy: Path) -> None:
    rows = list(index_of(copy).rows.values())
    assert [row["status"] for row in rows] == ["done"] * 4
    half = rows[0]["units"] // 2
    assert sorted(row["masked_units"] for row in rows) == [0, 0, half, half]


@pytest.mark.minutes
def test_a_new_quantity_and_a_new_column_are_in_the_tables(copy: Path) -> None:
    ended = run_python(copy, "-c", NEW_COLUMNS)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.minutes
def test_a_new_figure_is_drawn_and_the_question_answered(copy: Path) -> None:
    ended = run_python(copy, "-m", "nvp", "analyse", "rarest", "--storage", "results")
    assert ended.returncode == 0, ended.stderr
    assert (copy / "results/rarest/quick/figures/accuracy_at_end.png").exists()
    assert re.search(r"test accuracy.*rarest", ended.stdout), ended.stdout


def run_python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the package of a folder: that of this process has no new column."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_page_has_a_recipe_for_everything_that_is_added() -> None:
    headings = re.findall(r"^### (.*)", EXTENDING.read_text(), flags=re.MULTILINE)
    assert headings == [
        "A method: one row and its card",
        *("A vitality quantity", "A column", "A plot", "A study of this repository"),
    ]
