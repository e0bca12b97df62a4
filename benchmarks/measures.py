"""What the measures on request cost: duplicates, gradient dormancy, size of weights, over an epoch.

An epoch is the time of a step, timed in turn with the measures, times the steps of the epoch. The
share that is asked of all of them together is that of the dearest network. Gradients are over 256
images, or a 16th of a smaller train set. Off, a measuring point asks two settings and calls
nothing.
"""

import sys
from functools import partial

import torch
import torch.nn.functional as F

from benchmarks.bar import SHORT, bar, spread
from benchmarks.telemetry import random_images, timed
from nvp.config.trial_config import ModelConfig, OptimConfig, TrialConfig
from nvp.data.splits import Splits
from nvp.models import build_model
from nvp.network.groups import neuron_layers
from nvp.network.train_state import TrainState
from nvp.training.build import set_up_process
from nvp.training.optim import build_optimizer
from nvp.training.optional_measures import complete_records
from nvp.training.record import record_layers
from nvp.vitality import observe_images
from nvp.vitality.observe import compare_neurons

ROUNDS = 3  # of a ResNet-18, whose step takes seconds, one
MEASURES = {
    "duplicates": {"probe.duplicates": 0.95},
    "gradients": {"probe.gradients": 256},
    "size of weights": {"probe.weights": "magnitude"},
    "off": {},
}


def measure_shares(
    name: str, config: ModelConfig, shape: tuple[int, int, int], epoch: int, batch: int, probe: int
) -> dict[str, float]:
    """Return {measure: its share of an epoch of `epoch` images in batches of `batch`}."""
    model = build_model(config, shape, 10, seed=0)
    state = TrainState(model, build_optimizer(model, OptimConfig()))
    images = random_images(probe, shape)
    data = Splits(images, images, images, 10)
    x, y = torch.randn(batch, *shape), torch.randint(0, 10, (batch,))
    repeat = 1 if shape[1] == 32 else 200

    def step() -> None:
        model.train()
        state.optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        state.optimizer.step()

    layers = neuron_layers(model)
    means = torch.rand(probe, sum(len(layer.keep) for layer in layers.values()))
    observation = observe_images(model, random_images(64, shape), bins=32)
    records = record_layers(state, observation, TrialConfig())

    def measure(trial: TrialConfig) -> None:
        if trial.probe.duplicates:
            compare_neurons(observation, means, layers, trial.probe.duplicates)
        complete_records(trial, data, state, records)

    trials = {each: TrialConfig().with_overrides(flat) for each, flat in MEASURES.items()}
    least = min(256, epoch // 16)  # images of the gradients
    trials["gradients"] = trials["gradients"].with_overrides({"probe.gradients": least})
    step()
    shares: dict[str, list[float]] = {each: [] for each in MEASURES}
    for _ in range(ROUNDS if shape[1] < 32 else 1):
        seconds = timed(lambda: [step() for _ in range(repeat)]) / repeat * (epoch // batch)
        for each, trial in trials.items():
            shares[each].append(timed(partial(measure, trial)) / seconds)
    found = {m: spread(f"{name}: {m}, over an epoch", own, "") for m, own in shares.items()}
    return found | {"all": sum(found.values()) - found["off"]}


def main() -> bool:
    """Print the shares and the bars; return whether all hold."""
    small = ModelConfig(name="mlp", depth=3, width=100 / 128, norm="none")
    found = [
        measure_shares("MLP 3 x 100", small, (1, 28, 28), 10_000, 16, 2048),
        measure_shares("digits convnet", ModelConfig(width=0.5), (1, 8, 8), 1_400, 16, 512),
        measure_shares("ResNet-18", ModelConfig(name="resnet18"), (3, 32, 32), 50_000, 128, 2048),
    ]
    return all([
        bar("measures.all_share", max(each["all"] for each in found), "<=", 0.05),
        bar("measures.off_share", max(each["off"] for each in found), "<=", 0.0001),
    ])  # fmt: skip


if __name__ == "__main__":
    set_up_process("cpu")
    sys.exit(0 if main() else SHORT)
