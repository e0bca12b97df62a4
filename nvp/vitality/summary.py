"""From the reductions of every image to the activity of every neuron."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from nvp.network.groups import Watched
from nvp.vitality.activity import Activity
from nvp.vitality.entropy import count_histograms, shared_edges


@dataclass(frozen=True)
class Observation:
    """The result of one pass over the probe.

    Attributes:
        layers: activity of every watched layer, masked neurons included (they are silent); heads
            of attention come last.
        features: spatial means of the last watched layer, one row per image, kept neurons only.
    """

    layers: dict[str, Activity]
    features: Float[Tensor, "n f"]


def join_batches(seen: list[dict[str, Tensor]], paths: list[str]) -> Float[Tensor, "4 n c"]:
    """Return the reductions of all images, the layers' neurons side by side; empties the list.

    Over all of train they are large: each batch is freed once it is copied.
    """
    first = seen[0]
    images = sum(batch[paths[0]].shape[1] for batch in seen)
    neurons = sum(first[path].shape[2] for path in paths)
    stats = first[paths[0]].new_empty(4, images, neurons)
    start = 0
    while seen:
        batch = seen.pop(0)
        end = start + batch[paths[0]].shape[1]
        torch.cat([batch[path] for path in paths], 2, out=stats[:, start:end])
        start = end
    return stats


def summarise_stats(
    stats: Float[Tensor, "4 n c"], layers: Mapping[str, Watched], bins: int, *, last: str
) -> Observation:
    """Return the observation, from the reductions of every image by `reduce_positions`.

    The layers' neurons lie side by side in `stats`, so that a network takes few kernels on a GPU.

    Args:
        stats: mean, maximum, mean |.| and fraction > 0 of each image and neuron.
        layers: whose neurons these are.
        bins: histogram bins of the entropy; 0 = none.
        last: the layer whose means are the features.
    """
    widths = [len(layer.keep) for layer in layers.values()]
    means = stats[0].split(widths, 1)  # of each layer
    keeps = [layer.keep for layer in layers.values()]
    order = {path: i for i, path in enumerate(layers)}
    mean, maximum, mean_abs, fires = stats
    columns = {
        "mean": mean.mean(0),
        "mean_abs": mean_abs.mean(0),
        "maximum": maximum.amax(0),
        "fire_rate": fires.mean(0),
        "variance": mean.var(0, correction=0),
        "counts": count_all(mean, keeps, bins) if bins else mean.new_empty(mean.shape[1], 0).long(),
    }
    split = {name: column.split(widths) for name, column in columns.items()}
    return Observation(
        layers={
            path: Activity(**{name: column[i] for name, column in split.items()})
            for i, path in enumerate(layers)
        },
        features=means[order[last]][:, keeps[order[last]]],
    )


def count_all(
    mean: Float[Tensor, "n c"], keeps: Sequence[Bool[Tensor, "f"]], bins: int
) -> Int64[Tensor, "c k"]:
    """Return the histograms of all layers' neurons, each between the edges of its layer.

    Args:
        mean: spatial means of all layers' neurons, side by side.
        keeps: of each layer, which neurons are kept; they set its edges.
        bins: of a histogram.
    """
    widths = [len(keep) for keep in keeps]
    layers = zip(mean.split(widths, 1), keeps, strict=True)
    edges = torch.stack([shared_edges(select_kept(own, keep), bins) for own, keep in layers])
    repeats = torch.tensor(widths, device=mean.device)
    return count_histograms(mean, torch.repeat_interleave(edges, repeats, dim=0))


def select_kept(means: Float[Tensor, "n f"], keep: Bool[Tensor, "f"]) -> Float[Tensor, "n k"]:
    """Return the columns of kept neurons; all, uncopied, where all or none are kept."""
    return means if int(keep.sum()) in (0, len(keep)) else means[:, keep]
