"""Finding neurons in a network: its layers, the groups masked together, the maps that read them."""

from collections.abc import Callable, Mapping
from functools import cache, partial

import torch
from jaxtyping import Int64
from torch import Tensor, nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopted.adopted_heads import AdoptedHeads
from nvp.network.adopted.adopted_layer import AdoptedLayer
from nvp.network.adopting.anatomy import Slots
from nvp.network.group import Group
from nvp.network.neuron_layer import NeuronLayer, Shortcut

Layer = NeuronLayer | AdoptedLayer
Watched = Layer | AdoptedHeads


def own_layers(model: nn.Module) -> dict[str, NeuronLayer]:
    """Return {module path: layer} of all neuron layers and shortcuts, in forward order."""
    return {path: m for path, m in model.named_modules() if isinstance(m, NeuronLayer)}


def find_own_layer(model: nn.Module, path: str) -> NeuronLayer:
    """Return the neuron layer or shortcut at a path."""
    layer = model.get_submodule(path)
    assert isinstance(layer, NeuronLayer)
    return layer


def own_neurons(model: nn.Module) -> dict[str, NeuronLayer]:
    """Return {module path: layer} of the neuron layers that are no shortcuts, in forward order."""
    return {p: m for p, m in own_layers(model).items() if not isinstance(m, Shortcut)}


def maskable_layers(model: nn.Module) -> Mapping[str, Layer]:
    """Return {path: layer} of all layers that have neurons, shortcuts too, in forward order."""
    return model.find_layers() if isinstance(model, Adopted) else own_layers(model)


def neuron_layers(model: nn.Module) -> dict[str, Layer]:
    """Return {path: layer} of the layers whose outputs are neurons: the watched ones."""
    return {p: m for p, m in maskable_layers(model).items() if not isinstance(m, Shortcut)}


def watched_layers(model: nn.Module) -> dict[str, Watched]:
    """Return {path: layer} of all that is observed: layers of neurons, then heads of attention."""
    return {**neuron_layers(model), **watched_heads(model)}


def watched_heads(model: nn.Module) -> dict[str, AdoptedHeads]:
    """Return {path: heads} of each attention that is observed; heads are no neurons."""
    return model.find_heads() if isinstance(model, Adopted) else {}


def prunable_groups(model: nn.Module, sites: str = "all") -> dict[str, tuple[str, ...]]:
    """Return {group: paths of the layers masked together}; a unit is one index of a group.

    An internal layer is a group of its own; a stream's group is every layer that writes to it.

    Args:
        model: built of `NeuronLayer`.
        sites: "all", or "internal" to leave the residual streams alone.
    """
    if isinstance(model, Adopted):
        return {name: group.layers for name, group in find_groups(model, sites).items()}
    return group_layers(own_layers(model), sites)


def group_layers(layers: dict[str, NeuronLayer], sites: str) -> dict[str, tuple[str, ...]]:
    """Return {group: paths of the layers masked together} of some layers."""
    groups: dict[str, list[str]] = {}
    for path, layer in layers.items():
        if sites == "all" or layer.site == "internal":
            groups.setdefault(layer.group or path, []).append(path)
    return {group: tuple(paths) for group, paths in groups.items()}


def find_groups(model: nn.Module, sites: str = "all") -> dict[str, Group]:
    """Return the groups of units that can be masked, as they are now, by name.

    Args:
        model: built of `NeuronLayer`, or adopted.
        sites: "all", or "internal" to leave the residual streams alone.
    """
    if isinstance(model, Adopted):
        return find_adopted_groups(model, sites)
    layers, read = own_layers(model), {*getattr(model, "reads", {}).values()}
    names, found = cache(partial(name_parameters, model)), {}
    for name, paths in group_layers(layers, sites).items():
        watched = tuple(path for path in paths if not isinstance(layers[path], Shortcut))
        first = layers[paths[0]]
        found[name] = Group(
            layers=watched,
            scored=watched,
            keeps=tuple(layers[path].keep for path in paths),
            origin=first.origin,
            dense=first.dense,
            removable=name in read,
            aligned=True,
            list_slots=partial(list_own_slots, model, name, paths, names),
            find_makers=lambda parameter: (name_layer(parameter),),
        )
    return found


def find_adopted_groups(model: Adopted, sites: str) -> dict[str, Group]:
    """Return the groups of an adopted network that can be masked."""
    found = {}
    for name, group in model.anatomy.groups.items():
        spots = {p: spot for p, spot in model.anatomy.layers.items() if spot.group == name}
        scored = tuple(path for path, spot in spots.items() if not spot.why)
        if group.why or not scored or (sites == "internal" and group.stream):
            continue
        order = torch.arange(group.size)
        found[name] = Group(
            layers=tuple(spots),
            scored=scored,
            keeps=(model.keeps[name],),
            origin=model.origins[name],
            dense=model.dense_anatomy.groups[name].size,
            removable=True,
            aligned=all(torch.equal(spots[path].units, order) for path in scored),
            list_slots=partial(model.list_slots, name),
            find_makers=lambda parameter, scored=scored: scored,
        )
    return found


def name_layer(parameter: str) -> str:
    """Return the path of the layer or map that a parameter belongs to."""
    return parameter.rpartition(".")[0].removesuffix(".affine").removesuffix(".norm")


def name_parameters(model: nn.Module) -> dict[Tensor, str]:
    """Return {parameter: its name}."""
    return {parameter: name for name, parameter in model.named_parameters()}


def list_own_slots(
    model: nn.Module, group: str, paths: tuple[str, ...], names: Callable[[], dict[Tensor, str]]
) -> tuple[Slots, ...]:
    """Return what belongs to the units of a group: rows of its layers, columns of its readers.

    Args:
        model: built of `NeuronLayer`.
        group: its name.
        paths: of the layers that are masked together.
        names: measures {parameter: its name}, once for all groups.
    """
    slots: list[Slots] = []
    layers = {path: find_own_layer(model, path) for path in paths}
    keep = layers[paths[0]].keep
    units = torch.arange(len(keep), device=keep.device)
    for path, layer in layers.items():
        own = [names()[parameter] for parameter in layer.own]
        own += [
            f"{path}.norm.{name}" for name, b in layer.norm.named_buffers(recurse=False) if b.dim()
        ]
        slots += [Slots(name, 0, units, units, reads=False) for name in own]
    for affine in find_readers(model, group):
        columns = input_columns(affine, units, len(units))
        of_unit = units.repeat_interleave(len(columns) // len(units))
        slots.append(Slots(names()[affine.weight], 1, columns, of_unit, reads=True))
    return tuple(slots)


def find_readers(model: nn.Module, group: str) -> list[nn.Conv2d | nn.Linear]:
    """Return the affine maps that read a group's output, as the model's `reads` declares.

    `model.reads` maps the path of an affine map (or of its layer) to the group it reads. A model
    without `reads` has no known readers: its masks are exact, but weights that read a masked
    neuron stay as they are.
    """
    found = []
    for path, source in getattr(model, "reads", {}).items():
        if source == group:
            module = model.get_submodule(path)
            found.append(module.affine if isinstance(module, NeuronLayer) else module)
    return found


def input_columns(
    affine: nn.Conv2d | nn.Linear, index: Int64[Tensor, "k"], width: int
) -> Int64[Tensor, "c"]:
    """Return the columns of a weight that read the units `index` of a group of `width` units.

    A linear map after a flattened convolution reads each channel at every position.
    """
    return columns_at_positions(index, affine.weight.shape[1] // width)


def columns_at_positions(index: Int64[Tensor, "k"], positions: int) -> Int64[Tensor, "c"]:
    """Return the columns of the units `index` in a map that reads each at so many positions."""
    offsets = torch.arange(positions, device=index.device)
    return (index.unsqueeze(1) * positions + offsets).flatten()
