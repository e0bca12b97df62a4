"""Fewer cases than the product of all lists: each case of the first list, with the others in turn.

A suite over methods, networks and settings need not try them all together where the code has no
rule that joins them: a fault of a method shows on any network, one of a network with any method.
"""

from collections.abc import Iterable, Sequence
from typing import Any


def in_turn(cases: Iterable[Any], *others: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return each of `cases`, tuples or single values, joined by one value of each other list.

    The start moves on by one in each round, so that a list of 2 beside cases that alternate
    themselves meets both kinds.
    """
    found = []
    for k, case in enumerate(cases):
        row = case if isinstance(case, tuple) else (case,)
        for values in others:
            row += (values[(k + k // len(values)) % len(values)],)
            k //= len(values)
        found.append(row)
    return found
