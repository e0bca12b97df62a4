"""What each map of an adopted network is given, on average, and the maps of which that is unknown.

The signal into a neuron of a map is a matter of that map's own inputs, whatever sums, views and
products made them. So each map is looked at alone.
"""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopted.watched_maps import MapCall, Window, watch_maps
from nvp.network.weight_masks import prunable_weights
from nvp.network.wiring import CHUNK

OTHER = "something other than a linear map or a convolution over one or two dimensions uses it"
UNSEEN = "it is the weight of no linear map or convolution that runs"
BIASES = "its bias is computed, or another one at each call"
MIXED = "images do not lie one after another in what it reads, or two passes differ there"
TOLERANCE = 1e-3  # of the largest input; another image differs by its whole size

Key = tuple[str, int]  # the name of a weight, and how many-th call with it in a forward pass


@dataclass(frozen=True)
class MeanCall:
    """What one call of a map is given on average.

    Attributes:
        means: mean over the images of |x|: (positions, c) of a linear map, and (parts of an image,
            c, height, width) of a convolution.
        window: the arguments of a convolution; None of a linear map.
        bias: the name of its bias; "" where there is none.
    """

    means: Float[Tensor, "..."]
    window: Window | None
    bias: str


def find_untouched(network: Adopted, pixels: Shaped[Tensor, "n ..."]) -> dict[str, str]:
    """Return {name of a weight: why nothing can be told of what it reads}.

    Args:
        network: in eval mode.
        pixels: its inputs.
    """
    alone, _ = collect_calls(network, pixels[:1])
    both, others = collect_calls(network, torch.cat([pixels[:1], pixels[-1:]]))
    reasons = {name: find_reason(name, alone, both, others) for name in prunable_weights(network)}
    return {name: why for name, why in reasons.items() if why}


def collect_calls(network: Adopted, pixels: Tensor) -> tuple[dict[Key, MapCall], set[str]]:
    """Return ({key: call} of a forward pass, names of the parameters with another use)."""
    calls: dict[Key, MapCall] = {}
    with watch_maps(network, lambda call: calls.update({(call.weight, call.number): call})) as mode:
        network(pixels)
    return calls, mode.others


def find_reason(
    name: str, alone: dict[Key, MapCall], both: dict[Key, MapCall], others: Collection[str]
) -> str:
    """Return why nothing can be told of what a weight reads; "" where it can.

    Args:
        name: of the weight.
        alone: the calls on one image.
        both: the calls on this image and another one.
        others: names of the parameters that something else uses, too.
    """
    calls = {key: call for key, call in both.items() if key[0] == name}
    if name in others:
        return OTHER
    if not calls:
        return UNSEEN
    if len({call.kind for call in calls.values()}) > 1:
        return OTHER
    biases = {call.bias for call in calls.values()}
    if len(biases) > 1 or None in biases:
        return BIASES
    known = all(key in alone and begins_with(call, alone[key]) for key, call in calls.items())
    return "" if known else MIXED


def begins_with(both: MapCall, alone: MapCall) -> bool:
    """Whether the first half of what a call reads is what it reads of the first image alone."""
    rows, wanted = len(alone.inputs), alone.inputs
    if both.inputs.shape != (2 * rows, *wanted.shape[1:]):
        return False
    distance = (both.inputs[:rows] - wanted).abs().max()
    return bool(distance <= TOLERANCE * wanted.abs().max())


def measure_calls(
    network: Adopted, pixels: Shaped[Tensor, "n ..."], names: Collection[str]
) -> dict[str, list[MeanCall]]:
    """Return {name of a weight: the means of each of its calls}, over the images `pixels`.

    Args:
        network: in eval mode.
        pixels: its inputs.
        names: of the weights that are measured.
    """
    found: dict[Key, MeanCall] = {}
    for chunk in pixels.split(CHUNK):

        def see(call: MapCall, images: int = len(chunk)) -> None:
            if call.weight in names:
                key = call.weight, call.number
                means = split_images(call, images).abs().sum(0) / len(pixels)
                before = found[key].means if key in found else 0.0
                found[key] = MeanCall(before + means, call.window, call.bias or "")

        with watch_maps(network, see):
            network(chunk)
    return {name: [call for key, call in found.items() if key[0] == name] for name in names}


def split_images(call: MapCall, images: int) -> Float[Tensor, "n ..."]:
    """Return what a call reads, with a dimension of images in front and their parts behind it."""
    shape = call.inputs.shape
    kept = shape[-1:] if call.window is None else shape[1:]
    return call.inputs.reshape(images, -1, *kept)
