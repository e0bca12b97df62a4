"""One pruning step: score -> allocate -> mask -> regrow."""

from nvp.network.groups import neuron_layers
from nvp.network.weight_masks import parameter_masks, weight_changes
from nvp.pruning.criteria.dying import state_changes
from nvp.pruning.masking import Masked, mask
from nvp.pruning.measuring_point import MeasuringPoint, Pruned
from nvp.pruning.plan import PruningPlan
from nvp.pruning.progress import has_reached
from nvp.pruning.regrowth.regrow import regrow
from nvp.pruning.rewinding import rewind
from nvp.pruning.scoring import score_pool
from nvp.pruning.trigger import TRIGGERS, is_latest_point


def prune_point(point: MeasuringPoint, plan: PruningPlan) -> Pruned:
    """Mask and regrow what the method asks for at this measuring point. Changes the point.

    Args:
        point: its model, optimizer and memory are changed.
        plan: of the trial's pruning.
    """
    masks = {name: keep.clone() for name, keep in parameter_masks(point.model).items()}
    keeps = {path: layer.keep.clone() for path, layer in neuron_layers(point.model).items()}
    memory = dict(point.memory)
    target, forced = find_target(point, plan)
    masked = Masked()
    if plan.method.rewinds and point.moment.progress == 0:
        rewind(point)  # the first call only remembers the initial weights
    if target is None or has_reached(point.model, plan, target):
        update_memory(point, plan)
    else:
        masked = mask(point, plan, target)
    if plan.method.rewinds and target is not None:
        rewind(point)
    grown = regrow(point, plan, masked.units)
    changes = weight_changes(point.model, masks)
    return Pruned(
        masked=masked.units,
        target=None if plan.allocation == "threshold" else target,
        floored=tuple(sorted(masked.floored)),
        grown=grown,
        weights=changes,
        forced=forced and bool(masked.units or changes),
        states=state_changes(memory, point.memory, keeps),
    )


def find_target(point: MeasuringPoint, plan: PruningPlan) -> tuple[float | None, bool]:
    """Return (the target of this point or None, whether it is due although no trigger fired)."""
    target = plan.find_target(point.moment)
    if target is not None and has_reached(point.model, plan, target):
        return target, False
    fired = TRIGGERS[plan.method.trigger](point, plan)
    forced = not fired and is_latest_point(point, plan)
    return (target, forced) if fired or forced else (None, False)


def update_memory(point: MeasuringPoint, plan: PruningPlan) -> None:
    """Let a criterion that compares measuring points see this one too, though nothing is due."""
    if getattr(plan.build_criterion(), "remembers", False):
        score_pool(point, plan)
