"""One pass over the probe, in eval mode, without gradients: {layer: Activity}."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nvp.data.batches import eval_batches
from nvp.data.splits import ImageSource
from nvp.network.groups import neuron_layers
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.precision import forward
from nvp.vitality.activity import EXTREMES, Activity, extreme, reductions
from nvp.vitality.entropy import histograms, shared_edges


@dataclass(frozen=True)
class Observation:
    """What one pass over the probe saw.

    Attributes:
        layers: activity of every watched layer, masked neurons included (they are silent).
        features: spatial means of the last watched layer, one row per image, kept neurons only.
    """

    layers: dict[str, Activity]
    features: Float[Tensor, "n f"]


def observe(
    model: nn.Module,
    images: ImageSource,
    *,
    bins: int,
    batch_size: int | None = None,
    precision: str = "float32",
) -> Observation:
    """Measure every neuron of `model` over `images`; leaves the model as it was.

    Args:
        model: built of `NeuronLayer`.
        images: the probe, un-augmented.
        bins: histogram bins of the entropy.
        batch_size: images per forward pass; changes memory, not what is measured.
        precision: in which the network computes; sums are float32 or better.
    """
    layers = neuron_layers(model)
    seen: list[dict[str, Tensor]] = []
    with evaluating(model), hooks(layers) as (store, extremes), torch.no_grad():
        for pixels, _ in eval_batches(images, batch_size):
            forward(model, pixels, precision)
            seen.append(dict(store))
    stats = torch.cat([torch.cat([batch[p] for p in layers], 2) for batch in seen], 1)
    observation = summarise(stats, layers, bins)
    for path, batches in extremes.items():
        name = EXTREMES[type(layers[path].activation)]
        found = {name: extreme(torch.stack(batches), name)}
        observation.layers[path] = replace(observation.layers[path], **found)
    return observation


def summarise(
    stats: Float[Tensor, "4 n c"], layers: dict[str, NeuronLayer], bins: int
) -> Observation:
    """Turn the per-image reductions of all layers, side by side, into one Activity a layer."""
    widths = [len(layer.keep) for layer in layers.values()]
    means = stats[0].split(widths, 1)
    edges = [
        shared_edges(mean[:, layer.keep] if layer.keep.any() else mean, bins)
        for mean, layer in zip(means, layers.values(), strict=True)
    ]
    per_neuron = torch.repeat_interleave(
        torch.stack(edges), torch.tensor(widths, device=stats.device), dim=0
    )
    columns = (
        stats[0].mean(0),
        stats[2].mean(0),
        stats[1].amax(0),
        stats[3].mean(0),
        stats[0].var(0, correction=0),
        histograms(stats[0], per_neuron),
    )
    parts = zip(*(column.split(widths) for column in columns), strict=True)
    *_, last = layers.values()
    return Observation(
        {path: Activity(*part) for path, part in zip(layers, parts, strict=True)},
        means[-1][:, last.keep],
    )


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put the model in eval mode for a while."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


@contextmanager
def hooks(
    layers: dict[str, NeuronLayer],
) -> Iterator[tuple[dict[str, Tensor], dict[str, list[Tensor]]]]:
    """Yield each layer's reductions of the last forward pass, and the extremes of them all.

    Extremes are measured of layers whose activation saturates; the others cost nothing.
    """
    store: dict[str, Tensor] = {}
    extremes: dict[str, list[Tensor]] = {}

    def watch(path: str) -> torch.utils.hooks.RemovableHandle:
        name = EXTREMES.get(type(layers[path].activation))

        def hook(module: nn.Module, args: object, output: Tensor) -> None:
            store[path] = reductions(output.detach())
            if name:
                extremes.setdefault(path, []).append(extreme(output.detach(), name))

        return layers[path].register_forward_hook(hook)

    handles = [watch(path) for path in layers]
    try:
        yield store, extremes
    finally:
        for handle in handles:
            handle.remove()
