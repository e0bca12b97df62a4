"""The user's modules that dotted names reach: those named, and what they import beside them.

A module of an installed package stands for itself by the version of its distribution. What is
already told by the versions of a row (torch, nvp, ray) and what is Python's own is left out.
"""

import ast
import json
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec, resolve_name
from pathlib import Path

from nvp.config.dotted_names import import_name, is_foreign_file

SCRIPT = "__main__"
TOLD = {"torch", "nvp", "ray"}
AS_HERE = (
    "import json, runpy, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def run_module(name: str) -> list[str]:
    """Return the command of a process that runs a module, and finds modules where this one does.

    `python -m` would look in the current folder first: in an `nvp` that happens to lie there.
    """
    return [sys.executable, "-c", AS_HERE, json.dumps(sys.path), name]


def find_modules(names: Iterable[str]) -> dict[str, Path]:
    """Return {module: its file} of the user's modules that dotted names reach; imports those named.

    Raises:
        ValueError: a name stands for nothing.
    """
    return {module: file for module, file in reach_modules(names) if file is not None}


def find_versions(names: Iterable[str]) -> dict[str, str]:
    """Return {installed package: version} of those that dotted names and their modules reach."""
    tops = {module.partition(".")[0] for module, file in reach_modules(names) if file is None}
    found = sorted(tops - TOLD - {*sys.stdlib_module_names})
    return {top: read_version(top) for top in found}


def reach_modules(names: Iterable[str]) -> Iterator[tuple[str, Path | None]]:
    """Yield each module that dotted names reach once, with its file; None for an installed one."""
    for name in sorted(names):
        import_name("module", name)
    yield from follow_imports(name.partition(":")[0] for name in sorted(names))


def find_imported(modules: Iterable[str]) -> tuple[str, ...]:
    """Return the user's modules among these and what they import; "__main__" is the script."""
    return tuple(module for module, file in follow_imports(modules) if file is not None)


def follow_imports(modules: Iterable[str]) -> Iterator[tuple[str, Path | None]]:
    """Yield each module, and what it imports, once, with its file; None for an installed one."""
    waiting, seen = [*modules], set[str]()
    while waiting:
        module = waiting.pop()
        for each in list_parents(module):
            if each not in seen:
                seen.add(each)
                file = find_source(each)
                yield each, file
                waiting += list_imports(each, file) if file else []


def list_parents(module: str) -> list[str]:
    """Return a module and the packages that it is in, which are imported with it."""
    parts = module.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def find_source(module: str) -> Path | None:
    """Return the source file of a user's module; None for one that is installed or is none."""
    if module == SCRIPT:
        origin = getattr(sys.modules[SCRIPT], "__file__", None)  # none of a notebook
    else:
        spec = find_without_import(module)
        origin = spec.origin if spec else None
    if not origin or not origin.endswith(".py") or not Path(origin).is_file():
        return None
    return None if is_foreign_file(origin) else Path(origin)


def find_without_import(module: str) -> ModuleSpec | None:
    """Return where a module is; nothing is imported, not even the package that it is in."""
    package = module.rpartition(".")[0]
    try:
        if not package or package in sys.modules:
            return find_spec(module)
        above = find_without_import(package)
        folders = above and above.submodule_search_locations
        return PathFinder.find_spec(module, list(folders)) if folders else None
    except (ImportError, ValueError, AttributeError):  # `from package import a_function`
        return None


def list_imports(module: str, file: Path) -> list[str]:
    """Return the modules that a source file may import, also inside of its functions."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    if module == SCRIPT:
        package = getattr(sys.modules[SCRIPT], "__package__", None) or ""
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:  # of another Python, say; nothing that runs has imported it
        return []
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            if node.level and not package:  # would fail if it ran: there is no package
                continue
            source = resolve_name(relative, package) if node.level else relative
            found += [source, *(f"{source}.{alias.name}" for alias in node.names)]
    return [name for name in found if "*" not in name]


@cache
def read_version(top: str) -> str:
    """Return the version of the distribution that a top-level package is of; "" for none."""
    for distribution in packages_distributions().get(top, []):
        try:
            return version(distribution)
        except PackageNotFoundError:  # its metadata are gone
            continue
    return ""
