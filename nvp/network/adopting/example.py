"""The example that a network is adopted with: its inputs, as a call of the network takes them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree


@dataclass(frozen=True)
class Example:
    """Arguments of one forward pass.

    Attributes:
        args: positional ones.
        kwargs: those with a name, as tokenizers give them.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def run(self, network: nn.Module) -> Any:
        """Return what the network puts out; it may write into its inputs, which are copies."""
        args, kwargs = pytree.tree_map_only(Tensor, torch.clone, (self.args, self.kwargs))
        return network(*args, **kwargs)

    def noisy(self, seed: int) -> "Example":
        """Return the example with noise of its own size on each floating tensor.

        Without it a repeated image has no variance over the batch, and BatchNorm would put out 0.
        """
        rng = torch.Generator().manual_seed(seed)

        def add(value: Any) -> Any:
            if not isinstance(value, Tensor) or not value.is_floating_point() or not value.dim():
                return value
            noise = torch.randn(value.shape, generator=rng).to(value)
            spread = value.float().std().item() if value.numel() > 1 else 0.0
            return value + noise * (spread if 0 < spread < float("inf") else 1.0)

        return Example(*pytree.tree_map(add, (self.args, self.kwargs)))

    def resized(self) -> "Example":
        """Return the example with half of its images, twice as many where it is one."""
        rows = find_tensors((self.args, self.kwargs))[0].shape[:1]

        def resize(value: Any) -> Any:
            if not isinstance(value, Tensor) or value.shape[:1] != rows or not rows:
                return value
            return value[: rows[0] // 2] if rows[0] > 1 else torch.cat([value, value])

        return Example(*pytree.tree_map(resize, (self.args, self.kwargs)))


def make_example(example: Any) -> Example:
    """Return the example as arguments; one of a single image or text is repeated.

    Args:
        example: a tensor, a tuple of positional arguments, or a mapping of named ones.
    """
    if isinstance(example, Mapping):
        made = Example((), dict(example))
    elif isinstance(example, tuple | list):
        made = Example(tuple(example), {})
    elif isinstance(example, Tensor):
        made = Example((example,), {})
    else:
        raise ValueError(
            "an example is a tensor, a tuple of arguments or a mapping of named arguments, "
            f"got {type(example).__name__}"
        )
    tensors = find_tensors((made.args, made.kwargs))
    if not tensors:
        raise ValueError("the example holds no tensor: give the inputs of one forward pass")
    if not tensors[0].dim() or tensors[0].shape[0] != 1:
        return made

    def repeat(value: Any) -> Any:
        single = isinstance(value, Tensor) and value.dim() and value.shape[0] == 1
        return torch.cat([value, value]) if single else value

    return Example(*pytree.tree_map(repeat, (made.args, made.kwargs)))


def find_tensors(value: Any) -> list[Tensor]:
    """Return all tensors inside of tuples, mappings, dataclasses and the like."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Mapping):
        return [found for part in value.values() for found in find_tensors(part)]
    if isinstance(value, list | tuple | set):
        return [found for part in value for found in find_tensors(part)]
    if is_dataclass(value) and not isinstance(value, type):
        return [t for field in fields(value) for t in find_tensors(getattr(value, field.name))]
    return []
