"""Along which dimension images lie where neurons are seen: the one that grows with the batch."""

from torch import Tensor, nn

from nvp.network.adopting.activations import Call, watch_activations
from nvp.network.adopting.example import Example
from nvp.network.adopting.flow.layers import Seen
from nvp.network.adopting.undisturbed import undisturbed


def find_batch_dims(network: nn.Module, example: Example, seen: list[Seen]) -> list[int]:
    """Return the dimension of images of each layer's output, 0 where it cannot be seen.

    The forward pass runs once more, on another number of images.
    """
    shapes: dict[tuple[str, int], tuple[int, ...]] = {}

    def see(call: Call, output: Tensor) -> None:
        shapes[call.module, call.number] = tuple(output.shape)

    with undisturbed(network), watch_activations(network, see):
        try:
            example.resized().run(network)
        except Exception:  # a network for one number of images only: they lie along dimension 0
            return [0] * len(seen)
    return [find_growing(one.shape, shapes.get((one.call.module, one.call.number), ()))
            for one in seen]  # fmt: skip


def find_growing(shape: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Return the first dimension in which two shapes differ; 0 where none does."""
    pairs = zip(shape, other, strict=False)
    return next((dim for dim, (one, two) in enumerate(pairs) if one != two), 0)
