"""The data path against the per-sample path of reference scripts, and against a training step.

Reference: PIL RandomCrop(32, padding=4), RandomHorizontalFlip, ToTensor, Normalize and torch's
DataLoader without workers. Both make batches of 128 CIFAR-shaped images; process CPU time, one
thread, rounds in turn. A step is ResNet-18's (width 1): forward, backward and step.
"""

import sys
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms import functional as reference

from benchmarks.bar import bar, spread
from benchmarks.telemetry import random_images, timed
from nvp.config.trial_config import DataConfig, ModelConfig, OptimConfig
from nvp.data.augment import PADDING, crop_flip, draw_crop, make_shifted_view
from nvp.data.batches import normalise_pixels, train_batches
from nvp.data.splits import Images
from nvp.models import build_model
from nvp.training.build import set_up_process
from nvp.training.optim import build_optimizer

COUNT, BATCH, ROUNDS, STEPS = 12_800, 128, 9, 3


class PerSample(Dataset):
    """CIFAR as torchvision gives it: one PIL image at a time through a chain of transforms."""

    def __init__(self, images: Images) -> None:
        self.arrays = images.pixels.permute(0, 2, 3, 1).contiguous().numpy()
        self.labels = images.labels.tolist()
        self.transform = transforms.Compose([
            transforms.RandomCrop(32, padding=PADDING),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(images.mean, images.std),
        ])  # fmt: skip

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(Image.fromarray(self.arrays[index])), self.labels[index]


def differing_pixels(images: Images) -> int:
    """Return how many values of 256 augmented images differ between the paths by over 1e-5."""
    index = torch.arange(256)
    ours = normalise_pixels(
        crop_flip(make_shifted_view(images.pixels), index, draw_crop(256, seeded())), images
    )
    rng = seeded()
    shift = torch.randint(0, 2 * PADDING + 1, (2, 256), generator=rng).tolist()
    flip = (torch.rand(256, generator=rng) < 0.5).tolist()
    arrays = PerSample(images).arrays
    wrong = 0
    for i, (top, left, mirrored) in enumerate(zip(*shift, flip, strict=True)):
        source: Any = Image.fromarray(arrays[i])
        image: Any = reference.pad(source, [PADDING])
        image = reference.crop(image, top, left, 32, 32)
        image = reference.hflip(image) if mirrored else image
        theirs = reference.normalize(
            reference.to_tensor(image), list(images.mean), list(images.std)
        )
        wrong += int(((ours[i] - theirs).abs() > 1e-5).sum())
    return wrong


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def drain(batches: Iterator, count: int) -> None:
    for _ in range(count):
        next(batches)


def step_seconds() -> float:
    """Return the CPU seconds of a training step, the median of a few."""
    model = build_model(ModelConfig(name="resnet18"), (3, 32, 32), 10, seed=0)
    optimizer = build_optimizer(model, OptimConfig())
    x, y = torch.randn(BATCH, 3, 32, 32), torch.randint(0, 10, (BATCH,))

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    step()
    return spread("ResNet-18 step", [timed(step) for _ in range(STEPS)], "s")


def main() -> int:
    torch.manual_seed(0)
    images = random_images(COUNT, (3, 32, 32))
    config = DataConfig(batch_size=BATCH, augment="crop_flip")
    loader = DataLoader(PerSample(images), batch_size=BATCH, shuffle=True, drop_last=True)
    steps = COUNT // BATCH
    seconds: dict[str, list[float]] = {"per sample": [], "batched": []}
    for epoch in range(ROUNDS):
        few = 5  # the reference takes its time: its first batches stand for the others
        slow, fast = iter(loader), train_batches(images, config, seed=0, epoch=epoch)
        seconds["per sample"].append(timed(lambda: drain(slow, few)) / few)  # noqa: B023
        seconds["batched"].append(timed(lambda: drain(fast, steps)) / steps)  # noqa: B023
    per_sample, batched = (spread(f"{name}, a batch", s, "s") for name, s in seconds.items())
    holds = [
        bar("data_path.differing_pixels", differing_pixels(images), "<=", 0),
        bar("data_path.speedup", per_sample / batched, ">=", 6),
        bar("data_path.share_of_step", batched / (batched + step_seconds()), "<=", 0.02),
    ]
    return int(not all(holds))


if __name__ == "__main__":
    set_up_process("cpu")
    sys.exit(main())
