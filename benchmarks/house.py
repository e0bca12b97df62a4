"""How long files and functions are, and how many parameters functions take: the bars of STYLE.

Files are counted with docstrings and comments; the body of a function is its lines without its
signature and docstring. Of `nvp`, tests and benchmarks not.
"""

import ast
import sys
from functools import cache
from pathlib import Path
from statistics import median, quantiles

from benchmarks.bar import bar

PACKAGE = Path(__file__).parents[1] / "nvp"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    """Return the files of the package."""
    return sorted(PACKAGE.rglob("*.py"))


@cache
def functions() -> list[tuple[Path, Function]]:
    """Return every function and method with its file."""
    return [
        (path, node)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, Function)
    ]


def lines_of(path: Path) -> int:
    """Return the number of lines of a file."""
    return path.read_text().count("\n")


def body_lines(function: Function) -> int:
    """Return the lines of a function without its signature and its docstring."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    return statements[-1].end_lineno - statements[0].lineno + 1 if statements else 0  # pyright: ignore


def num_parameters(function: Function) -> int:
    """Return how many parameters a function takes, `self` and `cls` not counted."""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def ninth_decile(values: list[int]) -> float:
    """Return the value that nine in ten do not exceed."""
    return quantiles(values, n=10, method="inclusive")[-1]


def widest_folder() -> int:
    """Return the number of files of the folder that has most, its door not counted."""
    counts = [len(list(door.parent.glob("*.py"))) - 1 for door in PACKAGE.rglob("__init__.py")]
    return max(counts)


def main() -> int:
    """Print the bars; return 1 when one is short."""
    files = [lines_of(path) for path in sources()]
    bodies = [body_lines(function) for _, function in functions()]
    parameters = [num_parameters(function) for _, function in functions()]
    held = [
        bar("file_median", median(files), "<=", 100),
        bar("file_p90", ninth_decile(files), "<=", 180),
        bar("function_body_p90", ninth_decile(bodies), "<=", 20),
        bar("function_body_max", max(bodies), "<=", 45),
        bar("parameters_max", max(parameters), "<=", 7),
        bar("files_in_widest_folder", widest_folder(), "<=", 21),
    ]
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
