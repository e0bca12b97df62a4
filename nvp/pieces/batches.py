"""Inputs as a user has them: a tensor, a DataLoader, or any iterable of batches."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nvp.data.batches import eval_batches
from nvp.data.ready_inputs import ReadyInputs
from nvp.data.splits import ImageSource
from nvp.network.precision import Inputs

CHUNK = 256  # rows of a tensor for one forward pass
LABELS = ("labels", "label")  # of a batch that is a mapping


@dataclass(frozen=True)
class Batch:
    """One batch: inputs as a network takes them, and the classes where they are known."""

    inputs: Inputs
    labels: Tensor | None = None


def read_batches(images: Any, what: str) -> Iterator[Batch]:
    """Yield batches of a tensor, a pair, a split of a data set, or an iterable of batches.

    Raises:
        ValueError: it is none of these, or there is not one batch.
    """
    found = False
    for batch in split_inputs(images, what):
        yield make_batch(batch, what)
        found = True
    if not found:
        raise ValueError(f"{what}: expected at least one batch of images, got none")


def split_inputs(images: Any, what: str) -> Iterable[Any]:
    """Return an iterable of batches as they come."""
    if isinstance(images, ImageSource):
        return eval_batches(images)
    if isinstance(images, Tensor):
        return images.split(CHUNK) if images.dim() and len(images) else ()
    if isinstance(images, Mapping) or is_pair(images):
        return [images]
    if isinstance(images, Iterable) and not isinstance(images, str | bytes):
        return images
    raise ValueError(
        f"{what}: expected images as a tensor, a DataLoader or an iterable of batches, got "
        f"{type(images).__name__}"
    )


def is_pair(batch: Any) -> bool:
    """Whether a value is (inputs, labels)."""
    pair = isinstance(batch, tuple | list) and len(batch) == 2
    return pair and isinstance(batch[0], Tensor | Mapping) and is_labels(batch[1])


def is_labels(value: Any) -> bool:
    """Whether a value holds a class for each input."""
    return isinstance(value, Tensor) and value.dim() == 1 and not value.is_floating_point()


def make_batch(batch: Any, what: str) -> Batch:
    """Return a batch as it comes as inputs and labels."""
    if isinstance(batch, tuple | list) and batch and isinstance(batch[0], Tensor | Mapping):
        labels = batch[1] if is_pair(batch) else None
        return Batch(make_batch(batch[0], what).inputs, labels)
    if isinstance(batch, Tensor):
        return Batch(batch)
    if isinstance(batch, Mapping):
        labels = next((batch[name] for name in LABELS if name in batch), None)
        return Batch({k: v for k, v in batch.items() if k not in LABELS}, labels)
    raise ValueError(
        f"{what}: expected batches of inputs, (inputs, labels) or mappings of tensors, got "
        f"{type(batch).__name__}"
    )


def move_inputs(batches: Iterable[Batch], network: nn.Module) -> Iterator[Inputs]:
    """Yield the inputs of batches on the network's device."""
    device = next(network.parameters()).device
    for batch in batches:
        yield bring_to(batch.inputs, device)


def bring_to(inputs: Inputs, device: torch.device) -> Inputs:
    """Return inputs on a device."""
    if isinstance(inputs, Tensor):
        return inputs.to(device)
    return {name: tensor.to(device) for name, tensor in inputs.items()}


def collect_inputs(
    batches: Iterable[Batch], labels: Tensor | None, count: int, what: str
) -> tuple[ReadyInputs, bool]:
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
        if not isinstance(batch.inputs, Tensor):
            raise ValueError(
                f"{what}: expected inputs that are one tensor; networks of text can be adopted, "
                "observed and monitored, and not pruned"
            )
        pixels.append(batch.inputs)
        classes += [] if batch.labels is None else [batch.labels]
        if sum(map(len, pixels)) >= count:
            break
    inputs = torch.cat(pixels)[:count]
    found = torch.cat(classes) if labels is None and classes else labels
    if found is None:
        return ReadyInputs(inputs, torch.zeros(len(inputs), dtype=torch.int64)), False
    if len(found) < len(inputs):
        raise ValueError(f"{what}: expected a label for each input, got {len(found)} labels")
    return ReadyInputs(inputs, found[: len(inputs)]), True
