"""Every public name says what it is, and what each of its arguments is."""

import ast
import dataclasses
import inspect
import re
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import nvp
import nvp.testing
from tests.conftest import ROOT

EVERY = {name: getattr(nvp, name) for name in nvp.__all__}
EVERY |= {name: getattr(nvp.testing, name) for name in nvp.testing.__all__}
LINE = r"^ +\*{{0,2}}{name}(?: \([^)]*\))?:"
SECTION = re.compile(r"^(?: *)(?:Args|Attributes):\n((?: .*\n?|\n)+)", flags=re.MULTILINE)


def list_arguments(thing: Any) -> list[str]:
    """Return the names of what a public function or class takes."""
    if dataclasses.is_dataclass(thing):
        return [field.name for field in dataclasses.fields(thing) if field.init]
    if inspect.isclass(thing):
        if "__init__" not in vars(thing):
            return []
        thing = vars(thing)["__init__"]
    if not inspect.isroutine(thing):
        return []
    return [name for name in inspect.signature(thing).parameters if name != "self"]


def find_missing(thing: Any) -> list[str]:
    """Return the arguments that no docstring explains; settings explain themselves."""
    begin = vars(thing).get("__init__") if inspect.isclass(thing) else None
    about = "\n".join(inspect.getdoc(one) or "" for one in (thing, begin) if one is not None)
    said = "".join(SECTION.findall(about + "\n"))
    said_too = set()
    if dataclasses.is_dataclass(thing):
        said_too = {f.name for f in dataclasses.fields(thing) if f.metadata.get("meaning")}
    return [
        name
        for name in list_arguments(thing)
        if name not in said_too and not re.search(LINE.format(name=name), said, re.MULTILINE)
    ]


@pytest.mark.parametrize("name", EVERY)
def test_a_public_name_is_explained(name: str) -> None:
    thing = EVERY[name]
    if isinstance(thing, dict):
        assert is_explained_below(name)
        return
    assert inspect.getdoc(thing) if not isinstance(thing, ModuleType) else thing.__doc__
    assert find_missing(thing) == [], f"{name}: its docstring has these arguments under Args:"


def is_explained_below(name: str) -> bool:
    """Whether a string stands below the assignment of a name, in the package that has it."""
    module = import_module(nvp.HOMES[name])
    body = ast.parse((ROOT / str(module.__file__)).read_text()).body
    (place,) = (
        number
        for number, line in enumerate(body)
        if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) == name
    )
    below = body[place + 1]
    return isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)


def test_an_argument_without_a_word_is_found() -> None:
    def bare(first: int, second: int) -> None:
        """Do it.

        Args:
            first: one of two.
        """

    assert find_missing(bare) == ["second"]
