"""The user's modules that dotted names reach: those named, and what they import beside them.

A module of an installed package stands for itself by the version of its distribution. What is
already told by the versions of a row (torch, nvp, ray) and what is Python's own is left out.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec, resolve_name
from pathlib import Path

from nvp.config.dotted_names import import_name, is_foreign_file

TOLD = {"torch", "nvp", "ray"}


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
    waiting = []
    for name in sorted(names):
        import_name("module", name)
        waiting.append(name.partition(":")[0])
    seen: set[str] = set()
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
    try:
        spec = find_spec(module)
    except (ImportError, ValueError, AttributeError):  # `from package import a_function`
        return None
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    return None if is_foreign_file(spec.origin) else Path(spec.origin)


def list_imports(module: str, file: Path) -> list[str]:
    """Return the modules that a source file may import, also inside of its functions."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    found: list[str] = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
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
