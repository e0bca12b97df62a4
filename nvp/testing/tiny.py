"""A network and images small enough for slow references, and evidence of its layers."""

import torch
from torch import Tensor, nn

from nvp.data.splits import Images
from nvp.network.neuron_layer import NeuronLayer
from nvp.pruning.evidence import Evidence
from nvp.pruning.sensitivity import Sensitivity
from nvp.vitality import Activity, weight_norms
from nvp.vitality.activity import reduce_positions
from nvp.vitality.entropy import count_histograms, shared_edges

BINS = 8


class Tiny(nn.Module):
    """Conv, pool, one hidden linear layer, three logits; 4x4 grey images."""

    def __init__(
        self,
        *,
        widths: tuple[int, int] = (3, 4),
        norm: bool = False,
        bias: bool = True,
        activation: type[nn.Module] = nn.SiLU,
        seed: int = 0,
    ) -> None:
        super().__init__()
        first, second = widths
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            conv = nn.Conv2d(1, first, 3, padding=1, bias=bias)
            linear = nn.Linear(first * 4, second, bias=bias)
            self.conv = NeuronLayer(conv, nn.BatchNorm2d(first) if norm else None, activation())
            self.hidden = NeuronLayer(
                linear, nn.BatchNorm1d(second) if norm else None, activation()
            )
            self.head = nn.Linear(second, 3, bias=bias)
            for module in (self.conv.norm, self.hidden.norm):
                for tensor in module.state_dict().values():
                    if tensor.is_floating_point():
                        tensor.add_(0.5 * torch.rand(tensor.shape))
        self.pool = nn.MaxPool2d(2)
        self.reads = {"hidden": "conv", "head": "hidden"}
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.hidden(self.pool(self.conv(x)).flatten(1)))


def tiny_images(count: int = 12, *, seed: int = 0) -> Images:
    """Return images of noise for `Tiny`."""
    rng = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (count, 1, 4, 4), generator=rng, dtype=torch.uint8)
    return Images(pixels, torch.randint(0, 3, (count,), generator=rng), (0.5,), (0.25,))


def activity_of(maps: Tensor) -> Activity:
    """Return the statistics of outputs (images, neurons, ...), as `observe` measures them."""
    stats = reduce_positions(maps)
    means = stats[0]
    edges = shared_edges(means, BINS).expand(means.shape[1], -1)
    return Activity(
        mean=means.mean(0),
        mean_abs=stats[2].mean(0),
        maximum=stats[1].amax(0),
        fire_rate=stats[3].mean(0),
        variance=means.var(0, correction=0),
        counts=count_histograms(means, edges),
    )


def evidence_of(
    network: Sensitivity, path: str, memory: dict[str, Tensor] | None = None
) -> Evidence:
    """Return what a neuron criterion would see of a layer's kept neurons."""
    layer = network.model.get_submodule(path)
    assert isinstance(layer, NeuronLayer)
    keep = layer.keep
    activity = activity_of(network.maps(path)[:, keep])
    return Evidence(
        path=path,
        weight=layer.weight.detach()[keep],
        norms=weight_norms(layer, kind="raw")[keep],
        activity=activity,
        idle=torch.zeros(int(keep.sum()), dtype=torch.int64),
        confirmed=lambda: activity,
        rng=torch.Generator(),
        network=network,
        weight_name=f"{path}.affine.weight",
        index=keep,
        memory={} if memory is None else memory,
    )


def weight_evidence_of(network: Sensitivity, name: str) -> Evidence:
    """Return what a weight criterion would see of one weight."""
    weight = network.model.get_parameter(name).detach()
    return Evidence(
        path=name.removesuffix(".weight").removesuffix(".affine"),
        weight=weight,
        norms=weight.flatten(1).norm(dim=1),
        activity=None,
        idle=torch.zeros(len(weight), dtype=torch.int64),
        confirmed=not_measured,
        rng=torch.Generator(),
        network=network,
        weight_name=name,
    )


def not_measured() -> Activity:
    """Refuse a pass over the training set."""
    raise AssertionError("a weight criterion asked for a pass over the training set")
