"""Prototype: seeds and learning rates of one small network trained as one batched model.

K trials of an MLP are one: weights (K, out, in), batched matrix products, one loss, and the
optimizer of each trial on its slice. Each trial has its own seed, batches and rate, as a study has.
Against K networks trained one after another by the trial's own optimizer, in turn, process CPU time
on one thread (the clock on a GPU: `--device cuda`). Beside every number, the weights after 10 steps
in float64: they have to be those of the single trials.

It is not in the engine; docs/performance.md says why.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from benchmarks.bar import bar, spread
from nvp.config.trial_config import ModelConfig, OptimConfig
from nvp.models import build_model
from nvp.planning.cost.fastest_precision import read_clock
from nvp.training.build import set_up_process
from nvp.training.optim import build_optimizer, take_step

CLASSES, CONFIG = 10, OptimConfig(momentum=0.9, weight_decay=5e-4)
ROUNDS, STEPS = 5, 20
CASES = (("mlp", 8, 16), ("mlp", 8, 128), ("lenet300", 28, 16), ("lenet300", 28, 128))
COUNTS = (4, 16, 32)


def build_optimizers(
    models: Sequence[nn.Module], rates: list[float], config: OptimConfig
) -> list[Optimizer]:
    """Return a trial's own optimizer for each model, with its own learning rate."""
    return [
        build_optimizer(model, replace(config, lr=lr))
        for model, lr in zip(models, rates, strict=True)
    ]


class Singles:
    """K networks, a step each at a call."""

    def __init__(
        self, models: list[nn.Module], rates: list[float], config: OptimConfig = CONFIG
    ) -> None:
        self.models = models
        self.optimizers = build_optimizers(models, rates, config)

    def __call__(self, x: Tensor, y: Tensor) -> None:
        for k, (model, optimizer) in enumerate(zip(self.models, self.optimizers, strict=True)):
            optimizer.zero_grad()
            F.cross_entropy(model(x[k]), y[k]).backward()
            take_step(optimizer)

    def weights(self) -> list[Tensor]:
        return [torch.stack(ws) for ws in zip(*(m.parameters() for m in self.models), strict=True)]


class Stacked:
    """The same K networks as one; each trial's optimizer moves its slices of the weights.

    Weights are kept as (K, in, out): autograd then makes their gradients in the layout that a fused
    step reads, without a copy.
    """

    def __init__(
        self, models: list[nn.Module], rates: list[float], config: OptimConfig = CONFIG
    ) -> None:
        stacks = zip(*(model.parameters() for model in models), strict=True)
        self.parameters = [
            turn(torch.stack(ws).detach()).contiguous().requires_grad_() for ws in stacks
        ]
        self.slices = [
            nn.ParameterList(nn.Parameter(weights.detach()[k]) for weights in self.parameters)
            for k in range(len(models))
        ]
        self.optimizers = build_optimizers(self.slices, rates, config)

    def __call__(self, x: Tensor, y: Tensor) -> None:
        h = x.flatten(2)
        pairs = list(zip(self.parameters[::2], self.parameters[1::2], strict=True))
        for depth, (weight, bias) in enumerate(pairs):
            h = torch.baddbmm(bias.unsqueeze(1), h, weight)
            h = h.relu_() if depth < len(pairs) - 1 else h
        each = F.cross_entropy(h.flatten(0, 1), y.flatten(), reduction="none").view_as(y)
        gradients = torch.autograd.grad(each.mean(1).sum(), self.parameters)
        for k, (own, optimizer) in enumerate(zip(self.slices, self.optimizers, strict=True)):
            for weights, slope in zip(own, gradients, strict=True):
                weights.grad = slope[k]
            take_step(optimizer)

    def weights(self) -> list[Tensor]:
        return [turn(p.detach()) for p in self.parameters]


def turn(weights: Tensor) -> Tensor:
    """Return weights (K, a, b) as (K, b, a), and biases (K, a) as they are."""
    return weights.transpose(1, 2) if weights.dim() == 3 else weights


def networks(name: str, side: int, count: int, device: str) -> list[nn.Module]:
    config = ModelConfig(name=name, width=0.5 if name == "mlp" else 1.0, norm="none")
    return [build_model(config, (1, side, side), CLASSES, seed=k).to(device) for k in range(count)]


def batches(count: int, batch: int, side: int, device: str) -> tuple[Tensor, Tensor]:
    """Return another batch for each of `count` trials."""
    x = torch.randn(count, batch, 1, side, side, device=device)
    return x, torch.randint(0, CLASSES, (count, batch), device=device)


def difference(name: str, side: int, device: str) -> float:
    """Return the largest difference of a weight after 10 steps in float64."""
    rates = [0.01 * (k + 1) for k in range(5)]
    models = [model.double() for model in networks(name, side, 5, device)]
    stacked, singles = Stacked(models, rates), Singles(models, rates)
    for _ in range(10):
        x, y = batches(5, 16, side, device)
        stacked(x.double(), y)
        singles(x.double(), y)
    pairs = zip(stacked.weights(), singles.weights(), strict=True)
    return max(float((a - b).detach().abs().max()) for a, b in pairs)


def speedup(name: str, side: int, batch: int, count: int, device: str) -> float:
    """Print and return how much faster the stack is."""
    rates = [0.01] * count
    runs = [kind(networks(name, side, count, device), rates) for kind in (Singles, Stacked)]
    x, y = batches(count, batch, side, device)
    ratios = []
    for warm in range(ROUNDS + 1):
        seconds = []
        for run in runs:
            start = read_clock(device)
            for _ in range(max(1, STEPS // count)):
                run(x, y)
            seconds.append(read_clock(device) - start)
        ratios += [seconds[0] / seconds[1]] if warm else []
    return spread(
        f"{name}, {side}x{side} images, batches of {batch}, {count} trials: stacked", ratios, "x"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    device = parser.parse_args().device
    set_up_process(device)
    torch.manual_seed(0)
    for name, side, batch in CASES:
        for count in COUNTS:
            speedup(name, side, batch, count, device)
    worst = max(difference(name, side, device) for name, side, _ in CASES)
    return int(not bar("stacked.float64_difference", worst, "<=", 1e-10))


if __name__ == "__main__":
    sys.exit(main())
