"""Progress: counts of masked units, and whether the target of now is reached."""

from torch import nn

from nvp.network.groups import find_groups
from nvp.network.weight_masks import weight_sparsity
from nvp.pruning.allocation import whole
from nvp.pruning.plan import PruningPlan


def count_masked_units(model: nn.Module, sites: str) -> tuple[int, int]:
    """Return (masked or removed, all) prunable units of the network."""
    groups = find_groups(model, sites).values()
    units = sum(group.dense for group in groups)
    return units - sum(int(group.keep.sum()) for group in groups), units


def has_reached(model: nn.Module, plan: PruningPlan, target: float) -> bool:
    """Whether a hard method has reached its target of now, so that no score is needed."""
    if plan.method.aim != "target" or plan.is_soft or plan.reactivates:
        return False
    if plan.granularity == "weight":
        masked, pool = weight_sparsity(model)
    else:
        masked, pool = count_masked_units(model, plan.config.sites)
    return 0 < whole(target, pool) <= masked
