"""A check of `reads`: does each affine map read the group that its model says it does?

Masking and removal believe `model.reads`. A wrong name in it leaves weights that read a masked
neuron out of the counts of what is left, and nothing else shows it. So the names are looked up and
held against what a forward pass shows (`nvp.network.own_networks.sources`).
"""

from collections.abc import Mapping
from typing import Any

from torch import nn

from nvp.config.registry import suggest_nearest
from nvp.network.dropout import Dropout
from nvp.network.groups import own_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.own_networks.sources import find_sources, is_affine
from nvp.network.subsample import Subsample


def check_reads(model: nn.Module, image_shape: tuple[int, ...]) -> None:
    """Raise ValueError for a model whose `reads` is wrong; says the nearest name.

    A model that declares no `reads` has no known readers, which is allowed. One that declares some
    has to declare all.

    Args:
        model: built of `NeuronLayer`; stays as it was.
        image_shape: (channels, height, width).
    """
    declared = find_declared(model)
    check_carriers(model)
    if declared:
        check_names(model, declared)
        if not next(model.parameters()).is_meta:  # without entries, no forward pass can run
            check_readers(model, declared, find_sources(model, image_shape))
        check_widths(model, declared)


def find_declared(model: nn.Module) -> Mapping[str, str]:
    """Return the `reads` of a model, {} where it has none; raise ValueError for no mapping."""
    declared = getattr(model, "reads", {}) or {}
    if isinstance(declared, Mapping):
        return declared
    raise ValueError(
        "model.reads: expected a mapping from the path of a map to the group that it reads, got "
        f"{type(declared).__name__}"
    )


def check_names(model: nn.Module, declared: Mapping[str, str]) -> None:
    """Raise ValueError for an entry of `reads` that names no map or no group."""
    modules, groups = dict(model.named_modules()), prunable_groups(model)
    readers = [path for path, m in modules.items() if is_affine(m) or isinstance(m, NeuronLayer)]
    for path, group in declared.items():
        if path not in readers:
            raise ValueError(
                f"model.reads: expected the path of a layer or of a map as key, got {path!r}"
                f"{suggest_nearest(path, readers)}"
            )
        check_group(f"model.reads[{path!r}]", group, groups, modules)


def check_widths(model: nn.Module, declared: Mapping[str, str]) -> None:
    """Raise ValueError for a map whose inputs are not the neurons of its group, each as often."""
    groups, layers = prunable_groups(model), own_layers(model)
    for path, group in declared.items():
        source = layers[groups[group][0]]
        affine, width = affine_of(model.get_submodule(path)), len(source.keep) * source.outputs
        inputs = affine.weight.shape[1]
        if inputs % width or (isinstance(affine, nn.Conv2d) and inputs != width):
            raise ValueError(
                f"model.reads[{path!r}]: expected a group of as many neurons as it has inputs "
                f"({inputs}), got {group!r} with {width}"
            )


def check_carriers(model: nn.Module) -> None:
    """Raise ValueError for a dropout or a shortcut without weights that names no group."""
    modules, groups = dict(model.named_modules()), prunable_groups(model)
    for path, module in modules.items():
        if isinstance(module, Dropout | Subsample) and module.reads:
            check_group(f"reads of {path!r}", module.reads, groups, modules)
        if isinstance(module, Subsample) and module.group:
            check_group(f"group of {path!r}", module.group, groups, modules)


def check_group(
    where: str, group: str, groups: Mapping[str, Any], modules: Mapping[str, nn.Module]
) -> None:
    """Raise ValueError when `group` is none; of a layer of a stream the message says its group."""
    if group in groups:
        return
    layer = modules.get(group)
    meant = layer.group if isinstance(layer, NeuronLayer) and layer.group else ""
    nearest = f" (did you mean its group {meant!r}?)" if meant else suggest_nearest(group, groups)
    raise ValueError(
        f"{where}: expected a layer or a group, one of {', '.join(groups)}; got {group!r}{nearest}"
    )


def check_readers(
    model: nn.Module, declared: Mapping[str, str], sources: Mapping[str, set[str]]
) -> None:
    """Raise ValueError where a map does not read what is declared, or reads what is not.

    Args:
        model: built of `NeuronLayer`.
        declared: its `reads`.
        sources: {path of a map: the groups that it reads}.
    """
    modules = dict(model.named_modules())
    said = {path_of(path, modules[path]): (path, group) for path, group in declared.items()}
    for affine, found in sources.items():
        path, group = said.get(affine, (affine.removesuffix(".affine"), ""))
        if len(found) > 1 and (group or found & set(declared.values())):
            raise ValueError(
                f"model.reads[{path!r}]: expected a map that reads one group, but it reads "
                f"{', '.join(sorted(found))}; leave all that read one of these out of `reads`"
            )
        if len(found) < 2 and found != {group} - {""}:
            wanted = repr(next(iter(found))) if found else "no entry, since it reads no layer"
            raise ValueError(
                f"model.reads[{path!r}]: expected {wanted}, got {repr(group) if group else 'none'}"
            )


def affine_of(module: nn.Module) -> nn.Conv2d | nn.Linear:
    """Return the affine map of a layer, or the map itself."""
    found = module.affine if isinstance(module, NeuronLayer) else module
    assert isinstance(found, nn.Conv2d | nn.Linear)
    return found


def path_of(path: str, module: nn.Module) -> str:
    """Return the path of the affine map of a layer, or of the map itself."""
    return f"{path}.affine" if isinstance(module, NeuronLayer) else path
