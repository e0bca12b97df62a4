"""Every study of the folder runs, and keeps to the declarative form."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import study_table
from nvp.planning.plan import make_plan
from nvp.storage.index import Index, read_index
from nvp.storage.reader import read_table
from nvp.storage.studies import PRESETS
from nvp.storage.study_folder import open_study
from tests.conftest import ROOT
from tests.small_studies import EPOCHS, STUDIES, cells, cut, grid_of, load

pytestmark = pytest.mark.one_in(3)

ALLOWED = {"nvp"}
PARTS = ("Claim", "Figure", "Cost", "Source")
RUN = 'if __name__ == "__main__":\n    main(STUDY)\n'

every_study = pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)


@every_study
def test_a_study_is_declarative_and_documented(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= ALLOWED
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert text.endswith(RUN)
    about = ast.get_docstring(tree) or ""
    for part in PARTS:
        assert f"\n{part} " in about
    notebook = ROOT / "analysis" / "notebooks" / f"{path.stem}.ipynb"
    assert notebook.exists()
    assert str(notebook.relative_to(ROOT)) in about


@every_study
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_plans_as_many_trials_as_it_says(path: Path, preset: str) -> None:
    study = load(path).STUDY
    assert study.name == path.stem
    said = re.search(rf"{preset}: (\d+) trials", load(path).__doc__ or "")
    if path.stem == "imagenet" and preset == "laptop":
        assert said is None
        assert study.laptop is None
        return
    design = study.find_design(preset)
    plan = make_plan(design)
    assert len(plan.trials) == len(cells(design.space)) * design.seeds
    assert design.seeds >= (5 if preset == "laptop" else 3)
    assert (design.gpus_per_trial > 0) == (preset == "paper")
    assert said
    assert int(said[1]) == len(plan.trials)


def test_the_page_of_the_studies_is_made_from_the_scripts() -> None:
    assert (ROOT / "docs/studies.md").read_text() == study_table.page(), "stale: make docs"


@every_study
def test_laptop_asks_real_images(path: Path) -> None:
    if design := load(path).STUDY.laptop:
        axis = design.space.get("data.name")
        names = grid_of(axis).values if axis else (design.base.data.name,)
        assert set(names) <= {"mnist", "cifar10"}
        assert not design.base.data.images


@pytest.mark.one_in(4)
@every_study
def test_a_study_runs_at_quick_cut_down(path: Path, small_study: Callable[[str], Path]) -> None:
    index = index_of(small_study(path.stem), path.stem)
    plan = make_plan(cut(load(path).STUDY.quick))
    assert set(index.rows) == set(plan.trials)
    assert {row["status"] for row in index.rows.values()} <= {"done", "diverged"}
    rows = read_table(index, "epochs").select(["trial_id", "epoch"]).to_pylist()
    for name, config in plan.trials.items():
        if index.rows[name]["status"] == "done" and not config.steps:
            epochs = [row["epoch"] for row in rows if row["trial_id"] == name]
            assert epochs == list(range(EPOCHS + 1))
    assert set(index.rows) == set(read_table(index, "layers")["trial_id"].to_pylist())


def test_a_study_runs_on_ray(study_place: Path) -> None:
    index = index_of(study_place, "sgd_noise")
    assert len(index.rows) == 16
    assert read_table(index, "epochs")["epoch"].to_pylist() == [0, 1, 2, 3] * len(index.rows)
    assert set(index.rows) == set(read_table(index, "layers")["trial_id"].to_pylist())


def index_of(place: Path, study: str) -> Index:
    return read_index(open_study(str(place), study, "quick"))
