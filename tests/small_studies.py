"""Every study of the folder, and its quick preset cut down to seconds, run through `main`."""

import importlib.util
import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from nvp.config.space import Axis, Grid
from nvp.planning.design import Design
from nvp.question.question import Question
from nvp.study.study import Study
from tests.in_process import run_main

STUDIES = sorted((Path(__file__).parent.parent / "studies").glob("*.py"))
EPOCHS, STEPS, NAMES = 2, 5, 3
SHORT = {  # and so lenient that something is pruned at once
    "epochs": EPOCHS,
    "data.images": 128,
    "data.batch_size": 32,
    "model.width": 0.25,
    "probe.size": 64,
    "prune.patience": 1,
    "prune.tau": 0.3,
}


def load(path: Path) -> ModuleType:
    """Return a study script as a module; nothing runs."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def questions() -> dict[str, Question]:
    """Return {study: its question} of every study of the folder."""
    studies: dict[str, Study] = {path.stem: load(path).STUDY for path in STUDIES}
    return {name: study.question for name, study in studies.items() if study.question}


def cells(space: Mapping[str, Axis]) -> list[dict[str, Any]]:
    """Return the cells of a design, slow and obvious: all combinations, less what goes with none.

    An axis with conditions is left out of a combination that does not meet them.
    """
    found = []
    for values in itertools.product(*(grid_of(axis).values for axis in space.values())):
        cell: dict[str, Any] = {}
        for (path, axis), value in zip(space.items(), values, strict=True):
            if all(other in cell and cell[other] in those for other, those in axis.when.items()):
                cell[path] = value
        if cell not in found:
            found.append(cell)
    return found


def grid_of(axis: Axis) -> Grid:
    assert isinstance(axis, Grid)
    return axis


def cut(design: Design, *, ends: bool = True) -> Design:
    """Return a design of two short epochs and one seed: few names of an axis, the ends of numbers.

    What figures show of more seeds is tested on one study, `study_place`.

    Args:
        design: to cut.
        ends: whether to keep both ends of numbers; the first one alone, and two names, otherwise.
    """
    kept: dict[str, Any] = {}
    for path, axis in design.space.items():
        values = grid_of(axis).values
        numbers = (values[0], values[-1]) if ends else values[:1]
        few = values[: NAMES if ends else 2] if isinstance(values[0], str) else numbers
        values = tuple(dict.fromkeys(few))
        kept[path] = (0, STEPS) if path == "steps" else values
    space = {}
    for path, axis in design.space.items():
        when = {
            other: tuple(v for v in v_all if v in kept[other]) for other, v_all in axis.when.items()
        }
        space[path] = Grid(kept[path], when)
    tasks = {"epochs": 1, "data.tasks": EPOCHS} if design.base.data.task != "none" else {}
    base = design.base.with_overrides(SHORT | tasks)
    return replace(design, base=base, space=space, seeds=1)


def run_small(path: Path, place: Path) -> None:
    """Run a study's cut quick preset in this process; its tables are below `place`."""
    study: Study = load(path).STUDY
    run_here(replace(study, quick=cut(study.quick)), place)


def run_here(study: Study, place: Path) -> None:
    """Run a study's quick preset in this process; its tables are below `place`."""
    ended = run_main(study, place, "--preset", "quick", "--no-ray")
    assert ended.returncode == 0, ended.stdout + ended.stderr
