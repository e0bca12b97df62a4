"""Inputs as a user has them: a tensor, a DataLoader, or any iterable of batches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from nvp.data.inputs import Inputs

CHUNK = 256  # rows of a tensor for one forward pass
LABELS = ("labels", "label")  # of a batch that is a mapping


@dataclass(frozen=True)
class Batch:
    """One call of a network.

    Attributes:
        args: positional arguments.
        kwargs: named arguments, of a batch that is a mapping.
        labels: the classes, where the batch has them.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    labels: Tensor | None = None

    def run(self, network: nn.Module) -> Any:
        """Return what the network puts out, on its device."""
        device = next(network.parameters()).device
        move = lambda value: value.to(device) if isinstance(value, Tensor) else value  # noqa: E731
        args, kwargs = pytree.tree_map(move, (self.args, self.kwargs))
        return network(*args, **kwargs)


def read_batches(images: Any, what: str) -> Iterator[Batch]:
    """Yield batches of a tensor, or of an iterable of (inputs), (inputs, labels) or mappings.

    Raises:
        ValueError: it is none of these, or there is not one batch.
    """
    count = 0
    for batch in split_inputs(images, what):
        yield make_batch(batch, what)
        count += 1
    if not count:
        raise ValueError(f"{what}: expected at least one batch of images, got none")


def split_inputs(images: Any, what: str) -> Iterable[Any]:
    """Return an iterable of batches as they come."""
    if isinstance(images, Tensor):
        return images.split(CHUNK) if images.dim() and len(images) else ()
    if isinstance(images, Mapping):
        return [images]
    if isinstance(images, Iterable) and not isinstance(images, str | bytes):
        return images
    raise ValueError(
        f"{what}: expected images as a tensor, a DataLoader or an iterable of batches, got "
        f"{type(images).__name__}"
    )


def make_batch(batch: Any, what: str) -> Batch:
    """Return a batch as the call of a network that it stands for."""
    if isinstance(batch, Tensor):
        return Batch((batch,), {})
    if isinstance(batch, Mapping):
        labels = next((batch[name] for name in LABELS if name in batch), None)
        named = {name: value for name, value in batch.items() if name not in LABELS}
        return Batch((), named, labels)
    if isinstance(batch, Sequence) and len(batch) and isinstance(batch[0], Tensor):
        labels = batch[1] if len(batch) > 1 and isinstance(batch[1], Tensor) else None
        return Batch((batch[0],), {}, labels)
    raise ValueError(
        f"{what}: expected batches of inputs, (inputs, labels) or mappings of tensors, got "
        f"{type(batch).__name__}"
    )


def collect_inputs(
    batches: Iterable[Batch], labels: Tensor | None, count: int, what: str
) -> tuple[Inputs, bool]:
    """Return (the first `count` inputs with labels, whether the labels are known).

    Unknown labels are 0.

    Args:
        batches: to collect from.
        labels: of all inputs in their order; None = those of the batches.
        count: at most so many.
        what: the function that asks, for the error.
    """
    pixels: list[Tensor] = []
    classes: list[Tensor] = []
    for batch in batches:
        if len(batch.args) != 1:
            raise ValueError(
                f"{what}: expected inputs that are one tensor; networks of text can be adopted, "
                "observed and monitored, and not pruned"
            )
        pixels.append(batch.args[0])
        classes += [] if batch.labels is None else [batch.labels]
        if sum(map(len, pixels)) >= count:
            break
    inputs = torch.cat(pixels)[:count]
    found = labels if labels is not None else torch.cat(classes) if classes else None
    if found is not None and len(found) < len(inputs):
        raise ValueError(f"{what}: expected a label for each input, got {len(found)}")
    known = found is not None
    found = found[: len(inputs)] if known else torch.zeros(len(inputs), dtype=torch.int64)
    return Inputs(inputs, found), known
