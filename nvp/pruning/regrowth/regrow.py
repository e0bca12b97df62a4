"""Regrowth: how the method lets masked neurons or weights come back."""

from nvp.pruning.measuring_point import MeasuringPoint
from nvp.pruning.plan import PruningPlan
from nvp.pruning.regrowth.candidates import REACTIVATIONS
from nvp.pruning.regrowth.exchange import EXCHANGES
from nvp.pruning.regrowth.reactivation import Units, reactivate_units

REGROWTHS: dict[str, dict[str, object]] = {  # by granularity
    "neuron": {"none": None, **REACTIVATIONS},
    "weight": {"none": None, **EXCHANGES},
}

# The settings of `prune.*` that a regrowth reads.
SETTINGS_OF_REGROWTHS: dict[str, tuple[str, ...]] = {
    "gradient": ("regrow_fraction", "regrow_end", "batch"),
    "redo": ("regrow_fraction", "regrow_end"),
    "rigl": ("regrow_fraction", "regrow_end", "batch"),
    "set": ("regrow_fraction", "regrow_end"),
}


def regrow(point: MeasuringPoint, plan: PruningPlan, masked: Units) -> Units:
    """Let weights or units come back, as the method says; return the units that did.

    Args:
        point: changed.
        plan: of the trial's pruning.
        masked: the units that this step masked; none of these comes back.
    """
    if not 0 < point.moment.progress <= plan.config.regrow_end:
        return {}
    if plan.reactivates:
        return reactivate_units(point, plan, masked)
    if plan.regrow in EXCHANGES:
        EXCHANGES[plan.regrow](point, plan.config)
        point.forget()
    return {}
