"""Shrinking: masked neurons are removed physically, so that the network costs less.

The output of the network does not change, and neither does any later step of training: the removed
weights were 0 and had a gradient of 0. Parameters stay the same objects, so the optimizer goes on
with them. Its moments, the running statistics and the masks lose the same entries.
"""

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.network.dropout import Dropout
from nvp.network.groups import (
    find_readers,
    input_columns,
    maskable_layers,
    neuron_layers,
    prunable_groups,
)
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.subsample import Subsample
from nvp.network.train_state import TrainState
from nvp.network.weight_masks import SUFFIX

Survivors = dict[str, Int64[Tensor, "_"]]
SIZES = ("out_channels", "out_features", "num_features")
INPUT_SIZES = ("in_channels", "in_features")


def shrink(state: TrainState) -> dict[str, int]:
    """Remove every masked unit. Changes `state`: its model, its optimizer and its memories.

    Returns:
        {path of a watched layer: how many neurons it lost}.
    """
    stay = find_survivors(state.model)
    groups, layers = prunable_groups(state.model), neuron_layers(state.model)
    index = {path: stay[g] for g in stay for path in groups[g] if path in layers}
    removed = {path: len(layers[path].keep) - len(kept) for path, kept in index.items()}
    keep_units(state.model, stay, state.optimizer)
    for memory in (state.idle, state.dead, state.kept, state.memory):
        for key, values in memory.items():
            path = key.partition("/")[0]
            if path in index:
                memory[key] = values[index[path]]
    return removed


def find_survivors(model: nn.Module) -> Survivors:
    """Return {group: indices of the units that stay} of every group that can lose some.

    A group without known readers is not in it: their columns could not be removed. Of a group that
    is masked altogether, the first unit stays, masked, because torch has no layers of width 0.
    """
    layers, found = maskable_layers(model), {}
    for group, paths in prunable_groups(model).items():
        keep = layers[paths[0]].keep
        index = keep.nonzero().flatten()
        index = index if len(index) else index.new_zeros(1)
        if len(index) < len(keep) and find_readers(model, group):
            found[group] = index
    return found


def keep_units(model: nn.Module, stay: Survivors, optimizer: Optimizer | None = None) -> None:
    """Remove all but the units `stay` of some groups. Changes `model` and `optimizer`.

    Args:
        model: built of `NeuronLayer`, with `reads`.
        stay: {group: indices of the units as they are now, ascending}.
        optimizer: its optimizer, if it has one.
    """
    layers, groups = maskable_layers(model), prunable_groups(model)
    for group, index in stay.items():
        width = len(layers[groups[group][0]].keep)
        for affine in find_readers(model, group):
            columns = input_columns(affine, index, width)
            keep_entries(affine, ("weight",), columns, optimizer, dim=1)
            set_size(affine, INPUT_SIZES, len(columns))
        for path in groups[group]:
            narrow_layer(layers[path], index, optimizer)
    reroute_carriers(model)


def narrow_layer(
    layer: NeuronLayer, index: Int64[Tensor, "k"], optimizer: Optimizer | None
) -> None:
    """Remove all but the neurons `index` of a layer. Changes `layer` and `optimizer`."""
    for module in (layer.affine, layer.norm):
        keep_entries(module, ("weight", "bias"), index, optimizer)
        for name in ("running_mean", "running_var"):
            if isinstance(statistics := getattr(module, name, None), Tensor):
                setattr(module, name, statistics[index])
        set_size(module, SIZES, len(index))
    layer.present, layer.num_removed = layer.origin[index], layer.dense - len(index)
    for name in ("keep", "residual_keep"):
        if hasattr(layer, name):
            setattr(layer, name, getattr(layer, name)[index])


def set_size(module: nn.Module, names: tuple[str, ...], size: int) -> None:
    """Set the attributes of a module that say its size, those of `names` that it has."""
    for name in names:
        if hasattr(module, name):
            setattr(module, name, size)


def keep_entries(
    module: nn.Module,
    names: tuple[str, ...],
    index: Int64[Tensor, "k"],
    optimizer: Optimizer | None,
    *,
    dim: int = 0,
) -> None:
    """Remove all but the entries `index` of dimension `dim` of a module's parameters.

    Changes the parameters, their masks and their moments in `optimizer`.
    """
    for name in names:
        parameter = getattr(module, name, None)
        if parameter is None:
            continue
        moments = {} if optimizer is None else optimizer.state.get(parameter, {})
        for key, value in moments.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                moments[key] = take_entries(value, index, dim, like=parameter)
        mask = getattr(module, name + SUFFIX, None)
        if mask is not None:
            setattr(module, name + SUFFIX, take_entries(mask, index, dim, like=parameter))
        parameter.data = take_entries(parameter.data, index, dim, like=parameter)
        parameter.grad = None


def take_entries(values: Tensor, index: Int64[Tensor, "k"], dim: int, *, like: Tensor) -> Tensor:
    """Return the entries `index` of dimension `dim`, in the memory format of `like`.

    A moment must have the format of its parameter: a fused optimizer pairs their entries in the
    order in which they lie in memory, and would otherwise mix them up silently.
    """
    # by strides, as `is_contiguous(memory_format=...)` is true of both formats for 1x1 kernels
    last = like.dim() == 4 and like.stride(1) == 1 and like.stride(3) == like.shape[1]
    kind = torch.channels_last if last else torch.contiguous_format
    kept = values.index_select(dim, index)
    return torch.empty_like(kept, memory_format=kind).copy_(kept)


def reroute_carriers(model: nn.Module) -> None:
    """Tell the modules without weights which neurons are present. Changes `model`.

    These are parameter-free shortcuts and dropouts: they index neurons of layers that have shrunk.
    """
    layers, groups = maskable_layers(model), prunable_groups(model)
    origins = {group: layers[paths[0]] for group, paths in groups.items()}
    for module in model.modules():
        if isinstance(module, Subsample) and module.group:
            source, target = origins[module.reads], origins[module.group]
            if max(source.dense - len(source.keep), target.dense - len(target.keep)):
                module.reroute(source.origin, target.origin)
        elif isinstance(module, Dropout):
            module.origin, module.dense = origins[module.reads].origin, origins[module.reads].dense
