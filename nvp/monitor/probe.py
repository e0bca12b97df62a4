"""The probe of a monitor: fixed examples, as batches of inputs that its network takes.

A probe must be the same at each observation and in each process that goes on with a trial. So the
examples of a DataLoader are read once, in the order of its data set, whatever the loader shuffles.
Reading them draws from no random stream of the loop.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from nvp.config.seed import kept_streams, seed_libraries
from nvp.network.precision import Inputs
from nvp.pieces.batches import LABELS, bring_to

MOST = 2048  # examples of a loader
BATCH = 64  # of a tensor's examples
EXPECTED = (
    "a tensor, (inputs, labels), a mapping of named tensors, or a DataLoader or list of these"
)


@dataclass(frozen=True)
class Probe:
    """Examples, on the CPU.

    Attributes:
        batches: inputs as the network takes them.
        size: number of examples.
        hash: of their content, 12 hexadecimal digits.
    """

    batches: tuple[Inputs, ...]
    size: int
    hash: str

    def on(self, device: torch.device) -> Iterator[Inputs]:
        """Yield the batches on a device."""
        for inputs in self.batches:
            yield bring_to(inputs, device)


def read_probe(source: Any) -> Probe:
    """Return the probe of a tensor, a pair, a mapping, or of the first 2,048 examples of a loader.

    Raises:
        ValueError: anything else, or no example.
    """
    with kept_streams():
        seed_libraries(0)
        found = [keep_inputs(batch) for batch in list_batches(source)]
    size = sum(count(inputs) for inputs in found)
    if not size:
        raise ValueError(f"probe: expected {EXPECTED}, got no example")
    return Probe(tuple(found), size, hash_batches(found))


def list_batches(source: Any) -> Iterator[Any]:
    """Yield the batches of a probe's source."""
    if isinstance(source, DataLoader):
        yield from take(read_in_order(source))
    elif is_batch(source):
        inputs = keep_inputs(source)
        for start in range(0, count(inputs), BATCH):
            yield cut(inputs, slice(start, start + BATCH))
    elif isinstance(source, Iterable) and not isinstance(source, str | bytes):
        yield from take(source)
    else:
        raise ValueError(f"probe: expected {EXPECTED}, got the {type(source).__name__}")


def is_batch(source: Any) -> bool:
    """Whether a value is one batch by itself: a tensor, named tensors, or inputs and labels."""
    if isinstance(source, Tensor | Mapping):
        return True
    pair = isinstance(source, tuple) and len(source) == 2
    return pair and isinstance(source[0], Tensor | Mapping) and isinstance(source[1], Tensor)


def read_in_order(loader: DataLoader) -> Iterable[Any]:
    """Return the batches of a loader in the order of its data set."""
    if isinstance(loader.dataset, IterableDataset):
        return loader
    size = loader.batch_size or BATCH
    return DataLoader(loader.dataset, batch_size=size, collate_fn=loader.collate_fn)


def take(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield batches until 2,048 examples have come; the last one is cut to that."""
    left = MOST
    for batch in batches:
        inputs = keep_inputs(batch)
        yield cut(inputs, slice(0, left))
        left -= count(inputs)
        if left <= 0:
            return


def keep_inputs(batch: Any) -> Inputs:
    """Return the inputs of a batch, without its labels, on the CPU.

    Raises:
        ValueError: it is neither a tensor, nor a mapping of tensors, nor begins with one of them.
    """
    found = batch[0] if isinstance(batch, tuple | list) and batch else batch
    if isinstance(found, Tensor):
        return found.detach().cpu()
    if isinstance(found, Mapping):
        tensors = {key: v for key, v in found.items() if key not in LABELS}
        if tensors and all(isinstance(v, Tensor) for v in tensors.values()):
            return {key: value.detach().cpu() for key, value in tensors.items()}
    raise ValueError(f"probe: expected {EXPECTED}, got a batch of the type {type(batch).__name__}")


def count(inputs: Inputs) -> int:
    """Return the number of examples in a batch."""
    return len(next(iter(inputs.values())) if isinstance(inputs, Mapping) else inputs)


def cut(inputs: Inputs, which: slice) -> Inputs:
    """Return some of the examples of a batch."""
    if isinstance(inputs, Mapping):
        return {key: value[which] for key, value in inputs.items()}
    return inputs[which]


def hash_batches(batches: list[Inputs]) -> str:
    """Return the content hash of a probe, whatever its batches: 12 hexadecimal digits."""
    columns: dict[str, Any] = {}
    for inputs in batches:
        named = inputs if isinstance(inputs, Mapping) else {"": inputs}
        for key, value in named.items():
            digest = columns.setdefault(key, hashlib.sha256(str(value.dtype).encode()))
            digest.update(value.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    whole = hashlib.sha256()
    for key in sorted(columns):
        whole.update(key.encode() + columns[key].digest())
    return whole.hexdigest()[:12]
