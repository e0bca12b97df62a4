"""A CUDA graph of the whole training step: hundreds of kernel launches become one.

With small networks and batches a GPU waits for launches, so that without a graph neither a faster
kernel nor a smaller network saves time. The first steps of an epoch run eagerly: the optimizer
allocates its moments in them, and pruning may have changed the masks. Then one step is captured,
which computes nothing, and the graph is replayed for the rest of the epoch.

`NVP_CUDA_GRAPH=0` turns it off; weights are the same either way (tests/training/test_graph.py).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from nvp.data.splits import Images, ImageSource
from nvp.network.train_state import TrainState

EAGER_STEPS = 3


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
        and not step.changes_with_progress
        and os.environ.get("NVP_CUDA_GRAPH") != "0"
    )


class GraphedStep:
    """Runs a step eagerly a few times, then from a graph; all on one side stream."""

    def __init__(self, step: Capturable) -> None:
        self.step, self.calls = step, 0
        self.stream = torch.cuda.Stream()
        self.graph = torch.cuda.CUDAGraph()
        self.graph.register_generator_state(step.rng)

    def __call__(self, pixels: Tensor, labels: Tensor, progress: float) -> None:
        """Train on one batch, shaped as all others of the epoch."""
        outside = torch.cuda.current_stream()
        self.stream.wait_stream(outside)
        with torch.cuda.stream(self.stream):
            if self.calls < EAGER_STEPS:
                self.step(pixels, labels, progress)
            else:
                if self.calls == EAGER_STEPS:
                    self.capture(pixels, labels, progress)
                self.pixels.copy_(pixels)
                self.labels.copy_(labels)
                self.graph.replay()
        # The next batch is made on the outer stream. It may reuse the memory of this one, so it has
        # to wait until the side stream has read this one.
        outside.wait_stream(self.stream)
        self.calls += 1

    def capture(self, pixels: Tensor, labels: Tensor, progress: float) -> None:
        """Record one step on copies of a batch.

        Raises:
            RuntimeError: when it cannot be captured, with what to do about it.
        """
        self.pixels, self.labels = pixels.clone(), labels.clone()
        optimizer = self.step.state.optimizer
        # Gradients that exist already lie outside of the graph's memory. Without them backward
        # allocates new ones within the capture, and every replay writes to these.
        optimizer.zero_grad()
        try:
            with capturable(optimizer), torch.cuda.graph(self.graph, stream=self.stream):
                self.step(self.pixels, self.labels, progress)
        except RuntimeError as error:
            raise RuntimeError(
                f"expected a step that a CUDA graph can capture, got an error; set "
                f"NVP_CUDA_GRAPH=0 to train without a graph, with the same results: {error}"
            ) from error


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
