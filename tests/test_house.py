"""The house: no loose module, doors that list their rooms, files and functions that stay small."""

import ast
from pathlib import Path

import pytest

from benchmarks.house import PACKAGE, body_lines, functions, lines_of, main, num_parameters, sources

# Packages of one file a thing: what is inside is a registry of their door, or of the package above.
REGISTRIES = {"data/sets", "models", "pruning/criteria", "analysis/plots"}
REGISTRIES |= {"analysis/reproduction/claims"}

DOORS = [
    door
    for door in sorted(PACKAGE.rglob("__init__.py"))
    if str(door.parent.relative_to(PACKAGE)) not in {".", *REGISTRIES}
]


def test_no_module_lies_loose_in_nvp() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py"}
    assert len([folder for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()]) >= 10


@pytest.mark.parametrize("door", DOORS, ids=lambda door: str(door.parent.relative_to(PACKAGE)))
def test_a_door_lists_what_is_inside(door: Path) -> None:
    about = ast.get_docstring(ast.parse(door.read_text())) or ""
    listed = {line.split()[0] for line in about.splitlines()[1:] if line}
    modules = {path.stem for path in door.parent.glob("*.py")} - {"__init__"}
    packages = {f"{path.parent.name}/" for path in door.parent.glob("*/__init__.py")}
    assert sorted((modules | packages) - listed) == []


def test_files_and_functions_stay_small() -> None:
    assert [path.name for path in sources() if lines_of(path) > 200] == []
    long = [f"{path.name}:{f.name}" for path, f in functions() if body_lines(f) > 45]
    wide = [f"{path.name}:{f.name}" for path, f in functions() if num_parameters(f) > 7]
    assert (long, wide) == ([], [])


def test_the_bars_of_style_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().out
