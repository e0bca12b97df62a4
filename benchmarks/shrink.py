"""What removing masked neurons gains in a training step: dense, masked and shrunk take turns.

80 % of each group is masked, at random; the three networks take turns in one process, with SGD and
momentum, and CPU seconds count. Beside every ratio stands how far the losses of masked and shrunk
are apart over the next five steps in float64, for SGD with momentum and AdamW. ResNet-18 and
VGG-16 at batch 16 of 32x32 images, LeNet-300-100 at batch 64 of 28x28. Last: what a removal itself
costs, against an epoch of 50,000 images through ResNet-18 in batches of 128.
"""

import copy
import sys
from statistics import median

import torch
import torch.nn.functional as F

from benchmarks.bar import bar, spread
from benchmarks.telemetry import timed
from nvp.config.trial_config import ModelConfig, OptimConfig, PruneConfig
from nvp.models import build_model
from nvp.network.groups import maskable_layers, prunable_groups
from nvp.network.neuron_masks import mask_units
from nvp.network.removal import remove_masked
from nvp.network.train_state import TrainState
from nvp.pruning import plan_pruning
from nvp.pruning.removal_policy import measure_dense_size, measure_remaining_size, shrink_if_due
from nvp.training.build import set_up_process
from nvp.training.optim import build_optimizer

ROUNDS = 7
SPARSITY = 0.8
Shape = tuple[int, int, int]
OPTIMS = {
    "sgd": OptimConfig(lr=0.01, momentum=0.9, weight_decay=5e-4),
    "adamw": OptimConfig(name="adamw", lr=1e-4, weight_decay=1e-2),
}


def state_of(model: ModelConfig, shape: Shape, optim: str, dtype: torch.dtype) -> TrainState:
    """Return a network that has been trained for two steps."""
    network = build_model(model, shape, 10, seed=0).to(dtype)
    state = TrainState(network, build_optimizer(network, OPTIMS[optim]))
    batch = batch_of(8, shape, dtype)
    for _ in range(2):
        step(state, *batch)
    return state


def batch_of(count: int, shape: Shape, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randn(count, *shape, generator=rng, dtype=dtype)
    return pixels, torch.arange(count) % 10


def step(state: TrainState, pixels: torch.Tensor, labels: torch.Tensor) -> float:
    """Train on one batch; return its loss before."""
    state.optimizer.zero_grad()
    loss = F.cross_entropy(state.model.train()(pixels), labels)
    loss.backward()
    state.optimizer.step()
    return loss.item()


def mask(state: TrainState, sites: str, share: float = SPARSITY) -> None:
    """Mask the same share of every group."""
    rng = torch.Generator().manual_seed(1)
    for group, paths in prunable_groups(state.model, sites).items():
        width = len(maskable_layers(state.model)[paths[0]].keep)
        index = torch.randperm(width, generator=rng)[: round(share * width)]
        mask_units(state.model, state.optimizer, group, index)


def copy_of(state: TrainState) -> TrainState:
    return TrainState(*copy.deepcopy((state.model, state.optimizer)))


def gap(model: ModelConfig, shape: Shape, sites: str) -> float:
    """Return how far the losses of masked and shrunk are apart over five steps, in float64."""
    batch, found = batch_of(8, shape, torch.float64), []
    for optim in OPTIMS:
        masked = state_of(model, shape, optim, torch.float64)
        mask(masked, sites)
        shrunk = copy_of(masked)
        remove_masked(shrunk)
        found += [abs(step(masked, *batch) - step(shrunk, *batch)) for _ in range(5)]
    return max(found)


def networks(
    model: ModelConfig, shape: Shape, sites: str, share: float = SPARSITY
) -> dict[str, TrainState]:
    """Return one network dense, masked and shrunk."""
    dense = state_of(model, shape, "sgd", torch.float32)
    masked = copy_of(dense)
    mask(masked, sites, share)
    shrunk = copy_of(masked)
    remove_masked(shrunk)
    return {"dense": dense, "masked": masked, "shrunk": shrunk}


def in_turn(
    states: dict[str, TrainState], batch: int, shape: Shape, rounds: int = ROUNDS
) -> dict[str, list[float]]:
    """Return the CPU seconds of a step of each, round after round."""
    images, times = batch_of(batch, shape, torch.float32), {kind: [] for kind in states}
    repeat = 200 if shape[0] == 1 else 1
    for turn in range(rounds + 1):
        for kind, state in states.items():
            count = repeat * (5 if kind == "shrunk" else 1)
            seconds = timed(lambda s=state, n=count: [step(s, *images) for _ in range(n)]) / count
            times[kind] += [seconds] if turn else []  # the first round warms up
    return times


def ratios(times: dict[str, list[float]], kind: str) -> list[float]:
    """Return dense over `kind`, round by round."""
    return [a / b for a, b in zip(times["dense"], times[kind], strict=True)]


def flops_ratio(states: dict[str, TrainState], shape: Shape) -> float:
    """Return the FLOPs of the dense network over those of the one that is left."""
    dense = measure_dense_size(states["dense"].model, shape)[1]
    return dense / measure_remaining_size(states["masked"].model, shape)[1]


def case(
    name: str, model: ModelConfig, shape: Shape, batch: int, sites: str, target: float
) -> bool:
    """Print the bars of one network and return whether they hold."""
    states = networks(model, shape, sites)
    times = in_turn(states, batch, shape)
    gain, control = ratios(times, "shrunk"), ratios(times, "masked")
    dense_ms, shrunk_ms = (1e3 * median(times[kind]) for kind in ("dense", "shrunk"))
    print(f"    {name}: step {dense_ms:.3g} ms dense, {shrunk_ms:.3g} ms shrunk")
    print(f"    {name}: FLOPs 1/{flops_ratio(states, shape):.3g}")
    spread(f"{name}: dense / shrunk", gain, "")
    spread(f"{name}: dense / masked", control, "")
    return all([
        bar(f"shrink.{name}", median(gain), ">=", target),
        bar(f"shrink.{name}.masked_control_low", median(control), ">=", 0.9),
        bar(f"shrink.{name}.masked_control_high", median(control), "<=", 1.05),
        bar(f"shrink.{name}.float64_loss_gap", gap(model, shape, sites), "<=", 1e-10),
    ])  # fmt: skip


def event() -> bool:
    """Print what a removal costs, the decision for it included, over an epoch of ResNet-18."""
    shape, found, bare = (3, 32, 32), [], []
    masked = state_of(ModelConfig(name="resnet18"), shape, "sgd", torch.float32)
    mask(masked, "all")
    batch = batch_of(128, shape, torch.float32)
    epoch = 390 * median(timed(lambda: step(masked, *batch)) for _ in range(3))
    plan = plan_pruning(PruneConfig(method="magnitude", shrink="auto"))
    for _ in range(3):
        one, other = copy_of(masked), copy_of(masked)
        bare.append(timed(lambda state=one: remove_masked(state)))
        found.append(
            timed(
                lambda state=other: shrink_if_due(
                    state, plan, progress=0.5, image_shape=shape, images_to_come=10**6
                )
            )
        )
    spread("ResNet-18: removal alone", bare, "s")
    spread("ResNet-18: prediction and removal", found, "s")
    return bar("shrink.event_over_epoch", median(found) / epoch, "<=", 0.01)


if __name__ == "__main__":
    set_up_process("cpu")
    resnet, images = ModelConfig(name="resnet18"), (3, 32, 32)
    holds = [
        case("resnet18_all", resnet, images, 16, "all", 6.0),
        case("resnet18_internal", resnet, images, 16, "internal", 2.2),
        case("vgg16", ModelConfig(name="vgg16"), images, 16, "all", 7.0),
        case("lenet300", ModelConfig(name="lenet300", norm="none"), (1, 28, 28), 64, "all", 2.0),
        event(),
    ]
    sys.exit(int(not all(holds)))
