"""Weight masks: single weights held at exactly 0, by a buffer `weight_keep` beside the weight.

A masked weight is 0, its moments are 0, and `GradientRule` zeroes its gradient. So no step, decay,
momentum or noise moves it, and the forward pass costs nothing more. Any parameter can be masked
this way. The buffers exist only where something was masked, and checkpoints carry them.
"""

import torch
from jaxtyping import Bool
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.network.dense_index import dense_indices
from nvp.network.groups import find_readers, input_columns, maskable_layers, prunable_groups

SUFFIX = "_keep"


def prunable_weights(model: nn.Module) -> dict[str, Tensor]:
    """Return {name: weight} of every convolution and linear layer, logits and shortcuts too."""
    return {
        f"{path}.weight": module.weight
        for path, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }


def layer_path(weight: str) -> str:
    """Return the path of the layer that a weight (or another parameter) belongs to."""
    return weight.rpartition(".")[0].removesuffix(".affine").removesuffix(".norm")


def parameter_masks(model: nn.Module) -> dict[str, Bool[Tensor, "..."]]:
    """Return {parameter name: True where kept} of the parameters that have a mask."""
    parameters = dict(model.named_parameters())
    masks = {name.removesuffix(SUFFIX): buffer for name, buffer in model.named_buffers()}
    return {name: mask for name, mask in masks.items() if name in parameters}


def live_weights(model: nn.Module) -> dict[str, Bool[Tensor, "..."]]:
    """Return {parameter name: True where neither it nor a neuron that it touches is masked}."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in model.named_parameters()}
    live = {name: torch.ones_like(p, dtype=torch.bool) for name, p in model.named_parameters()}
    layers = maskable_layers(model)
    for group, paths in prunable_groups(model).items():
        keep = layers[paths[0]].keep
        masked = (~keep).nonzero().flatten()
        if not len(masked):
            continue
        for path in paths:
            for parameter in layers[path].own:
                live[names[parameter]][masked] = False
        for affine in find_readers(model, group):
            live[names[affine.weight]][:, input_columns(affine, masked, len(keep))] = False
    for name, mask in parameter_masks(model).items():
        live[name] &= mask
    return live


def register_mask(model: nn.Module, name: str) -> Bool[Tensor, "..."]:
    """Return the mask of a parameter. Changes `model` where there is none: a new one keeps all."""
    path, _, leaf = name.rpartition(".")
    module = model.get_submodule(path)
    if leaf + SUFFIX not in dict(module.named_buffers(recurse=False)):
        parameter = model.get_parameter(name)
        module.register_buffer(leaf + SUFFIX, torch.ones_like(parameter, dtype=torch.bool))
    return module.get_buffer(leaf + SUFFIX)


def mask_weights(
    model: nn.Module, optimizer: Optimizer, name: str, keep: Bool[Tensor, "..."]
) -> None:
    """Mask the entries of a parameter where `keep` is False. Changes `model` and `optimizer`."""
    mask = register_mask(model, name)
    mask &= keep
    parameter = model.get_parameter(name)
    moments = optimizer.state.get(parameter, {}).values()
    for tensor in (parameter, *moments):
        if isinstance(tensor, Tensor) and tensor.shape == parameter.shape:
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
    masks = parameter_masks(model)
    for name in prunable_weights(model):
        if name in masks:
            now, old = masks[name], before.get(name, torch.ones_like(masks[name]))
            counts = int((old & ~now).sum()), int((now & ~old).sum())
            changes |= {layer_path(name): counts} if any(counts) else {}
    return changes
