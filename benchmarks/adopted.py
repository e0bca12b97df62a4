"""An adopted ResNet-18 against the native one: a step, a removal, and what watching costs.

Both have torchvision's layout and the same weights. A step is SGD with momentum on a batch of 128
images of 32x32, in CPU seconds, in turn with the other's. A removal is of 80 % of each group; its
gain is the dense step over the shrunk one. Watching is `nvp.observe` of 2,048 images against an
epoch of 50,000. Adopting itself is timed on a ResNet-50 at 64x64.
"""

import copy
import sys
from statistics import median

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

import nvp
from benchmarks.bar import SHORT, bar, spread
from benchmarks.telemetry import timed
from nvp.config.trial_config import ModelConfig
from nvp.models import build_model
from nvp.models.pretrained import load_torchvision
from nvp.network.groups import find_groups
from nvp.network.neuron_masks import mask_units
from nvp.training.build import set_up_process

ROUNDS, BATCH, SHAPE = 5, 128, (3, 32, 32)
SPARSITY = 0.8
Trained = tuple[nn.Module, torch.optim.Optimizer]


def make_trained(network: nn.Module) -> Trained:
    """Return a network with an optimizer."""
    return network, torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)


def make_both() -> dict[str, Trained]:
    """Return a native and an adopted network with equal weights."""
    torch.manual_seed(0)
    theirs = torchvision.models.resnet18(num_classes=10)
    native = build_model(ModelConfig(name="resnet18_imagenet"), SHAPE, 10, seed=0)
    load_torchvision(native, theirs.state_dict())
    adopted = nvp.adopt(theirs, torch.randn(2, *SHAPE))
    return {"native": make_trained(native), "adopted": make_trained(adopted)}


def step(trained: Trained, images: Tensor, labels: Tensor) -> None:
    """Train on one batch. Changes network and optimizer."""
    network, optimizer = trained
    loss = F.cross_entropy(network.train()(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def remove(trained: Trained) -> Trained:
    """Return a copy without `SPARSITY` of each group."""
    network, optimizer = copy.deepcopy(trained)
    rng = torch.Generator().manual_seed(1)
    for name, group in find_groups(network).items():
        count = len(group.keep)
        index = torch.randperm(count, generator=rng)[: round(SPARSITY * count)]
        mask_units(network, optimizer, name, index)
    nvp.shrink(network, optimizer)
    return network, optimizer


def time_in_turn(states: dict[str, Trained]) -> dict[str, list[float]]:
    """Return the CPU seconds of a step of each, round after round; the first one warms up."""
    images, labels = torch.randn(BATCH, *SHAPE), torch.arange(BATCH) % 10
    times: dict[str, list[float]] = {name: [] for name in states}
    for turn in range(ROUNDS + 1):
        for name, state in states.items():
            seconds = timed(lambda state=state: step(state, images, labels))
            times[name] += [seconds] if turn else []
    return times


def main() -> int:
    """Print the bars; return 0 when all hold."""
    set_up_process("cpu")
    both = make_both()
    states = both | {f"{name}, shrunk": remove(state) for name, state in both.items()}
    times = time_in_turn(states)
    middles = {name: spread(f"step of {name}", values, "s") for name, values in times.items()}
    pairs = zip(times["adopted"], times["native"], strict=True)
    holds = [bar("adopted_over_native_step", median(a / b for a, b in pairs), "<=", 1.03)]
    for name in both:
        gain = middles[name] / middles[f"{name}, shrunk"]
        holds.append(bar(f"{name}_shrinks_at_80_percent", gain, ">=", 6))
    adopted, probe = both["adopted"][0], torch.randn(2048, *SHAPE)
    watch = [timed(lambda: nvp.observe(adopted, probe.split(64))) for _ in range(ROUNDS)]
    epoch = middles["adopted"] * (50_000 // BATCH)
    holds.append(bar("watching_over_epoch", spread("watching", watch, "s") / epoch, "<=", 0.02))
    large = torchvision.models.resnet50(num_classes=10)
    seconds = timed(lambda: nvp.adopt(large, torch.randn(2, 3, 64, 64)))
    holds.append(bar("adopting_a_resnet50_seconds", seconds, "<=", 5))
    return 0 if all(holds) else SHORT


if __name__ == "__main__":
    sys.exit(main())
