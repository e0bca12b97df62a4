"""Small networks that are written as people write them, and what there is to find in each."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.vit import ViT

IMAGES = (3, 16, 16)


class Functional(nn.Module):
    """Activations as functions, a map that is flattened, and no norm."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 8, 3, stride=2)
        self.hidden, self.head = nn.Linear(8 * 49, 10), nn.Linear(10, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.two(F.relu(self.one(x), inplace=True)))
        return self.head(torch.relu(self.hidden(x.flatten(1))))


class Concat(nn.Module):
    """Two branches that are concatenated before a BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 6, 3)
        self.norm, self.last = nn.BatchNorm2d(10), nn.Conv2d(10, 7, 3)
        self.head = nn.Linear(7, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([torch.tanh(self.left(x)), F.silu(self.right(x))], dim=1)
        x = F.leaky_relu_(self.last(self.norm(x)), 0.1)
        return self.head(x.mean((2, 3)))


class Tied(nn.Module):
    """An autoencoder whose decoder has the weight of its encoder, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.head = nn.Linear(768, 12), nn.Linear(768, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.encoder(x.flatten(1)))
        return self.head(F.linear(x, self.encoder.weight.t()))


class Twice(nn.Module):
    """One layer that is called three times."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.shared = nn.Linear(768, 8), nn.Linear(8, 8)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x.flatten(1))
        for _ in range(3):
            x = F.relu(self.shared(x))
        return self.head(x)


class Groups(nn.Module):
    """GroupNorm and a grouped convolution of the same groups, and a transposed convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.norm = nn.Conv2d(3, 16, 3), nn.GroupNorm(4, 16)
        self.grouped, self.up = nn.Conv2d(16, 24, 3, groups=4), nn.ConvTranspose2d(24, 6, 2)
        self.head = nn.Conv2d(6, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.grouped(F.relu(self.norm(self.one(x)))))
        return self.head(F.relu(self.up(x))).amax((2, 3))


class Coupled(nn.Module):
    """Groups of 4 and of 3: they tie all channels together."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.norm = nn.Conv2d(3, 12, 3), nn.GroupNorm(4, 12)
        self.grouped, self.last = nn.Conv2d(12, 12, 3, groups=4), nn.GroupNorm(3, 12)
        self.head = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.grouped(F.relu(self.norm(self.one(x))))
        return self.head(F.relu(self.last(x)).mean((2, 3)))


class GroupedTransposed(nn.Module):
    """A transposed convolution in groups."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.up = nn.Conv2d(3, 8, 3), nn.ConvTranspose2d(8, 12, 2, groups=4)
        self.head = nn.Conv2d(12, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.up(F.relu(self.one(x))))).mean((2, 3))


class Gated(nn.Module):
    """A depthwise convolution with squeeze-excitation, and a residual sum."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.norm = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)
        self.deep, self.deep_norm = nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8)
        self.down, self.up = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
        self.act, self.head = nn.Hardswish(inplace=True), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.one(x)))
        y = self.act(self.deep_norm(self.deep(x)))
        gate = torch.sigmoid(self.up(F.relu(self.down(y.mean((2, 3), keepdim=True)))))
        return self.head(F.relu6(x + y * gate).mean((2, 3)))


class GatedMLP(nn.Module):
    """Two halves of one map, one of which gates the other."""

    def __init__(self) -> None:
        super().__init__()
        self.both, self.head = nn.Linear(48, 12), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        u, v = self.both(x.reshape(len(x), 16, 48)).chunk(2, dim=-1)
        return self.head((F.silu(u) * v).mean(1))


class SplitMLP(GatedMLP):
    """The same, with the size of a half written down."""

    def forward(self, x: Tensor) -> Tensor:
        u, v = self.both(x.reshape(len(x), 16, 48)).split(6, dim=-1)
        return self.head((F.silu(u) * v).mean(1))


class Bare(nn.Module):
    """Parameters without modules, and a branch that depends on the data."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(9, 768) / 28), nn.Parameter(torch.ones(9))
        self.out = nn.Parameter(torch.randn(5, 9))

    def forward(self, x: Tensor) -> Tensor:
        if x.mean().item() > 100:
            x = x / 2
        return F.linear(torch.tanh(F.linear(x.flatten(1), self.weight, self.bias)), self.out)


class Instance(nn.Module):
    """InstanceNorm with scale and shift."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.norm = nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8, affine=True)
        self.two, self.head = nn.Conv2d(8, 6, 3), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.elu(self.norm(self.one(x)))
        return self.head(F.softplus(self.two(x)).mean((2, 3)))


class RMSNorm(nn.Module):
    """A norm over the units of one layer, and none over those of the next."""

    def __init__(self, norm: Callable[[int], nn.Module] = nn.RMSNorm) -> None:
        super().__init__()
        self.one, self.norm = nn.Linear(768, 8), norm(8)
        self.two, self.head = nn.Linear(8, 6), nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.norm(self.one(x.flatten(1))))
        return self.head(F.relu(self.two(x)))


class Encoder(nn.Module):
    """A transformer's encoder on patches, with a token of a class and embeddings of positions."""

    def __init__(self, batch_first: bool = True) -> None:
        super().__init__()
        self.patch, self.batch_first = nn.Linear(48, 8), batch_first
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.positions = nn.Parameter(torch.randn(1, 17, 8))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(8, 2, 12, batch_first=batch_first, dropout=0.0)
            for _ in range(2)
        )
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x.reshape(len(x), 16, 48))
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.positions
        x = x if self.batch_first else x.transpose(0, 1)
        for layer in self.layers:
            x = layer(x)
        return self.head(x[:, 0] if self.batch_first else x[0])


class Recurrent(nn.Module):
    """A recurrent network: nothing is found in it, and nothing fails."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.LSTM(48, 7, batch_first=True), nn.Linear(7, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x.reshape(len(x), 16, 48))[0][:, -1])


class Written(nn.Module):
    """Features that are written into a part of a map, through a view."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(768, 4), nn.Linear(768, 6)
        self.head = nn.Linear(10, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        whole = x.new_zeros(len(x), self.one.out_features + self.two.out_features)
        whole[:, : self.one.out_features] = self.one(x)
        whole[:, self.one.out_features :] = self.two(x)
        return self.head(F.relu(whole))


class ByHand(nn.Module):
    """A SiLU by hand: its inner sigmoid is what is seen."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.head = nn.Linear(768, 8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.one(x.flatten(1))
        return self.head(x * torch.sigmoid(1.702 * x))


class ChannelLast(nn.Module):
    """A ConvNeXt block: LayerNorm over channels, the map as (N, H, W, C) between."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.deep = nn.Conv2d(3, 8, 4, stride=4), nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.norm, self.up, self.down = nn.LayerNorm(8), nn.Linear(8, 20), nn.Linear(20, 8)
        self.scale, self.head = nn.Parameter(torch.full((8, 1, 1), 1e-6)), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.norm(self.deep(x).permute(0, 2, 3, 1))
        y = self.down(F.gelu(self.up(y))).permute(0, 3, 1, 2)
        return self.head((x + self.scale * y).mean((2, 3)))


class Auxiliary(nn.Module):
    """A head that reads hidden units in train mode only."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head, self.side = nn.Linear(768, 8), nn.Linear(8, 5), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.body(x.flatten(1)))
        return self.head(x) + self.side(x) if self.training else self.head(x)


class Scaled(nn.Module):
    """A convolution whose weight is standardised: it is computed, so its units must stay."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 6, 3)
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x, weight = F.relu(self.one(x)), self.two.weight
        weight = weight - weight.mean((1, 2, 3), keepdim=True)
        return self.head(F.relu(F.conv2d(x, weight, self.two.bias)).mean((2, 3)))


def make_vit() -> nn.Module:
    """Return nvp's own transformer, which is adopted like anybody's."""
    config = ModelConfig(name="vit", width=0.03125, depth=2, activation="gelu")
    return ViT(config, IMAGES, 5)


@dataclass(frozen=True)
class Known:
    """What there is to find.

    Attributes:
        make: makes the network.
        units: {layer: how many units, 0 where they can only be watched}.
    """

    make: Callable[[], nn.Module]
    units: dict[str, int]


KNOWN = {
    "functional": Known(Functional, {"forward": 6, "forward#1": 8, "forward#2": 10}),
    "concat": Known(Concat, {"forward": 4, "forward#1": 6, "forward#2": 7}),
    "tied": Known(Tied, {"forward": 12}),
    "twice": Known(Twice, {"forward": 8, "forward#1": 8, "forward#2": 8}),
    "groups": Known(Groups, {"forward": 4, "forward#1": 4, "forward#2": 6}),
    "coupled": Known(Coupled, {"forward": 0, "forward#1": 0}),
    "grouped transposed": Known(GroupedTransposed, {"forward": 4, "forward#1": 4}),
    "gated": Known(Gated, {"act": 8, "act#1": 8, "forward": 4, "forward#2": 8}),
    "gated mlp": Known(GatedMLP, {"forward": 6}),
    "split mlp": Known(SplitMLP, {"forward": 0}),
    "bare": Known(Bare, {"forward": 9}),
    "vit": Known(make_vit, {"blocks.0.activation": 8, "blocks.1.activation": 8}),
    "instance": Known(Instance, {"forward": 8, "forward#1": 6}),
    "rms": Known(RMSNorm, {"forward": 0, "forward#1": 6}),
    "layer norm": Known(lambda: RMSNorm(nn.LayerNorm), {"forward": 0, "forward#1": 6}),
    "encoder": Known(Encoder, {"layers.0": 12, "layers.1": 12}),
    "time first": Known(lambda: Encoder(batch_first=False), {"layers.0": 12, "layers.1": 12}),
    "recurrent": Known(Recurrent, {}),
    "written": Known(Written, {"forward": 10}),
    "by hand": Known(ByHand, {"forward": 8}),
    "channel last": Known(ChannelLast, {"forward": 20}),
    "auxiliary": Known(Auxiliary, {"forward": 8}),
    "scaled": Known(Scaled, {"forward": 0, "forward#1": 0}),
}
PRUNABLE = [name for name, known in KNOWN.items() if any(known.units.values())]


def make_known(name: str) -> nn.Module:
    """Return a network of the table with random norms, always the same."""
    torch.manual_seed(len(name))
    network = KNOWN[name].make().double()
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.squeeze().dim() == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return network


def make_images(count: int = 4, seed: int = 0, shape: tuple[int, int, int] = IMAGES) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, *shape, generator=rng, dtype=torch.float64)
