"""Masking neurons: they are silent, and every weight that touches them stays exactly 0.

Masking a unit clears the keep bit in each layer of its group and zeroes its weights, bias, norm
scale and shift, the columns of the weights that read it, and their optimizer moments. Gradients
there are 0 from then on, so no optimizer step, decay or momentum moves them.
"""

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopting.anatomy import Slots
from nvp.network.entries import zero_entries
from nvp.network.group import find_entries
from nvp.network.groups import find_groups
from nvp.network.weight_masks import parameter_masks


def mask_units(
    model: nn.Module, optimizer: Optimizer | None, group: str, index: Int64[Tensor, "k"]
) -> None:
    """Mask the units `index` of a group for good. Changes `model` and `optimizer`."""
    found = find_groups(model)[group]
    found.set_keep(index, False)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for slots in found.slots:
            if slots.name in parameters:  # statistics stay as they are
                entries = find_entries(slots, index)
                zero_entries(parameters[slots.name], optimizer, entries, dim=slots.dim)


def soften_units(model: nn.Module, group: str, index: Int64[Tensor, "k"]) -> None:
    """Silence units until `release_masks`. Changes `model`: weights and biases become 0.

    They may regrow from there. In an adopted network, which has no masks in its forward pass, what
    reads them is 0 meanwhile, too.
    """
    found = find_groups(model)[group]
    found.set_keep(index, False)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for slots in found.slots:
            if slots.name not in parameters or not is_softened(model, slots):
                continue
            parameter = parameters[slots.name]
            if isinstance(model, Adopted) and slots.reads and slots.name not in model.held:
                model.held[slots.name] = parameter.detach().clone()
            parameter.index_fill_(slots.dim, find_entries(slots, index), 0)


def is_softened(model: nn.Module, slots: Slots) -> bool:
    """Whether `soften_units` zeroes these entries of a parameter; scales and shifts stay."""
    if slots.reads:
        return isinstance(model, Adopted)
    return not is_of_norm(model, slots.name)


def is_of_norm(model: nn.Module, name: str) -> bool:
    """Whether a parameter is the scale or the shift of a normalisation."""
    weight = getattr(model.get_submodule(name.rpartition(".")[0]), "weight", None)
    return isinstance(weight, Tensor) and weight.dim() == 1


def release_masks(model: nn.Module) -> None:
    """Keep every unit and weight again, as the soft schedules do. Changes `model`."""
    if isinstance(model, Adopted):
        release_readers(model)
    for group in find_groups(model).values():
        for keep in group.keeps:
            keep.fill_(True)
    for mask in parameter_masks(model).values():
        mask.fill_(True)


def release_readers(model: Adopted) -> None:
    """Give the weights that read softly masked units their values again. Changes `model`.

    Rows that make such units stay 0.
    """
    with torch.no_grad():
        for group in find_groups(model).values():
            masked = (~group.keep).nonzero().flatten()
            for slots in group.slots:
                if slots.name in model.held and not slots.reads:
                    entries = find_entries(slots, masked)
                    model.held[slots.name].index_fill_(slots.dim, entries, 0)
        for name, values in model.held.as_dict().items():
            model.get_parameter(name).copy_(values)
    model.held.clear()
