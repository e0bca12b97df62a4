"""A CUDA graph of the whole training step: hundreds of kernel launches become one.

With small networks and batches a GPU waits for launches, so that without a graph neither a faster
kernel nor a smaller network saves time. The first steps of an epoch run eagerly: the optimizer
allocates its moments in them, and pruning may have changed the masks. Then one step is captured,
which computes nothing, and the graph is replayed for the rest of the epoch.

`NVP_CUDA_GRAPH=0` turns it off; weights are the same either way (tests/training/test_graph.py).
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from nvp.config.environment import read_choice
from nvp.data.splits import Images, ImageSource
from nvp.network.train_state import TrainState

EAGER_STEPS = 3
FAILED: list[torch.cuda.CUDAGraph] = []  # kept: the allocator may still ask them


@runtime_checkable
class Capturable(Protocol):
    """A step that can be captured: its shapes and constants stay the same for an epoch."""

    state: TrainState
    rng: torch.Generator

    def __call__(self, pixels: Tensor, labels: Tensor, progress: float) -> None: ...

    @property
    def changes_with_progress(self) -> bool:
        """Whether more than the learning rate depends on how far training is."""
        ...


def can_capture(step: Capturable, images: ImageSource) -> bool:
    """Whether a step can be captured: on a GPU, and with all that changes in tensors there."""
    return (
        images.device.type == "cuda"
        and isinstance(images, Images)
        and step.state.capturable
        and not step.changes_with_progress
        and read_choice("NVP_CUDA_GRAPH") != "0"
    )


class GraphedStep:
    """Runs a step eagerly a few times, then from a graph; all on one side stream.

    Where a step cannot be captured, it goes on eagerly, with the same results, and says so once.
    """

    def __init__(self, step: Capturable, stream: torch.cuda.Stream | None = None) -> None:
        """Make one.

        Args:
            step: to run.
            stream: to run it on, if not on the one that all of a process share: graphs that are
                alive at the same time need one each.
        """
        self.step, self.calls, self.captured = step, 0, False
        self.stream = stream or share_stream()
        self.graph, self.pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()

    def __call__(self, pixels: Tensor, labels: Tensor, progress: float) -> None:
        """Train on one batch, shaped as all others of the epoch."""
        outside = torch.cuda.current_stream()
        self.stream.wait_stream(outside)
        with torch.cuda.stream(self.stream):
            if self.calls == EAGER_STEPS:
                self.captured = self.try_to_capture(pixels, labels, progress)
        with torch.cuda.stream(self.stream):  # again: a failed capture leaves another one behind
            if self.captured:
                self.pixels.copy_(pixels)
                self.labels.copy_(labels)
                self.graph.replay()
            else:
                self.step(pixels, labels, progress)
        # The next batch is made on the outer stream. It may reuse the memory of this one, so it has
        # to wait until the side stream has read this one.
        outside.wait_stream(self.stream)
        self.calls += 1

    def try_to_capture(self, pixels: Tensor, labels: Tensor, progress: float) -> bool:
        """Record one step on copies of a batch; return whether that was possible."""
        generators = [self.step.rng, torch.cuda.default_generators[torch.cuda.current_device()]]
        before = [generator.clone_state() for generator in generators]
        try:
            self.capture(pixels, labels, progress)
        except RuntimeError as error:
            # They count as captured until a capture ends well, and would draw nothing outside of it
            for generator, state in zip(generators, before, strict=True):
                generator.graphsafe_set_state(state)
            self.give_up()
            if isinstance(error, torch.OutOfMemoryError):
                raise
            self.step.state.capturable = False
            warnings.warn(
                "a training step cannot be captured as a CUDA graph, so this trial trains without "
                f"one: slower, with the same results ({error})",
                RuntimeWarning,
                stacklevel=2,
            )
            return False
        return True

    def give_up(self) -> None:
        """Tell the allocator that a capture that failed is over: torch 2.11 forgets it (#180395).

        Until then it would free no memory that it keeps.
        """
        FAILED.append(self.graph)
        end = getattr(torch._C, "_cuda_endAllocateToPool", None)
        if end is not None:
            with suppress(RuntimeError):  # later versions have done it
                end(torch.cuda.current_device(), self.pool)

    def capture(self, pixels: Tensor, labels: Tensor, progress: float) -> None:
        """Record one step on copies of a batch; nothing is computed."""
        with warnings.catch_warnings():  # torch 2.11 needs it; 2.14 does it alone, and says so
            warnings.simplefilter("ignore")
            self.graph.register_generator_state(self.step.rng)
        self.pixels, self.labels = pixels.clone(), labels.clone()
        optimizer = self.step.state.optimizer
        # Gradients that exist already lie outside of the graph's memory. Without them backward
        # allocates new ones within the capture, and every replay writes to these.
        optimizer.zero_grad()
        recording = torch.cuda.graph(self.graph, pool=self.pool, stream=self.stream)
        with capturable(optimizer), recording:
            self.step(self.pixels, self.labels, progress)


@cache
def share_stream() -> torch.cuda.Stream:
    """Return the side stream of this process.

    cuBLAS keeps a workspace for each stream that it has met: a new stream in every epoch would cost
    up to 2 GiB of an H100.
    """
    return torch.cuda.Stream()


@contextmanager
def capturable(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Set `capturable` of an optimizer for a while: Adam refuses to be captured without it."""
    groups = [group for group in optimizer.param_groups if "capturable" in group]
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False
