"""Removal policy: the size of a network without its masked neurons, and when removal pays.

Sizes are counted and nothing is timed. So a trial that was killed and continued shrinks at the same
measuring points as an unbroken one.
"""

import copy

from torch import nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.dense_index import dense_indices
from nvp.network.flops import count_flops, count_weight_uses
from nvp.network.removal import find_survivors, keep_units, remove_masked
from nvp.network.train_state import TrainState
from nvp.pruning.plan import PruningPlan

LEAST = 0.1  # of a step's FLOPs: less may cost time, for kernels like round widths
PER_STEP = 3  # a training step costs a forward pass three times over
PER_PARAMETER = 500  # FLOPs in whose time removal deals with a parameter and its moments
PER_EVENT = 2e9  # and with everything else


def measure_dense_size(model: nn.Module, image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return (parameters, FLOPs of one image) of the dense network that `model` was built as."""
    dense = dense_indices(model)
    if isinstance(model, Adopted):
        flops = model.dense_flops or count_flops(model, image_shape)
        return sum(index.numel for index in dense.values()), flops
    uses = count_weight_uses(model, image_shape)
    flops = sum(2 * count * dense[name].numel for name, count in uses.items())
    return sum(index.numel for index in dense.values()), flops


def measure_remaining_size(model: nn.Module, image_shape: tuple[int, int, int]) -> tuple[int, int]:
    """Return (parameters, FLOPs of one image) of `model` without its masked neurons."""
    shrunk = copy.deepcopy(model)
    keep_units(shrunk, find_survivors(shrunk))
    return sum(p.numel() for p in shrunk.parameters()), count_flops(shrunk, image_shape)


def removal_pays(model: nn.Module, image_shape: tuple[int, int, int], images_to_come: int) -> bool:
    """Return whether the images still to train on gain more than removal costs, by FLOPs.

    Never for less than a tenth of a step.
    """
    now, (_, later) = count_flops(model, image_shape), measure_remaining_size(model, image_shape)
    cost = PER_EVENT + PER_PARAMETER * sum(p.numel() for p in model.parameters())
    return now - later >= LEAST * now and PER_STEP * images_to_come * (now - later) > cost


def shrink_if_due(
    state: TrainState,
    plan: PruningPlan,
    *,
    progress: float,
    image_shape: tuple[int, int, int],
    images_to_come: int,
) -> dict[str, int]:
    """Remove the masked neurons if the policy says so; return how many went, by layer.

    Args:
        state: after this point's pruning; changed.
        plan: of the trial's pruning.
        progress: fraction of training that is done.
        image_shape: (channels, height, width).
        images_to_come: to be trained on, each as often as it comes.
    """
    possible = plan.config.shrink != "never" and plan.may_shrink(progress)
    if not possible or not find_survivors(state.model):
        return {}
    if plan.config.shrink == "auto" and not removal_pays(state.model, image_shape, images_to_come):
        return {}
    return remove_masked(state)
