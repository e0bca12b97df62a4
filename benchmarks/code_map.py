"""The map of the code in README.md and docs/map.md: `python -m benchmarks.code_map` writes both.

It is made from the doors, the docstrings of the packages' `__init__.py`, and from the order of the
packages in pyproject.toml. No module is imported for it.
"""

import ast
import re
import tomllib
from pathlib import Path

from benchmarks.made_parts import fill

ROOT = Path(__file__).parent.parent
HEAD = """# Map of the code

Made by `make docs` from the docstrings of the packages. The packages are a staircase: a file
imports only from its own package and from packages above it on this page. `make lint` checks that.
"""


def staircase(container: str) -> list[str]:
    """Return the packages inside a package, the one that imports from no other first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = (
        contract["layers"]
        for contract in contracts["contracts"]
        if contract.get("containers") == [container]
    )
    names = [name.strip() for layer in reversed(layers) for name in layer.split("|")]
    folder = ROOT / container.replace(".", "/")
    return [name for name in names if (folder / name).is_dir()]


def door(package: str) -> str:
    """Return the docstring of a package, given by its dotted name."""
    path = ROOT / package.replace(".", "/") / "__init__.py"
    return ast.get_docstring(ast.parse(path.read_text())) or ""


def first_sentence(text: str) -> str:
    """Return the first paragraph's first sentence on one line."""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0]


def overview() -> str:
    """Return the table of README.md: each package of nvp and its first sentence."""
    rows = [f"| `nvp/{name}/` | {first_sentence(door(f'nvp.{name}'))} |" for name in packages()]
    return "\n".join(["| package | it holds |", "|---|---|", *rows])


def packages() -> list[str]:
    """Return the packages of nvp, lowest first."""
    return staircase("nvp")


def page() -> str:
    """Return docs/map.md: each package and each package inside it, with its whole door."""
    parts = [HEAD]
    for name in packages():
        parts.append(section(f"nvp.{name}", 2))
        parts += [section(inner, 3) for inner in inner_packages(f"nvp.{name}")]
    return "\n".join(parts)


def inner_packages(package: str) -> list[str]:
    """Return the dotted names of the packages inside a package: in layers, else by name."""
    folder = ROOT / package.replace(".", "/")
    found = sorted(path.parent.name for path in folder.glob("*/__init__.py"))
    if package == "nvp.analysis":
        found = staircase(package)
    return [f"{package}.{name}" for name in found]


def section(package: str, level: int) -> str:
    """Return a door as Markdown: its text as it is, its lines `name  meaning` as a table."""
    lines = [f"{'#' * level} nvp/{package.removeprefix('nvp.').replace('.', '/')}", ""]
    rows = False
    for line in door(package).splitlines():
        entry = re.fullmatch(r" *(\S.*?) {2,}(\S.*)", line)
        more = rows and not entry and line.startswith("  ")
        if entry and not rows:
            lines += [""] if lines[-1] else []
            lines += ["| inside | |", "|---|---|"]
        if entry:
            lines.append(f"| `{entry[1]}` | {escaped(entry[2])} |")
        elif more:
            lines[-1] = f"{lines[-1].removesuffix(' |')} {escaped(line.strip())} |"
        else:
            lines.append(line)
        rows = bool(entry) or more
    return "\n".join([*lines, ""])


def escaped(text: str) -> str:
    """Return a text that may stand in a cell of a Markdown table."""
    return text.replace("|", r"\|")


def readme() -> str:
    """Return README.md with the map as it is now."""
    return fill((ROOT / "README.md").read_text(), "map", overview(), by="make docs")


if __name__ == "__main__":
    (ROOT / "README.md").write_text(readme())
    (ROOT / "docs/map.md").write_text(page())
