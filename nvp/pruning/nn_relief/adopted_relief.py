"""NN Relief over an adopted network, whose maps are judged one by one.

Of a network without residual sums the masks are those of `relief`. In a sum nothing is masked but
connections: the weak side of an identity has no weight that could be.
"""

import copy

import torch
from jaxtyping import Bool
from torch import Tensor

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopted.adopted_layer import MODULES
from nvp.network.adopting.anatomy import Slots
from nvp.network.adopting.undisturbed import undisturbed
from nvp.network.group import Group
from nvp.network.groups import find_groups
from nvp.network.weight_masks import prunable_weights
from nvp.pruning.nn_relief.coverage import choose_inputs, score_map
from nvp.pruning.nn_relief.measured_maps import MeanCall, find_untouched, measure_calls
from nvp.pruning.nn_relief.patches import arrange_mask
from nvp.pruning.nn_relief.relief import Relief, apply_relief, check_shares


def run_adopted_relief(
    model: Adopted, pixels: Tensor, *, alpha_conv: float, alpha_fc: float, norm: str = "frobenius"
) -> Relief:
    """Return the masks of one pass of NN Relief; leaves the network as it was.

    Convolutions are scored by activations of the network as it is; linear maps by those behind
    the pruned convolutions. What is masked already has no signal and is not kept.

    Args:
        model: the network.
        pixels: the probe, ready for it.
        alpha_conv: share of the signal to keep in convolutions, in (0, 1].
        alpha_fc: the same in linear maps.
        norm: how positions are summed, "frobenius" or "l1".

    Raises:
        ValueError: unknown norm, or a share outside (0, 1].
    """
    check_shares(norm, alpha_conv, alpha_fc)
    network = copy.deepcopy(model)
    with undisturbed(network):
        relief = Relief(untouched=find_untouched(network, pixels))
        names = [name for name in prunable_weights(network) if name not in relief.untouched]
        calls = measure_calls(network, pixels, names)
        convolutions = [name for name, found in calls.items() if found[0].window]
        for name in convolutions:
            mask_map(network, relief, name, calls[name], alpha_conv, norm)
        linear = [name for name in names if name not in convolutions]
        if convolutions and linear:
            drop_silent_units(network, relief, calls)
            apply_relief(network, relief, ())
            calls = measure_calls(network, pixels, linear)
        for name in linear:
            mask_map(network, relief, name, calls[name], alpha_fc, norm)
        drop_unread_units(network, relief)
    return relief


def mask_map(
    network: Adopted, relief: Relief, name: str, calls: list[MeanCall], alpha: float, norm: str
) -> None:
    """Add the mask of a map to `relief`: of its weight, and of its bias if it has one.

    The positions of a map that is called several times are those of all of its calls.
    """
    weight, bias = network.get_parameter(name), calls[0].bias
    added = network.get_parameter(bias) if bias else None
    each = [score_map(weight, added, call.means, call.window, norm) for call in calls]
    scores = each[0] if len(each) == 1 else torch.stack(each).norm(1 if norm == "l1" else 2, dim=0)
    keep = choose_inputs(scores, alpha)
    inputs = keep[:, :-1] if bias else keep
    relief.weights[name] = arrange_mask(inputs, weight, calls[0].window)
    if bias:  # two maps may share one
        relief.weights[bias] = keep[:, -1] & relief.weights.get(bias, torch.ones_like(keep[:, -1]))


def drop_silent_units(network: Adopted, relief: Relief, calls: dict[str, list[MeanCall]]) -> None:
    """Drop in `relief` the units of convolutions that give nothing to any map that reads them."""
    parameters, heard = dict(network.named_parameters()), Relief()
    for name, found in calls.items():
        window = found[0].window
        if window is None or window.groups == 1:
            dim = 0 if window and window.transposed else 1
            loud = torch.stack([find_loud_inputs(call) for call in found]).any(0)
            shape = [-1 if d == dim else 1 for d in range(parameters[name].dim())]
            heard.weights[name] = loud.view(shape).expand_as(parameters[name])
    for group in find_groups(network).values():
        if any(slots.name in relief.weights for slots in group.slots if not slots.reads):
            drop_units(network, group, relief, ~find_read_units(group, heard))


def find_loud_inputs(call: MeanCall) -> Bool[Tensor, "c"]:
    """Return which inputs of a map are not 0 at every position of every image."""
    return (call.means != 0).movedim(1, 0).flatten(1).any(1)


def drop_unread_units(network: Adopted, relief: Relief) -> None:
    """Drop in `relief` the units that nothing reads any more, until all are read."""
    groups = [*reversed(find_groups(network).values())]
    # a list, so that each group has its turn
    while any([drop_units(network, g, relief, ~find_read_units(g, relief)) for g in groups]):
        pass


def drop_units(network: Adopted, group: Group, relief: Relief, gone: Bool[Tensor, "u"]) -> bool:
    """Drop in `relief` all that makes some units of a group; return whether any of it was kept."""
    dropped = False
    parameters = dict(network.named_parameters()) if bool(gone.any()) else {}
    for slots in group.slots:
        if slots.name in parameters and not slots.reads:
            whole = torch.ones_like(parameters[slots.name], dtype=torch.bool)
            mask = relief.weights.setdefault(slots.name, whole)
            entries = slots.entries[gone[slots.units]]
            dropped |= bool(mask.index_select(slots.dim, entries).any())
            mask.index_fill_(slots.dim, entries, False)
    return dropped


def find_read_units(group: Group, relief: Relief) -> Bool[Tensor, "u"]:
    """Return which units of a group a weight reads with a kept entry; all where none reads it."""
    readers = [slots for slots in group.slots if slots.reads]
    if not readers:
        return torch.ones_like(group.keep)
    return find_kept_units(group, readers, relief)


def find_kept_units(group: Group, places: list[Slots], relief: Relief) -> Bool[Tensor, "u"]:
    """Return which units have an entry in some places that is not masked altogether."""
    kept = torch.zeros_like(group.keep)
    for slots in places:
        mask = relief.weights.get(slots.name)
        if mask is None:
            kept[slots.units] = True
        else:
            lines = mask.movedim(slots.dim, 0).flatten(1) if mask.dim() > 1 else mask.unsqueeze(1)
            kept[slots.units[lines[slots.entries].any(1)]] = True
    return kept


def find_lost_units(network: Adopted, relief: Relief) -> dict[str, Bool[Tensor, "u"]]:
    """Return {group: the units that nothing reads, or that nothing makes}, as one pass leaves them.

    A unit that nothing makes puts out 0 behind most activation functions. Behind others, and where
    a norm without a shift of its own follows, it puts out a constant, and stays.
    """
    parameters, lost = {name for name, _ in network.named_parameters()}, {}
    for name, group in find_groups(network).items():
        makers = [slots for slots in group.slots if not slots.reads and slots.name in parameters]
        lost[name] = ~find_read_units(group, relief)
        if is_silent_at_zero(network, group, {slots.name for slots in makers}):
            lost[name] |= ~find_kept_units(group, makers, relief)
    return lost


def is_silent_at_zero(network: Adopted, group: Group, makers: set[str]) -> bool:
    """Whether units of which all entries are 0 put out 0, by their functions and norms."""
    functions = {network.anatomy.layers[path].function for path in group.layers}
    statistics = [s.name for s in group.slots if s.name.endswith("running_mean")]
    shifts = {f"{name.rpartition('.')[0]}.bias" for name in statistics}
    return functions <= set(MODULES) and shifts <= makers
