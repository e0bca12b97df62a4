"""A training step of ResNet-18 against the loop of the reference scripts, with its data.

Reference: torchvision's ResNet-18 with the CIFAR stem (11,173,962 parameters), float32, channels
first, torch.optim.SGD as it comes, PIL transforms and a DataLoader in this process, loss.item()
at every step. Ours: the trial's own step with `precision=auto`, `layout=auto` and its own data
path; and the same held to float32. Batches of 128 CIFAR-shaped images, one thread, process CPU
time, steps in turn.
"""

import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision.models import resnet18

from benchmarks.bar import bar, spread
from benchmarks.data_path import PerSample
from benchmarks.telemetry import random_images, timed
from nvp.config.trial_config import TrialConfig
from nvp.data.batches import train_batches
from nvp.data.splits import Images, Splits
from nvp.planning.cost.fastest_precision import Chooser
from nvp.training.build import build, set_up_process
from nvp.training.step import Step

BATCH, ROUNDS = 128, 5
CONFIG = TrialConfig().with_overrides(
    {
        "data.name": "cifar10",
        "data.batch_size": BATCH,
        "data.augment": "crop_flip",
        "model.name": "resnet18",
        "optim.weight_decay": 5e-4,
    }
)
LOW = {"amx_bf16", "avx512_bf16"}


class Reference:
    """The loop of the published scripts, one step at a call."""

    def __init__(
        self, images: Images, *, device: str = "cpu", workers: int = 0, batch: int = BATCH
    ) -> None:
        torch.manual_seed(0)
        self.device = device
        self.model = resnet18(num_classes=10)
        self.model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.model.maxpool = nn.Identity()  # type: ignore[assignment]
        assert sum(p.numel() for p in self.model.parameters()) == 11_173_962
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4
        )
        self.model.to(device)
        self.loader = DataLoader(
            PerSample(images),
            batch_size=batch,
            shuffle=True,
            drop_last=True,
            num_workers=workers,
            pin_memory=device == "cuda",
        )
        self.batches, self.loss = iter(self.loader), 0.0

    def __call__(self) -> None:
        pixels, labels = (tensor.to(self.device) for tensor in next(self.batches))
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(pixels), labels)
        loss.backward()
        self.optimizer.step()
        self.loss += loss.item()


class Ours:
    """The step of a trial, one at a call."""

    def __init__(self, config: TrialConfig, images: Images) -> None:
        state = build(config, Splits(images, images, images, 10), "cpu")
        state.model.train()
        self.step = Step(config, state, 1, images.device)
        self.batches = train_batches(images, config.data, seed=0, epoch=1)

    def __call__(self) -> None:
        self.step(*next(self.batches), 0.0)


def cpu_flags() -> set[str]:
    """Return what this CPU says that it can do; empty where it does not."""
    lines = [n for n in Path("/proc/cpuinfo").read_text().splitlines() if n.startswith("flags")]
    return set(lines[0].split()) if lines else set()


def main() -> int:
    set_up_process("cpu")
    images = random_images((ROUNDS + 2) * BATCH, (3, 32, 32))
    choose = Chooser("cpu", {})
    chosen = choose(CONFIG.with_overrides({"precision": "auto", "layout": "auto"}))
    exact = choose(CONFIG.with_overrides({"layout": "auto"}))
    print(f"    auto: {chosen.precision}, {chosen.layout}; float32 alone: {exact.layout}")
    steps = {"reference": Reference(images), "float32": Ours(exact, images),
             "auto": Ours(chosen, images)}  # fmt: skip
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for warm in range(ROUNDS + 1):
        for name, step in steps.items():
            took = timed(step)
            seconds[name] += [took] if warm else []
    for name, values in seconds.items():
        spread(f"{name}, a step", values, "s")
    ratios = {
        name: spread(f"reference over {name}", [r / o for r, o in
                     zip(seconds["reference"], seconds[name], strict=True)], "x")
        for name in ("float32", "auto")
    }  # fmt: skip
    holds = bar("step.speedup", ratios["auto"], ">=", 1.8 if LOW & cpu_flags() else 1.0)
    return int(not (bar("step.float32_speedup", ratios["float32"], ">=", 1.0) and holds))


if __name__ == "__main__":
    sys.exit(main())
