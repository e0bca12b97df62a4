"""Buffers of a network by any name, and not only by names that attributes may have."""

from collections.abc import Iterator, Mapping

from torch import Tensor, nn


class NamedTensors(nn.Module):
    """{name: tensor}; each is a buffer, so checkpoints, `.to()` and copies have it.

    A buffer is called as its tensor, with `/` for `.` and one in front, which no attribute has.
    """

    def __init__(self, tensors: Mapping[str, Tensor], *, persistent: bool = True) -> None:
        super().__init__()
        self.persistent = persistent
        for name, tensor in tensors.items():
            self[name] = tensor

    def __getitem__(self, name: str) -> Tensor:
        tensor = self._buffers[encode(name)]
        assert tensor is not None
        return tensor

    def __setitem__(self, name: str, tensor: Tensor) -> None:
        self._buffers.pop(encode(name), None)
        self.register_buffer(encode(name), tensor, persistent=self.persistent)

    def __contains__(self, name: str) -> bool:
        return encode(name) in self._buffers

    def __iter__(self) -> Iterator[str]:
        return iter([decode(key) for key in self._buffers])

    def get(self, name: str) -> Tensor | None:
        """Return the tensor of a name; None where there is none."""
        return self._buffers.get(encode(name))

    def as_dict(self) -> dict[str, Tensor]:
        """Return {name: tensor}, of now."""
        return {name: self[name] for name in self}

    def clear(self) -> None:
        """Forget all tensors."""
        self._buffers.clear()


def encode(name: str) -> str:
    """Return the key of the buffer of a tensor."""
    return "/" + name.replace(".", "/")


def decode(key: str) -> str:
    """Return the name of the tensor of a buffer."""
    return key[1:].replace("/", ".")
