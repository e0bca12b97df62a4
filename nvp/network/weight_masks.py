"""Weight masks: single weights held at exactly 0, by a buffer `weight_keep` beside the weight.

A masked weight is 0, its moments are 0, and `GradientRule` zeroes its gradient. So no step, decay,
momentum or noise moves it, and the forward pass costs nothing more. Any parameter can be masked
this way. The buffers exist only where something was masked, and checkpoints carry them.
"""

import torch
from jaxtyping import Bool
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.network.adopted.adopted import INSIDE, Adopted
from nvp.network.dense_index import dense_indices
from nvp.network.entries import find_moments
from nvp.network.group import find_entries
from nvp.network.groups import find_groups, name_layer

SUFFIX = "_keep"
AFFINE = (
    *(nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d),
    *(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)


def prunable_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return {name: weight} of every convolution and linear layer, logits and shortcuts too."""
    if isinstance(model, Adopted):
        return find_adopted_weights(model)
    return {
        f"{path}.weight": module.weight
        for path, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }


def find_adopted_weights(model: Adopted) -> dict[str, Tensor]:
    """Return {name: weight} of the maps of an adopted network, of functions too."""
    maps = {id(m.weight) for m in model.modules() if isinstance(m, AFFINE)}
    made = {piece.weight for layer in model.find_layers().values() for piece in layer.find_pieces()}
    named = model.named_parameters()
    return {name: p for name, p in named if p.dim() > 1 and (id(p) in maps or name in made)}


def name_layers(model: nn.Module) -> dict[str, str]:
    """Return {name of a weight: path of the layer or map that it belongs to}."""
    if not isinstance(model, Adopted):
        return {name: name_layer(name) for name in prunable_weights(model)}
    paths = {name: name_layer(name.removeprefix(INSIDE)) for name in prunable_weights(model)}
    for path, layer in reversed(model.find_layers().items()):  # the first of several comes last
        if layer.spot.weight:
            paths[INSIDE + layer.spot.weight] = path
    return paths


def parameter_masks(model: nn.Module) -> dict[str, Bool[Tensor, "..."]]:
    """Return {parameter name: True where kept} of the parameters that have a mask."""
    if isinstance(model, Adopted):
        return model.weight_masks.as_dict()
    parameters = dict(model.named_parameters())
    masks = {name.removesuffix(SUFFIX): buffer for name, buffer in model.named_buffers()}
    return {name: mask for name, mask in masks.items() if name in parameters}


def live_weights(model: nn.Module) -> dict[str, Bool[Tensor, "..."]]:
    """Return {parameter name: True where neither it nor a neuron that it touches is masked}."""
    live = {name: torch.ones_like(p, dtype=torch.bool) for name, p in model.named_parameters()}
    for group in find_groups(model).values():
        masked = (~group.keep).nonzero().flatten()
        for slots in group.slots if len(masked) else ():
            if slots.name in live:
                live[slots.name].index_fill_(slots.dim, find_entries(slots, masked), False)
    for name, mask in parameter_masks(model).items():
        live[name] &= mask
    return live


def register_mask(model: nn.Module, name: str) -> Bool[Tensor, "..."]:
    """Return the mask of a parameter. Changes `model` where there is none: a new one keeps all."""
    if isinstance(model, Adopted):
        if name not in model.weight_masks:
            whole = torch.ones_like(model.get_parameter(name), dtype=torch.bool)
            model.weight_masks[name] = whole
        return model.weight_masks[name]
    path, _, leaf = name.rpartition(".")
    module = model.get_submodule(path)
    if leaf + SUFFIX not in dict(module.named_buffers(recurse=False)):
        parameter = model.get_parameter(name)
        module.register_buffer(leaf + SUFFIX, torch.ones_like(parameter, dtype=torch.bool))
    return module.get_buffer(leaf + SUFFIX)


def make_room(model: nn.Module, name: str, tensor: Tensor) -> None:
    """Make the buffer of a saved state that a fresh network has none of yet. Changes `model`.

    Args:
        model: the fresh network.
        name: as in `state_dict()`.
        tensor: what will be loaded into it.
    """
    if isinstance(model, Adopted):
        model.make_room(name, tensor)
    else:
        register_mask(model, name.removesuffix(SUFFIX))


def mask_weights(
    model: nn.Module, optimizer: Optimizer | None, name: str, keep: Bool[Tensor, "..."]
) -> None:
    """Mask the entries of a parameter where `keep` is False. Changes `model` and `optimizer`."""
    mask = register_mask(model, name)
    mask &= keep
    parameter = model.get_parameter(name)
    for tensor in (parameter, *find_moments(parameter, optimizer).values()):
        tensor.data.masked_fill_(~mask, 0)


def soften_weights(model: nn.Module, name: str, keep: Bool[Tensor, "..."]) -> None:
    """Zero the entries where `keep` is False until `release_masks`. Changes `model`.

    They may regrow from there.
    """
    register_mask(model, name).logical_and_(keep)
    model.get_parameter(name).data.masked_fill_(~keep, 0)


def grow_weights(model: nn.Module, name: str, grow: Bool[Tensor, "..."], values: Tensor) -> None:
    """Unmask the entries where `grow` is True, starting from `values`. Changes `model`."""
    register_mask(model, name).logical_or_(grow)
    weight = model.get_parameter(name)
    weight.data.copy_(torch.where(grow, values.to(weight), weight.data))


def weight_sparsity(model: nn.Module) -> tuple[int, int]:
    """Return (masked or removed, all) weights of convolutions and linear layers."""
    live, dense = live_weights(model), dense_indices(model)
    total = sum(dense[name].numel for name in prunable_weights(model))
    return total - sum(int(live[name].sum()) for name in prunable_weights(model)), total


def weight_changes(
    model: nn.Module, before: dict[str, Bool[Tensor, "..."]]
) -> dict[str, tuple[int, int]]:
    """Return {path of a layer: (weights pruned, weights grown)} since the masks were `before`."""
    changes = {}
    masks, paths = parameter_masks(model), name_layers(model)
    for name in prunable_weights(model):
        if name in masks:
            now, old = masks[name], before.get(name, torch.ones_like(masks[name]))
            counts = int((old & ~now).sum()), int((now & ~old).sum())
            changes |= {paths[name]: counts} if any(counts) else {}
    return changes
