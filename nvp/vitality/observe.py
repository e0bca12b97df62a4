"""One pass over the probe, in eval mode, without gradients: {layer: Activity}."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nvp.data.batches import eval_batches
from nvp.data.splits import ImageSource
from nvp.network.adopted.adopted_heads import AdoptedHeads
from nvp.network.adopted.watched_heads import watch_heads
from nvp.network.groups import Watched, neuron_layers, watched_layers
from nvp.network.precision import Inputs, run_forward
from nvp.network.tap import tap
from nvp.vitality.activity import EXTREMES, find_extreme, reduce_positions
from nvp.vitality.duplicates import check_width, find_constant, find_duplicates
from nvp.vitality.summary import Observation, join_batches, summarise_stats


def observe_images(
    model: nn.Module,
    images: ImageSource,
    *,
    bins: int,
    batch_size: int | None = None,
    precision: str = "float32",
    duplicates: float = 0.0,
) -> Observation:
    """Measure every neuron of `model` over `images`; leaves the model as it was.

    Args:
        model: built of `NeuronLayer`.
        images: the probe, un-augmented.
        bins: histogram bins of the entropy; 0 = none, which saves most of a long pass.
        batch_size: images per forward pass; it changes memory, not the result.
        precision: in which the network computes; sums are float32 or better.
        duplicates: correlation above which a neuron is a duplicate of another; 0 = not measured.

    Raises:
        ValueError: a layer is too wide for its correlations.
    """
    batches = (pixels for pixels, _ in eval_batches(images, batch_size))
    return observe_batches(model, batches, bins=bins, precision=precision, duplicates=duplicates)


def observe_batches(
    model: nn.Module,
    batches: Iterable[Inputs],
    *,
    bins: int,
    precision: str = "float32",
    duplicates: float = 0.0,
) -> Observation:
    """Measure every neuron over batches of inputs, which are as the network takes them.

    It does as `observe_images` does.
    """
    layers = watched_layers(model)
    seen: list[dict[str, Tensor]] = []
    store: dict[str, Tensor] = {}
    extremes: dict[str, list[Tensor]] = {}
    note = partial(note_output, store, extremes, layers)
    with in_eval_mode(model), tap(model, note), watch_heads(model, note), torch.no_grad():
        for inputs in batches:
            run_forward(model, inputs, precision)
            seen.append(dict(store))
    stats = join_batches(seen, list(layers))
    observation = summarise_stats(stats, layers, bins, last=[*neuron_layers(model)][-1])
    for path, batches in extremes.items():
        name = EXTREMES[type(layers[path].activation)]
        found = {name: find_extreme(torch.stack(batches), name)}
        observation.layers[path] = replace(observation.layers[path], **found)
    if duplicates:
        compare_neurons(observation, stats[0], layers, duplicates)
    return observation


def compare_neurons(
    observation: Observation,
    means: Float[Tensor, "n c"],
    layers: Mapping[str, Watched],
    threshold: float,
) -> None:
    """Find the duplicates among the kept neurons of each layer. Changes the observation.

    Heads of attention are no neurons, and are not compared.

    Args:
        observation: without duplicates.
        means: spatial means of all layers' neurons, side by side.
        layers: whose neurons these are.
        threshold: the correlation that makes a duplicate.
    """
    widths = [len(layer.keep) for layer in layers.values()]
    for (path, layer), own in zip(layers.items(), means.split(widths, 1), strict=True):
        if isinstance(layer, AdoptedHeads):
            continue
        check_width("duplicates", path, len(layer.keep))
        kept = layer.keep.nonzero().flatten()
        living = own.index_select(1, kept) if len(kept) < len(layer.keep) else own
        duplicate, constant = torch.zeros_like(layer.keep), torch.zeros_like(layer.keep)
        if len(kept):
            duplicate[kept] = find_duplicates(living, threshold)
            constant[kept] = find_constant(living)
        found = replace(observation.layers[path], duplicate=duplicate, constant=constant)
        observation.layers[path] = found


@contextmanager
def in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Put the model in eval mode, and each of its modules back into its own mode at the end."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def note_output(
    store: dict[str, Tensor],
    extremes: dict[str, list[Tensor]],
    layers: Mapping[str, Watched],
    path: str,
    output: Tensor,
) -> None:
    """Note what is measured of a layer's output, for a tap. Changes the first two.

    Extremes are measured only of layers whose activation saturates; the others cost nothing.
    """
    store[path] = reduce_positions(output.detach())
    name = EXTREMES.get(type(layers[path].activation))
    if name:
        extremes.setdefault(path, []).append(find_extreme(output.detach(), name))
