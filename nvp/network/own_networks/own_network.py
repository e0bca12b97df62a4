"""What a network of `NeuronLayer` must be, so that its neurons can be seen, masked and removed.

A `NeuronLayer` masks and removes one neuron at a time, which lies along dimension 1 of its output.
What needs more than that (whole groups of a convolution, a layer of two calls, tokens, shared
weights) works in a network of torch's own modules, which nvp adopts. So it is refused with that
remedy when the network is built: its removal would fail later, or neurons would be lost from sight.
"""

from collections import Counter
from functools import partial
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from nvp.network.adopting.undisturbed import set_modes
from nvp.network.groups import group_layers, own_layers
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.own_networks.reads import affine_of, check_reads, find_declared
from nvp.network.own_networks.sources import is_affine, run_on_noise

ADOPTED = "a network of torch's own modules is adopted, and there"


def check_own_network(model: nn.Module, image_shape: tuple[int, ...]) -> None:
    """Raise ValueError for a network that nvp could not prune rightly; says what would help.

    Args:
        model: built of `NeuronLayer`; stays as it was.
        image_shape: (channels, height, width).
    """
    if isinstance(model, nn.DataParallel):
        refuse(
            "got an nn.DataParallel of a network of NeuronLayer, which hides its `reads`: return "
            "the network itself, because a trial runs on one device"
        )
    for path, layer in own_layers(model).items():
        check_maps(path, layer)
    check_shared_weights(model)
    check_convolution_groups(model)
    if not next(model.parameters()).is_meta:  # without entries, no forward pass can run
        check_calls(model, image_shape)
    check_reads(model, image_shape)


def check_maps(path: str, layer: NeuronLayer) -> None:
    """Raise ValueError for a layer of another map, or of one whose weight is computed."""
    if not is_affine(layer.affine):
        refuse(
            f"{path} is a NeuronLayer of a {type(layer.affine).__name__}: expected nn.Conv2d or "
            f"nn.Linear; {ADOPTED} the neurons of any map are found"
        )
    for name, module in (("affine", layer.affine), ("norm", layer.norm)):
        if hasattr(module, "weight") and "weight" not in module._parameters:
            refuse(
                f"the weight of {path}.{name} is computed from other parameters, as weight norm "
                f"and spectral norm do, so that it cannot be masked; {ADOPTED} it can be watched"
            )


def check_shared_weights(model: nn.Module) -> None:
    """Raise ValueError for a parameter that two layers, or a layer and a reader, share."""
    owners: dict[Tensor, str] = {}
    layers, modules = own_layers(model), dict(model.named_modules())
    maps = {path: modules[path] for path in find_declared(model) if path in modules}
    for path, module in (layers | maps).items():
        own = module.own if isinstance(module, NeuronLayer) else module.parameters()
        for parameter in own:
            if (first := owners.setdefault(parameter, path)) != path:
                refuse(
                    f"{first} and {path} share a parameter, so that masking one would change the "
                    f"other; {ADOPTED} what shares a weight is masked together"
                )


def check_convolution_groups(model: nn.Module) -> None:
    """Raise ValueError for a grouped convolution whose neurons or inputs could be removed."""
    declared, layers = find_declared(model), own_layers(model)
    read = {*declared.values()}
    made = {p for name, ps in group_layers(layers, "all").items() if name in read for p in ps}
    for path, module in model.named_modules():
        found = affine_of(module) if is_affine(module) or path in layers else None
        if isinstance(found, nn.Conv2d) and found.groups > 1 and path in {*declared, *made}:
            refuse(
                f"{path} is a convolution of {found.groups} groups, which can only be removed "
                f"whole, and a NeuronLayer loses single neurons; {ADOPTED} whole groups are "
                "removed (without `reads`, neurons of this one are masked, but never removed)"
            )


def check_calls(model: nn.Module, image_shape: tuple[int, ...]) -> None:
    """Raise ValueError for a layer that is not called once, or whose neurons lie elsewhere."""
    layers = own_layers(model)
    outputs: dict[str, Tensor] = {}
    calls: Counter[str] = Counter()

    def note(path: str, module: nn.Module, args: Any, output: Tensor) -> None:
        calls[path] += 1
        outputs[path] = output

    handles = [layer.register_forward_hook(partial(note, path)) for path, layer in layers.items()]
    try:
        with torch.no_grad():
            logits = run_on_noise(model, image_shape)
    finally:
        for handle in handles:
            handle.remove()
    for path, layer in layers.items():
        check_layer(path, layer, calls[path], outputs)
        check_activation(path, layer, outputs[path])
        if outputs[path] is logits:
            refuse(
                f"{path} is a NeuronLayer and puts out the logits, which are no neurons: expected "
                "an nn.Linear as the last map"
            )


def check_layer(path: str, layer: NeuronLayer, calls: int, outputs: dict[str, Tensor]) -> None:
    """Raise ValueError for a layer that is not called once, or whose neurons lie elsewhere."""
    if calls != 1:
        refuse(
            f"{path} is a NeuronLayer that a forward pass calls {calls} times: expected once; "
            f"{ADOPTED} each call is watched by itself, and its neurons are removed together"
            if calls
            else f"{path} is a NeuronLayer that no forward pass calls: expected once; call the "
            "layer itself, not its parts, or leave it out"
        )
    shape, width = tuple(outputs[path].shape), len(layer.keep)
    wanted = 2 if isinstance(layer.affine, nn.Linear) else 4
    if len(shape) != wanted or shape[1] != width * layer.outputs:
        form = f"(images, {width})" if wanted == 2 else f"(images, {width}, height, width)"
        refuse(
            f"{path} is a NeuronLayer that puts out {shape}: expected {form}, because its neurons "
            f"are masked along dimension 1; {ADOPTED} they may lie anywhere, as in tokens"
        )


def check_activation(path: str, layer: NeuronLayer, like: Tensor) -> None:
    """Raise ValueError for an activation in which neurons depend on one another, as a softmax.

    Args:
        path: of the layer.
        layer: in eval mode or not; stays as it was.
        like: its output for one image.
    """
    one = torch.linspace(-2, 2, like.numel(), dtype=like.dtype).reshape(like.shape).to(like.device)
    other = one.clone()
    other[:, 0] += 1
    modes = {module: module.training for module in layer.modules()}
    layer.eval()
    try:
        with torch.no_grad():
            rests = [layer.activation(values)[:, layer.outputs :] for values in (one, other)]
    finally:
        set_modes(modes)
    if not torch.equal(*rests):
        refuse(
            f"{path} is a NeuronLayer whose activation changes all neurons with one of them, as a "
            "softmax over neurons does: expected a function of each neuron by itself, because the "
            f"others change when one is masked; {ADOPTED} such a layer is watched, not pruned"
        )


def refuse(why: str) -> NoReturn:
    """Raise ValueError about the network of `model.name`."""
    raise ValueError(f"model.name: {why}")
