"""One pass over the probe, in eval mode, without gradients: {layer: Activity}."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nvp.data.batches import eval_batches
from nvp.data.splits import ImageSource
from nvp.network.groups import neuron_layers
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.precision import Inputs, run_forward
from nvp.vitality.activity import EXTREMES, Activity, find_extreme, reduce_positions
from nvp.vitality.entropy import count_histograms, shared_edges


@dataclass(frozen=True)
class Observation:
    """The result of one pass over the probe.

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
        batch_size: images per forward pass; it changes memory, not the result.
        precision: in which the network computes; sums are float32 or better.
    """
    batches = (pixels for pixels, _ in eval_batches(images, batch_size))
    return observe_batches(model, batches, bins=bins, precision=precision)


def observe_batches(
    model: nn.Module, batches: Iterable[Inputs], *, bins: int, precision: str = "float32"
) -> Observation:
    """Measure every neuron over batches of inputs as the network takes them, as `observe` does."""
    layers = neuron_layers(model)
    seen: list[dict[str, Tensor]] = []
    with in_eval_mode(model), watch_layers(layers) as (store, extremes), torch.no_grad():
        for inputs in batches:
            run_forward(model, inputs, precision)
            seen.append(dict(store))
    stats = torch.cat([torch.cat([batch[p] for p in layers], 2) for batch in seen], 1)
    observation = summarise_stats(stats, layers, bins)
    for path, batches in extremes.items():
        name = EXTREMES[type(layers[path].activation)]
        found = {name: find_extreme(torch.stack(batches), name)}
        observation.layers[path] = replace(observation.layers[path], **found)
    return observation


def summarise_stats(
    stats: Float[Tensor, "4 n c"], layers: dict[str, NeuronLayer], bins: int
) -> Observation:
    """Return the observation, from the reductions of every image by `reduce_positions`.

    The layers' neurons lie side by side in `stats`, so that a network takes few kernels on a GPU.
    """
    widths = [len(layer.keep) for layer in layers.values()]
    means = stats[0].split(widths, 1)  # of each layer
    edges = [
        shared_edges(mean[:, layer.keep] if layer.keep.any() else mean, bins)
        for mean, layer in zip(means, layers.values(), strict=True)
    ]
    per_neuron = torch.repeat_interleave(
        torch.stack(edges), torch.tensor(widths, device=stats.device), dim=0
    )
    mean, maximum, mean_abs, fires = stats
    columns = {
        "mean": mean.mean(0),
        "mean_abs": mean_abs.mean(0),
        "maximum": maximum.amax(0),
        "fire_rate": fires.mean(0),
        "variance": mean.var(0, correction=0),
        "counts": count_histograms(mean, per_neuron),
    }
    split = {name: column.split(widths) for name, column in columns.items()}
    *_, last = layers.values()
    return Observation(
        layers={
            path: Activity(**{name: column[i] for name, column in split.items()})
            for i, path in enumerate(layers)
        },
        features=means[-1][:, last.keep],
    )


@contextmanager
def in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Put the model in eval mode, and back into its own mode at the end."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


@contextmanager
def watch_layers(
    layers: dict[str, NeuronLayer],
) -> Iterator[tuple[dict[str, Tensor], dict[str, list[Tensor]]]]:
    """Yield each layer's reductions of the last forward pass, and its extremes of all passes.

    Extremes are measured only of layers whose activation saturates; the others cost nothing.
    """
    store: dict[str, Tensor] = {}
    extremes: dict[str, list[Tensor]] = {}
    handles = [
        layer.register_forward_hook(partial(note_output, store, extremes, path))
        for path, layer in layers.items()
    ]
    try:
        yield store, extremes
    finally:
        for handle in handles:
            handle.remove()


def note_output(
    store: dict[str, Tensor],
    extremes: dict[str, list[Tensor]],
    path: str,
    layer: NeuronLayer,
    args: object,
    output: Tensor,
) -> None:
    """Note what is measured of a layer's output, as a forward hook. Changes the first two."""
    store[path] = reduce_positions(output.detach())
    name = EXTREMES.get(type(layer.activation))
    if name:
        extremes.setdefault(path, []).append(find_extreme(output.detach(), name))
