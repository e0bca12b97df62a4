"""A CUDA graph of the whole training step: hundreds of kernel launches become one.

Small networks and small batches keep a GPU waiting for launches, so neither a faster kernel nor a
smaller network would be seen in the clock without it. The first steps of an epoch run as always:
they are real steps, they allocate what the optimizer needs, and masks may have changed. Then one
step is captured, which runs nothing, and replayed for the rest of the epoch.

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
    """What can be captured: a step whose shapes and constants are those of the epoch."""

    state: TrainState
    rng: torch.Generator

    def __call__(self, pixels: Tensor, labels: Tensor, progress: float) -> None: ...

    @property
    def changes_with_progress(self) -> bool:
        """Whether more than the learning rate depends on how far training is."""
        ...


def suits(step: Capturable, images: ImageSource) -> bool:
    """Whether a step can be captured: on a GPU, with all that changes in tensors there."""
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
        outside.wait_stream(self.stream)  # also keeps the batch alive until it was read
        self.calls += 1

    def capture(self, pixels: Tensor, labels: Tensor, progress: float) -> None:
        """Record one step on copies of a batch.

        Raises:
            RuntimeError: when it cannot be captured, with what to do about it.
        """
        self.pixels, self.labels = pixels.clone(), labels.clone()
        optimizer = self.step.state.optimizer
        optimizer.zero_grad()  # gradients have to lie in the graph's own memory
        try:
            with capturable(optimizer), torch.cuda.graph(self.graph, stream=self.stream):
                self.step(self.pixels, self.labels, progress)
        except RuntimeError as error:
            raise RuntimeError(
                f"the step could not be captured in a CUDA graph; NVP_CUDA_GRAPH=0 goes on without "
                f"one, with the same results: {error}"
            ) from error


@contextmanager
def capturable(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Tell an optimizer that asks for it that its step is being captured."""
    groups = [group for group in optimizer.param_groups if "capturable" in group]
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False
