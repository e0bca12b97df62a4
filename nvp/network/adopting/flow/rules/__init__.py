"""How an operation passes on the slots: one rule for each kind of operation.

    affine         weights: new units, and columns that read the old ones
    movement       views, concatenations, indices: the same operation runs on the slots
    elementwise    what meets at one place goes together
    normalisation  statistics of a channel, of a group of channels, or over the units
    pooling        windows in space, and what is taken over whole dimensions

A rule is called as `rule(flow, operation)`; it gives the outputs their trails and tells the table
which slots go together and which must stay. An operation without a rule is not followed: its units
must stay.
"""

from collections.abc import Callable
from typing import Any

from nvp.network.adopting.flow.operation import Operation
from nvp.network.adopting.flow.rules import affine, elementwise, movement, normalisation, pooling

RULES: dict[str, Callable[[Any, Operation], None]] = {
    **affine.RULES,
    **movement.RULES,
    **elementwise.RULES,
    **normalisation.RULES,
    **pooling.RULES,
}


def find_rule(operation: Operation) -> Callable[[Any, Operation], None] | None:
    """Return the rule for an operation; None where there is none."""
    if rule := RULES.get(operation.name):
        return rule
    return elementwise.follow_elementwise if operation.is_elementwise else None
