"""Watching the heads of attention: what the weights that read them are given, split by head.

A function of torch may compute attention and read its heads at once, so no hook sees them, and no
mode of functions. A mode below autograd sees each product, and knows the weights by their memory.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopting.anatomy import IMAGES_LAST, Heads
from nvp.network.adopting.example import find_tensors
from nvp.network.adopting.readings import list_readings
from nvp.network.dispatch_mode import DispatchMode

Place = tuple[int, int]  # of a tensor in memory: its storage, and its offset there
COPIES = ("_to_copy", "to")  # of a weight in another type, as autocast makes them


@contextmanager
def watch_heads(model: nn.Module, see: Callable[[str, Tensor], object]) -> Iterator[None]:
    """Call `see(path, output)` at each attention of forward passes, for a while.

    Outputs are shown as (images, heads, positions x size of a head).

    Args:
        model: one that is not adopted, or has no attention, costs nothing.
        see: shows, and replaces nothing.
    """
    if not isinstance(model, Adopted) or not model.anatomy.heads:
        yield
        return
    mode = ReadingMode(model, see)
    handle = model.register_forward_pre_hook(mode.begin, with_kwargs=True)
    try:
        with mode:
            yield
    finally:
        handle.remove()


class ReadingMode(DispatchMode):
    """Shows what the weights that read heads are given.

    Attributes:
        images: of the forward pass that runs.
        calls: how often each weight has read in it.
    """

    def __init__(self, model: Adopted, see: Callable[[str, Tensor], object]) -> None:
        super().__init__()
        self.see = see
        self.heads = {(h.weight, h.call): (path, h) for path, h in model.anatomy.heads.items()}
        self.weights = {name: model.module.get_parameter(name) for name, _ in self.heads}
        self.images, self.calls = 0, Counter[str]()
        self.places: dict[Place, str] = {}
        self.copies: list[Tensor] = []  # kept, so that their memory is no other tensor's meanwhile

    def begin(self, module: nn.Module, args: object, kwargs: object) -> None:
        """Note the images of a forward pass, before it, and where the weights are now."""
        shape = next((tensor.shape for tensor in find_tensors((args, kwargs))), ())
        self.images = [*shape, 1][0]
        self.calls.clear()
        self.copies.clear()
        self.places = {find_place(weight): name for name, weight in self.weights.items()}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        name = func._overloadpacket.__name__
        if name in COPIES and (weight := self.places.get(find_place(args[0]))):
            self.copies.append(output)
            self.places[find_place(output)] = weight
        for reading in list_readings(name, args):
            weight = self.places.get(find_place(reading.weight))
            if weight is not None:
                self.calls[weight] += 1
                if found := self.heads.get((weight, self.calls[weight] - 1)):
                    path, heads = found
                    rows = reading.as_rows(reading.inputs)
                    self.see(path, split_heads(path, rows, heads, self.images))
                break
        return output


def find_place(tensor: Tensor) -> Place:
    """Return where a tensor begins in memory; of a sparse one nowhere."""
    if tensor.layout != torch.strided:
        return 0, 0
    return tensor.untyped_storage()._cdata, int(tensor.storage_offset())


def split_heads(
    path: str, rows: Float[Tensor, "r e"], heads: Heads, images: int
) -> Float[Tensor, "n h v"]:
    """Return what a weight reads as (images, heads, positions x size of a head).

    Args:
        path: of the heads, for an error.
        rows: one for each position of each image.
        heads: which columns are each head's, and how images lie in the rows.
        images: how many there are.

    Raises:
        ValueError: the rows are not so many for each image.
    """
    blocks = len(rows) // max(images, 1) if heads.outer == IMAGES_LAST else heads.outer
    if not images or len(rows) % (images * blocks):
        raise ValueError(
            f"{path}: expected an attention with as many rows for each of {images} images, got "
            f"{len(rows)} rows: observe with batches as the example was"
        )
    columns = heads.columns.to(rows.device)
    each = rows.reshape(blocks, images, -1, rows.shape[1])[..., columns]
    return each.permute(1, 3, 0, 2, 4).flatten(2)
