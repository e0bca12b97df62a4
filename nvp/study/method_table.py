"""The tables of pruning methods and of remedies, as `nvp methods` prints them."""

from collections.abc import Sequence

from nvp.config.command_parser import CommandParser
from nvp.pruning.methods import METHODS
from nvp.remedies import REMEDIES


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each pruning method, and one for each remedy; return 0."""
    CommandParser(
        prog="nvp methods",
        description="List the pruning methods (the aim, the parts and the sentence of each), then "
        "the remedies (what each needs, and its sentence).",
    ).parse_args(argv)
    print_methods()
    print()
    print_remedies()
    return 0


def print_methods() -> None:
    """Print a line for each method: its aim, its parts and what it does."""
    print("prune.method")
    for name, method in METHODS.items():
        parts = [method.criterion, method.allocation, method.schedule]
        parts += [method.regrow] if method.regrow != "none" else []
        design = " x ".join(part for part in parts if part)
        aim = "" if method.aim == "none" else f"{method.aim}, {method.granularity}"
        print(f"{name:27s} {aim:17s} {design:40s} {method.summary}")


def print_remedies() -> None:
    """Print a line for each remedy: what a trial must have for it, and what it does."""
    print("remedy.name")
    for name, remedy in REMEDIES.items():
        needs = f"needs {', '.join(remedy.needs)}" if remedy.needs else ""
        print(f"{name:27s} {needs:25s} {remedy.summary}")
