"""Looking at a network without leaving a trace: modes, buffers, gradients and random state."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from nvp.config.seed import kept_streams


@contextmanager
def undisturbed(network: nn.Module, *, training: bool = False) -> Iterator[None]:
    """Run forward passes in one mode, without gradients; put everything back, also after an error.

    What is put back: the mode of each module, its buffers (the same tensors with the same values),
    the random state, and the fast path of attention, which hides operations and is off meanwhile.
    """
    modes = {module: module.training for module in network.modules()}
    fast = torch.backends.mha.get_fastpath_enabled()
    devices = {t.device for t in network.parameters() if t.device.type == "cuda"}
    with kept_buffers(network), kept_streams([d.index for d in devices]), torch.no_grad():
        try:
            torch.backends.mha.set_fastpath_enabled(False)
            set_modes(dict.fromkeys(modes, training))
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
            set_modes(modes)


def count_operations(network: nn.Module, run: Callable[[], object]) -> int:
    """Return the floating-point operations of maps and products while `run` runs the network."""
    from nvp.network.adopting.operation_count import OperationCount  # here: triton takes 0.2 s

    with undisturbed(network), OperationCount() as counter:
        run()
    return counter.total


def set_modes(modes: dict[nn.Module, bool]) -> None:
    """Set modes without `train()`, which may do more. Changes the modules."""
    for module, training in modes.items():
        if module.training != training:
            module.training = training


@contextmanager
def kept_buffers(network: nn.Module) -> Iterator[None]:
    """Put back the network's buffers afterwards: the same tensors with the same values."""
    before = {
        (module, name): (buffer, None if buffer is None else buffer.clone())
        for module in network.modules()
        for name, buffer in module._buffers.items()
    }
    try:
        yield
    finally:
        for (module, name), (buffer, values) in before.items():
            if isinstance(buffer, Tensor) and isinstance(values, Tensor):
                restore(buffer, values)
            module._buffers[name] = buffer


def restore(buffer: Tensor, values: Tensor) -> None:
    """Write values back where they have changed. Changes `buffer`."""
    if buffer.layout != torch.strided or not torch.equal(buffer, values):
        with torch.no_grad():
            buffer.copy_(values)
