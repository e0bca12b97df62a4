"""Small networks with attention, written in each way that people write it, and what heads put out.

Each keeps in `seen` what its heads put out, computed by hand: (images, heads, positions x size).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTH, HEADS, SIZE = 8, 2, 4
IMAGES = (3, 4, 4)


class Attention(nn.Module):
    """Patches, one attention, and a hidden layer; a subclass says how the attention is computed."""

    def __init__(self, pixels: int = 48, classes: int = 5) -> None:
        super().__init__()
        self.patches, self.rows = nn.Linear(pixels // 4, WIDTH), nn.Linear(WIDTH, 3 * WIDTH)
        self.projection = nn.Linear(WIDTH, WIDTH)
        self.hidden, self.head = nn.Linear(WIDTH, 6), nn.Linear(6, classes)
        self.seen: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x.reshape(len(x), 4, -1))
        x = x + self.attend(x)
        return self.head(F.relu(self.hidden(x.mean(1))))

    def attend(self, x: Tensor) -> Tensor:
        q, k, v = self.split(self.rows(x))
        return self.projection(self.merge(self.look(F.scaled_dot_product_attention(q, k, v))))

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, (images, heads, positions, size)."""
        parts = x.unflatten(2, (3, HEADS, SIZE)).permute(2, 0, 3, 1, 4)
        return parts[0], parts[1], parts[2]

    def look(self, heads: Tensor) -> Tensor:
        """Keep what heads put out, (images, heads, positions, size)."""
        self.seen.append(heads.detach().flatten(2).clone())
        return heads

    def merge(self, heads: Tensor) -> Tensor:
        return heads.transpose(1, 2).flatten(2)


class ByHand(Attention):
    """A softmax and a product, with dropout between, and a mask of heads behind."""

    def attend(self, x: Tensor) -> Tensor:
        q, k, v = self.split(self.rows(x))
        weights = F.dropout((q @ k.transpose(-2, -1) / 2).softmax(-1), 0.1, self.training)
        return self.projection(self.merge(self.look(weights @ v)))


class Einsum(Attention):
    """The same in Einstein's notation, and a projection by a transposed weight, as in GPT-2."""

    def attend(self, x: Tensor) -> Tensor:
        q, k, v = self.split(self.rows(x))
        weights = torch.einsum("bhqd,bhkd->bhqk", q, k).softmax(-1)
        rows = self.look(torch.einsum("bhqk,bhkd->bhqd", weights, v))
        rows = self.merge(rows).flatten(0, 1)
        return torch.addmm(self.projection.bias, rows, self.projection.weight).view_as(x)


class Windows(Attention):
    """Attention within two windows of each image."""

    def attend(self, x: Tensor) -> Tensor:
        windows = self.rows(x).unflatten(1, (2, 2)).flatten(0, 1)
        q, k, v = self.split(windows)
        found = (q @ k.transpose(-2, -1)).softmax(-1) @ v
        each = found.unflatten(0, (-1, 2)).transpose(1, 2)
        self.seen.append(each.detach().flatten(2).clone())
        return self.projection(self.merge(found)).unflatten(0, (-1, 2)).flatten(1, 2)


class Folded(Attention):
    """Heads are folded into the batch, and the projection is a convolution."""

    def attend(self, x: Tensor) -> Tensor:
        q, k, v = (part.flatten(0, 1) for part in self.split(self.rows(x)))
        found = torch.bmm(torch.bmm(q, k.transpose(1, 2)).softmax(-1), v)
        heads = self.look(found.unflatten(0, (-1, HEADS)))
        maps = self.merge(heads).transpose(1, 2).unflatten(2, (2, 2))
        weight = self.projection.weight[:, :, None, None]
        return F.conv2d(maps, weight, self.projection.bias).flatten(2).transpose(1, 2)


class Torchs(Attention):
    """nn.MultiheadAttention, which reads its heads in a function; called twice."""

    def __init__(self, *, batch_first: bool = True, need_weights: bool = False) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=batch_first)
        self.batch_first, self.need_weights = batch_first, need_weights

    def attend(self, x: Tensor) -> Tensor:
        for _ in range(2):
            rows = F.linear(x, self.attention.in_proj_weight, self.attention.in_proj_bias)
            self.look(F.scaled_dot_product_attention(*self.split(rows)))
            y = x if self.batch_first else x.transpose(0, 1)
            y = self.attention(y, y, y, need_weights=self.need_weights)[0]
            x = y if self.batch_first else y.transpose(0, 1)
        return x


class Mixed(Attention):
    """Talking heads: a weight mixes the heads before their values, so that none is apart."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(HEADS, HEADS)

    def attend(self, x: Tensor) -> Tensor:
        q, k, v = self.split(self.rows(x))
        weights = (q @ k.transpose(-2, -1)).softmax(-1).permute(0, 2, 3, 1)
        return self.projection(self.merge(self.mix(weights).permute(0, 3, 1, 2) @ v))


class NoAttention(Attention):
    """A softmax that gates units is no attention."""

    def attend(self, x: Tensor) -> Tensor:
        return self.projection(self.rows(x)[..., :WIDTH].softmax(-1) * x)


ATTENTIONS: dict[str, Callable[[], Attention]] = {
    "in one function": Attention,
    "by hand": ByHand,
    "einsum": Einsum,
    "windows": Windows,
    "folded": Folded,
    "of torch": Torchs,
    "of torch, with weights": lambda: Torchs(need_weights=True),
    "of torch, time first": lambda: Torchs(batch_first=False),
}


def for_digits(num_classes: int) -> nn.Module:
    """Return a network for the images of digits, for `model.name`."""
    return Attention(64, num_classes)


def make_attention(make: Callable[[], Attention]) -> Attention:
    """Return a network in float64, always the same."""
    torch.manual_seed(0)
    return make().double()


def make_images(count: int, seed: int = 0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(count, *IMAGES, generator=rng, dtype=torch.float64)
