"""The table of methods, as `nvp methods` prints it."""

from collections.abc import Sequence

from nvp.config.command_parser import CommandParser
from nvp.pruning.methods import METHODS


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each method: its aim, its parts and what it does; return 0."""
    CommandParser(
        prog="nvp methods",
        description="List the pruning methods: the aim, the parts and the sentence of each.",
    ).parse_args(argv)
    for name, method in METHODS.items():
        parts = [method.criterion, method.allocation, method.schedule]
        parts += [method.regrow] if method.regrow != "none" else []
        design = " x ".join(part for part in parts if part)
        aim = "" if method.aim == "none" else f"{method.aim}, {method.granularity}"
        print(f"{name:27s} {aim:17s} {design:40s} {method.summary}")
    return 0
