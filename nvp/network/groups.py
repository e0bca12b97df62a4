"""Finding neurons in a network: its layers, the groups masked together, the maps that read them."""

import torch
from jaxtyping import Int64
from torch import Tensor, nn

from nvp.network.neuron_layer import NeuronLayer, Shortcut


def maskable_layers(model: nn.Module) -> dict[str, NeuronLayer]:
    """Return {module path: layer} of all neuron layers and shortcuts, in forward order."""
    return {path: m for path, m in model.named_modules() if isinstance(m, NeuronLayer)}


def neuron_layers(model: nn.Module) -> dict[str, NeuronLayer]:
    """Return {module path: layer} of the layers whose outputs are neurons: the watched ones."""
    return {p: m for p, m in maskable_layers(model).items() if not isinstance(m, Shortcut)}


def prunable_groups(model: nn.Module, sites: str = "all") -> dict[str, tuple[str, ...]]:
    """Return {group: paths of the layers masked together}; a unit is one index of a group.

    An internal layer is a group of its own; a stream's group is every layer that writes to it.

    Args:
        model: built of `NeuronLayer`.
        sites: "all", or "internal" to leave the residual streams alone.
    """
    groups: dict[str, list[str]] = {}
    for path, layer in maskable_layers(model).items():
        if sites == "all" or layer.site == "internal":
            groups.setdefault(layer.group or path, []).append(path)
    return {group: tuple(paths) for group, paths in groups.items()}


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
