"""What watching every neuron costs: statistics and the whole probe pass against an epoch.

An epoch is 50,000 images through ResNet-18 (width 1) in batches of 128, forward, backward and step;
its time is that of a step, timed in turn with the probe pass, times 390 steps. The probe is 2,048
images. The digits figure of the quick study is reported without a bar.
"""

import sys
from time import process_time

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.bar import bar, spread
from nvp.config.trial_config import ModelConfig, OptimConfig
from nvp.data.batches import eval_batches
from nvp.data.splits import Images
from nvp.models import build_model
from nvp.network.groups import neuron_layers
from nvp.training.build import set_up_process
from nvp.training.optim import build_optimizer
from nvp.vitality import observe_images
from nvp.vitality.entropy import count_histograms, shared_edges
from nvp.vitality.summary import summarise_stats

ROUNDS = 3


def timed(work) -> float:
    """Return the CPU seconds of one call."""
    start = process_time()
    work()
    return process_time() - start


def random_images(count: int, shape: tuple[int, int, int]) -> Images:
    pixels = torch.randint(0, 256, (count, *shape), dtype=torch.uint8)
    labels = torch.randint(0, 10, (count,))
    return Images(pixels, labels, (0.5,) * shape[0], (0.25,) * shape[0])


def shares(
    name: str, model_config: ModelConfig, shape: tuple[int, int, int], epoch: int, batch: int,
    probe: int,
) -> tuple[float, float]:  # fmt: skip
    """Return (statistics, whole probe pass) as shares of an epoch of `epoch` images."""
    model = build_model(model_config, shape, 10, seed=0)
    optimizer = build_optimizer(model, OptimConfig())
    images = random_images(probe, shape)
    x, y = torch.randn(batch, *shape), torch.randint(0, 10, (batch,))
    steps = epoch // batch

    def step() -> None:
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    def forward() -> None:
        model.eval()
        with torch.no_grad():
            for pixels, _ in eval_batches(images):
                model(pixels)

    step()
    repeat = max(1, 2000 // batch) if shape[1] < 32 else 1
    ratios: dict[str, list[float]] = {"statistics": [], "probe pass": []}
    for _ in range(ROUNDS):
        seconds = timed(lambda: [step() for _ in range(repeat)]) / repeat * steps
        plain = timed(forward)
        watched = timed(lambda: observe_images(model, images, bins=32))
        ratios["probe pass"].append(watched / seconds)
        ratios["statistics"].append((watched - plain) / seconds)
    return (
        spread(f"{name}: statistics over an epoch", ratios["statistics"], ""),
        spread(f"{name}: probe pass over an epoch", ratios["probe pass"], ""),
    )


def mismatched_counts() -> int:
    """Return how many histogram counts of 4 million values differ from numpy's."""
    torch.manual_seed(0)
    means = torch.randn(1024, 3904).relu()
    edges = shared_edges(means, 32)
    counts = count_histograms(means, edges.expand(means.shape[1], -1)).numpy()
    low, high = float(edges[0]), float(edges[-1])
    wrong = 0
    for column in range(means.shape[1]):
        values = np.clip(means[:, column].numpy(), low, high)
        wrong += int((np.histogram(values, bins=edges.numpy())[0] != counts[column]).sum())
    return wrong


def summary_seconds() -> float:
    """Return the CPU seconds of turning all reductions of a ResNet-18 probe into statistics."""
    layers = neuron_layers(build_model(ModelConfig(name="resnet18"), (3, 32, 32), 10, seed=0))
    last = [*layers][-1]
    stats = torch.rand(4, 2048, sum(len(layer.keep) for layer in layers.values()))
    rounds = [timed(lambda: summarise_stats(stats, layers, 32, last=last)) for _ in range(ROUNDS)]
    return spread("summarise 2,048 x 3,904", rounds, "s")


if __name__ == "__main__":
    set_up_process("cpu")
    summary_seconds()
    statistics, probe_pass = shares(
        "ResNet-18", ModelConfig(name="resnet18"), (3, 32, 32), 50_000, 128, 2048
    )
    shares("digits convnet", ModelConfig(width=0.5), (1, 8, 8), 1400, 16, 512)
    holds = [
        bar("telemetry.statistics_share", statistics, "<=", 0.01),
        bar("telemetry.probe_pass_share", probe_pass, "<=", 0.02),
        bar("telemetry.histogram_mismatches", mismatched_counts(), "<=", 0),
    ]
    sys.exit(int(not all(holds)))
