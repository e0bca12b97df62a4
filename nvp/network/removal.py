"""Shrinking: masked neurons are removed physically, so that the network costs less.

The output of the network does not change, and neither does any later step of training: the removed
weights were 0 and had a gradient of 0. Parameters stay the same objects, so the optimizer goes on
with them. Its moments, the running statistics and the masks lose the same entries.
"""

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopting.removing import find_least
from nvp.network.dropout import Dropout
from nvp.network.entries import keep_entries, take_entries
from nvp.network.groups import (
    find_groups,
    find_readers,
    input_columns,
    neuron_layers,
    own_layers,
    prunable_groups,
)
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.subsample import Subsample
from nvp.network.train_state import TrainState
from nvp.network.weight_masks import SUFFIX

Survivors = dict[str, Int64[Tensor, "_"]]
SIZES = ("out_channels", "out_features", "num_features")
INPUT_SIZES = ("in_channels", "in_features")


def remove_masked(state: TrainState) -> dict[str, int]:
    """Remove every masked unit. Changes `state`: its model, its optimizer and its memories.

    Returns:
        {path of a watched layer: how many neurons it lost}.
    """
    removed = remove_masked_units(state.model, state.optimizer)
    for memory in (state.idle, state.dead, state.kept, state.memory, state.remedy):
        for key, values in memory.items():
            path = key.partition("/")[0]
            if path in removed:
                memory[key] = values[removed[path][1]]
    return {path: lost for path, (lost, _) in removed.items()}


def remove_masked_units(
    model: nn.Module, optimizer: Optimizer | None
) -> dict[str, tuple[int, Int64[Tensor, "k"]]]:
    """Remove every masked unit. Changes `model` and `optimizer`.

    Returns:
        {path of a watched layer: (how many neurons it lost, indices of those that stayed)}, of
        groups that lost some.
    """
    stay = find_survivors(model)
    groups, layers = find_groups(model), neuron_layers(model)
    removed = {}
    for name, index in stay.items():
        for path in groups[name].layers:
            left = torch.isin(layers[path].units, index).nonzero().flatten()
            removed[path] = len(layers[path].keep) - len(left), left
    keep_units(model, stay, optimizer)
    return removed


def remove_units(model: nn.Module) -> None:
    """Remove every masked unit of a network that is trained no further. Changes `model`."""
    keep_units(model, find_survivors(model))


def find_survivors(model: nn.Module) -> Survivors:
    """Return {group: indices of the units that stay} of every group that can lose some.

    A group without known readers is not in it: their columns could not be removed. Of a group that
    is masked altogether, the first unit stays, masked, because torch has no layers of width 0.
    """
    found = {}
    for name, group in find_groups(model).items():
        index = group.keep.nonzero().flatten()
        if isinstance(model, Adopted):  # concatenated layers may need a unit each
            index = find_least(model, group.slots, index)
        index = index if len(index) else index.new_zeros(1)
        if len(index) < len(group.keep) and group.removable:
            found[name] = index
    return found


def keep_units(model: nn.Module, stay: Survivors, optimizer: Optimizer | None = None) -> None:
    """Remove all but the units `stay` of some groups. Changes `model` and `optimizer`.

    Args:
        model: built of `NeuronLayer`, with `reads`, or adopted.
        stay: {group: indices of the units as they are now, ascending}.
        optimizer: its optimizer, if it has one.
    """
    if isinstance(model, Adopted):
        model.keep_units(stay, optimizer)
        return
    layers, groups = own_layers(model), prunable_groups(model)
    for group, index in stay.items():
        width = len(layers[groups[group][0]].keep)
        for affine in find_readers(model, group):
            columns = input_columns(affine, index, width)
            narrow_parameter(affine, "weight", columns, optimizer, dim=1)
            set_size(affine, INPUT_SIZES, len(columns))
        for path in groups[group]:
            narrow_layer(layers[path], index, optimizer)
    reroute_carriers(model)


def narrow_layer(
    layer: NeuronLayer, index: Int64[Tensor, "k"], optimizer: Optimizer | None
) -> None:
    """Remove all but the neurons `index` of a layer. Changes `layer` and `optimizer`."""
    for module in (layer.affine, layer.norm):
        for name in ("weight", "bias"):
            narrow_parameter(module, name, index, optimizer)
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


def narrow_parameter(
    module: nn.Module,
    name: str,
    index: Int64[Tensor, "k"],
    optimizer: Optimizer | None,
    *,
    dim: int = 0,
) -> None:
    """Remove all but the entries `index` of a parameter, if the module has it.

    Changes the parameter, its mask and its moments in `optimizer`.
    """
    parameter = getattr(module, name, None)
    if parameter is None:
        return
    mask = getattr(module, name + SUFFIX, None)
    if mask is not None:
        setattr(module, name + SUFFIX, take_entries(mask, index, dim, like=parameter))
    keep_entries(parameter, optimizer, index, dim=dim)


def reroute_carriers(model: nn.Module) -> None:
    """Tell the modules without weights which neurons are present. Changes `model`.

    These are parameter-free shortcuts and dropouts: they index neurons of layers that have shrunk.
    """
    layers, groups = own_layers(model), prunable_groups(model)
    origins = {group: layers[paths[0]] for group, paths in groups.items()}
    for module in model.modules():
        if isinstance(module, Subsample) and module.group:
            source, target = origins[module.reads], origins[module.group]
            if max(source.dense - len(source.keep), target.dense - len(target.keep)):
                module.reroute(source.origin, target.origin)
        elif isinstance(module, Dropout):
            module.origin, module.dense = origins[module.reads].origin, origins[module.reads].dense
