"""One line per bar: `BAR <name> measured=<x> target=<op><y> ok|short`."""

from statistics import median

SHORT = 3  # exit code of a benchmark that ran to its end and has a short bar; 1: it broke
OPERATORS = {"<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b}


def bar(name: str, measured: float, operator: str, target: float) -> bool:
    """Print a bar and return whether it holds."""
    holds = OPERATORS[operator](measured, target)
    verdict = "ok" if holds else "short"
    print(f"BAR {name} measured={measured:.4g} target={operator}{target:g} {verdict}", flush=True)
    return holds


def spread(name: str, values: list[float], unit: str) -> float:
    """Print median, least and most of several readings and return the median."""
    middle = median(values)
    print(f"    {name}: median {middle:.4g} {unit}, {min(values):.4g} to {max(values):.4g}, "
          f"n = {len(values)}", flush=True)  # fmt: skip
    return middle
