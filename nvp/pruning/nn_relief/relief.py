"""NN Relief: keep, of each neuron's inputs, the fewest that carry a share alpha of its signal.

Source: Dekhovich et al., "Neural network relief: a pruning algorithm based on neural activity",
2021/2024. Positions are summed as a Frobenius norm (their residual networks) or L1 (their LeNets).
"""

import copy
from collections.abc import Collection
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nvp.network.groups import name_layer, own_layers, own_neurons
from nvp.network.neuron_layer import Shortcut
from nvp.network.subsample import Subsample
from nvp.network.wiring import Flow, Wiring, measure_flow, trace_wiring
from nvp.pruning.nn_relief.coverage import NORMS, Affine, choose_inputs, score_inputs


@dataclass(frozen=True)
class Relief:
    """The masks of one pass. True = keep; each is combined by AND with the mask already there.

    Attributes:
        weights: {parameter name: mask} of every weight and bias of a convolution or linear map,
            and of the scale and shift of norms that lose a neuron.
        residuals: {path of the layer that adds: (f,)} of the channels of its residual.
        untouched: {name of a weight of an adopted network: why it has no mask}.
    """

    weights: dict[str, Bool[Tensor, "..."]] = field(default_factory=dict)
    residuals: dict[str, Bool[Tensor, "f"]] = field(default_factory=dict)
    untouched: dict[str, str] = field(default_factory=dict)


def run_nn_relief(
    model: nn.Module,
    pixels: Float[Tensor, "n *shape"],
    *,
    alpha_conv: float,
    alpha_fc: float,
    norm: str = "frobenius",
    late: Collection[str] = (),
) -> Relief:
    """Return the masks of one pass of NN Relief; leaves the model as it was.

    Convolutions are scored by activations of the network as it is; linear maps by those behind
    the pruned convolutions. What is masked already has no signal and is not kept.

    Args:
        model: built of `NeuronLayer`, with `reads`.
        pixels: the probe, normalised as in training.
        alpha_conv: share of the signal to keep in convolutions and residual sums, in (0, 1].
        alpha_fc: the same in linear maps.
        norm: how the positions of a map are summed, "frobenius" or "l1".
        late: paths of layers that are not yet pruned when the linear maps are scored; not in the
            paper, but the authors' code leaves out the stem of residual networks, ("stem",).

    Raises:
        ValueError: unknown norm, or a share outside (0, 1].
    """
    check_shares(norm, alpha_conv, alpha_fc)
    network, relief = copy.deepcopy(model).eval(), Relief()
    with torch.no_grad():
        wiring = trace_wiring(network, pixels[:1])
        flow = measure_flow(network, wiring, pixels)
        convolutions = mask_inputs(network, flow, relief, nn.Conv2d, alpha_conv, norm)
        mask_residuals(network, wiring, flow, relief, alpha_conv, norm)
        if convolutions:
            apply_relief(network, relief, late)
            flow = measure_flow(network, wiring, pixels)
        mask_inputs(network, flow, relief, nn.Linear, alpha_fc, norm)
        drop_unread_neurons(network, wiring, relief)
    return relief


def check_shares(norm: str, alpha_conv: float, alpha_fc: float) -> None:
    """Raise ValueError for an unknown norm, or a share outside (0, 1]."""
    if norm not in NORMS:
        raise ValueError(f"norm: expected one of {NORMS}, got {norm!r}")
    if not (0 < alpha_conv <= 1 and 0 < alpha_fc <= 1):
        raise ValueError(f"alpha is a share in (0, 1], got {alpha_conv} and {alpha_fc}")


def mask_inputs(
    network: nn.Module, flow: Flow, relief: Relief, kind: type[Affine], alpha: float, norm: str
) -> bool:
    """Add the masks of all affine maps of a kind to `relief`; return whether there are any maps."""
    maps = {path: m for path, m in network.named_modules() if isinstance(m, kind)}
    for path, affine in maps.items():
        keep = choose_inputs(score_inputs(affine, flow.inputs[path], norm), alpha)
        fan_in = affine.weight.shape[1]
        by_input = keep[:, :fan_in].view(*affine.weight.shape[:2], *[1] * (affine.weight.dim() - 2))
        relief.weights[f"{path}.weight"] = by_input.expand_as(affine.weight).clone()
        if affine.bias is not None:
            relief.weights[f"{path}.bias"] = keep[:, fan_in].clone()
    layers = own_neurons(network)
    for path, output in flow.outputs.items():
        if isinstance(layers[path].affine, kind):
            drop_neurons(network, relief, path, ~output.reshape(len(output), -1).any(1))
    return bool(maps)


def mask_residuals(
    network: nn.Module, wiring: Wiring, flow: Flow, relief: Relief, alpha: float, norm: str
) -> None:
    """Drop in `relief` the summand of a residual sum that carries little: branch or residual."""
    layers, order = own_neurons(network), 2 if norm == "frobenius" else 1
    for path in wiring.adds:
        layer = layers[path]
        branch, residual = (
            means[path].flatten(1).norm(order, dim=1) for means in (flow.branches, flow.residuals)
        )
        passes = layer.residual_keep & layer.keep
        branch, residual = branch * layer.keep, residual * passes
        relief.residuals[path] = passes & ~(residual * alpha < branch * (1 - alpha))
        drop_neurons(network, relief, path, branch * alpha < residual * (1 - alpha))


def drop_neurons(network: nn.Module, relief: Relief, path: str, gone: Bool[Tensor, "f"]) -> None:
    """Drop neurons in `relief`: their inputs, their bias, and their norm's scale and shift."""
    if not bool(gone.any()):
        return
    for name, parameter in network.get_submodule(path).named_parameters(prefix=path):
        if name not in relief.weights:
            relief.weights[name] = torch.ones_like(parameter, dtype=torch.bool)
        relief.weights[name][gone] = False


def apply_relief(network: nn.Module, relief: Relief, late: Collection[str]) -> None:
    """Apply the masks found until now to all layers but `late`. Changes `network`."""
    layers = own_layers(network)
    for name, keep in relief.weights.items():
        if name_layer(name) not in late:
            network.get_parameter(name).mul_(keep)
    for path, keep in relief.residuals.items():
        layers[path].residual_keep &= keep


def drop_unread_neurons(network: nn.Module, wiring: Wiring, relief: Relief) -> None:
    """Drop in `relief` the neurons that nothing reads any more, from the last layer backwards."""
    for path, layer in reversed(own_neurons(network).items()):
        if path in wiring.reads.values() or path in wiring.adds.values():
            read = find_read_neurons(network, wiring, relief, path, len(layer.keep))
            drop_neurons(network, relief, path, ~read)
            if path in wiring.adds:
                relief.residuals[path] &= read
        maker = wiring.adds.get(path, "")
        if isinstance(network.get_submodule(maker), Shortcut):
            drop_neurons(network, relief, maker, ~relief.residuals[path])


def find_read_neurons(
    network: nn.Module, wiring: Wiring, relief: Relief, path: str, width: int
) -> Bool[Tensor, "f"]:
    """Return the mask of a layer's `width` neurons that a kept weight or kept residual reads."""
    found = [relief.residuals[adder] for adder, maker in wiring.adds.items() if maker == path]
    for reader in (reader for reader, source in wiring.reads.items() if source == path):
        module = network.get_submodule(reader)
        if isinstance(module, Subsample):
            adders = [adder for adder, maker in wiring.adds.items() if maker == reader]
            found += [module.carries(relief.residuals[adder], width) for adder in adders]
        else:  # a linear map after a flattened convolution reads each channel at every position
            found.append(relief.weights[f"{reader}.weight"].any(0).reshape(width, -1).any(1))
    return torch.stack(found).any(0)
