"""Every study of the folder runs, on a real Ray, and keeps to the declarative form."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from nvp.plan import make_plan
from nvp.tables import open_study, read_index, read_table
from tests.conftest import ROOT, run_study

STUDIES = sorted(path for path in (ROOT / "studies").glob("*.py"))
ALLOWED = {"nvp.config", "nvp.study", "nvp.pruning"}


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_is_declarative_and_documented(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= ALLOWED
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    for part in ("Claim", "Figure", "Cost", "Source"):
        assert f"\n{part} " in (ast.get_docstring(tree) or "")
    assert (ROOT / "analysis" / "notebooks" / f"{path.stem}.ipynb").exists()


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
@pytest.mark.parametrize("preset", ["quick", "paper"])
def test_every_preset_plans(path: Path, preset: str) -> None:
    study = load(path).STUDY
    assert study.name == path.stem
    design = getattr(study, preset)
    plan = make_plan(design)
    cells = 1
    for axis in design.space.values():
        cells *= len(axis.values)
    assert len(plan.trials) == cells * design.seeds
    assert design.seeds >= 3
    assert (design.gpus_per_trial > 0) == (preset == "paper")


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_runs_on_ray(path: Path, tmp_path: Path) -> None:
    design = load(path).STUDY.quick
    *fixed, last = design.space.items()
    small = {key: axis.values[-1] for key, axis in fixed}
    settings = [part for key, value in small.items() for part in ("--set", f"{key}={value}")]
    ended = run_study(
        tmp_path, "--preset", "quick", "--seeds", "1", "--set", "epochs=1", *settings, script=path
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    index = read_index(open_study(str(tmp_path), path.stem, "quick"))
    assert len(index.rows) == len(last[1].values)
    assert read_table(index, "epochs")["epoch"].to_pylist() == [0, 1] * len(index.rows)
    assert set(index.rows) == set(read_table(index, "layers")["trial_id"].to_pylist())
