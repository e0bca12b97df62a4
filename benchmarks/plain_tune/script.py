"""A sweep with Ray Tune alone, as a careful user writes it: 36 trials of 8 epochs on digits.

`python script.py DIGITS PLACE [--reuse]`: learning rate x gradient noise x seed, a small
convolutional network, a DataLoader, hooks that count the dead ReLUs of each layer after each epoch.
With --reuse, actors are kept from one trial to the next.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from ray import tune
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

EPOCHS, BATCH, PROBE = 8, 16, 512
SPACE = {
    "lr": tune.grid_search([0.05, 0.1, 0.2]),
    "noise": tune.grid_search([0.0, 1.0, 2.0, 3.0]),
    "seed": tune.grid_search([0, 1, 2]),
}


def make_network():
    def conv(fan_in, width):
        layers = [nn.Conv2d(fan_in, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]
        return nn.Sequential(*layers, nn.ReLU())

    return nn.Sequential(
        *(conv(1, 16), nn.MaxPool2d(2), conv(16, 32), conv(32, 32), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(128, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU()),
        nn.Linear(64, 10),
    )


def load_split(file, split):
    with np.load(file) as arrays:
        pixels = torch.from_numpy(arrays[f"{split}_pixels"]).float() / 255
        labels = torch.from_numpy(arrays[f"{split}_labels"])
    return TensorDataset((pixels - 0.3053) / 0.3761, labels)


def add_noise(network, scale):
    gradients = [p.grad for p in network.parameters()]
    norm = torch.stack([g.norm() for g in gradients]).norm()
    count = sum(g.numel() for g in gradients)
    for gradient in gradients:
        gradient.add_(torch.randn_like(gradient), alpha=float(scale * norm / count**0.5))


@torch.no_grad()
def evaluate(network, loader):
    network.eval()
    loss = hits = count = 0
    for pixels, labels in loader:
        logits = network(pixels)
        loss += F.cross_entropy(logits, labels, reduction="sum").item()
        hits += (logits.argmax(1) == labels).sum().item()
        count += len(labels)
    return loss / count, hits / count


@torch.no_grad()
def count_dead(network, probe):
    largest = {}

    def see(name, module, inputs, output):
        peak = output.amax([0, *range(2, output.ndim)])
        largest[name] = torch.maximum(largest[name], peak) if name in largest else peak

    relus = {name: m for name, m in network.named_modules() if isinstance(m, nn.ReLU)}
    hooks = [m.register_forward_hook(partial(see, name)) for name, m in relus.items()]
    network.eval()
    for pixels, _ in probe:
        network(pixels)
    for hook in hooks:
        hook.remove()
    return {f"dead/{name}": int((peak <= 0).sum()) for name, peak in largest.items()}


class Sweep:
    """One trial: what is trained, and one epoch of it."""

    def __init__(self, config, digits):
        torch.manual_seed(config["seed"])
        self.noise = config["noise"]
        train = load_split(digits, "train")
        self.train = DataLoader(train, BATCH, shuffle=True)
        self.probe = DataLoader(TensorDataset(*train[:PROBE]), 256)
        self.val = DataLoader(load_split(digits, "val"), 256)
        self.test = DataLoader(load_split(digits, "test"), 256)
        self.network = make_network()
        self.optimizer = torch.optim.SGD(self.network.parameters(), config["lr"], momentum=0.9)

    def epoch(self):
        self.network.train()
        total = 0.0
        for pixels, labels in self.train:
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.network(pixels), labels)
            loss.backward()
            if self.noise:
                add_noise(self.network, self.noise)
            self.optimizer.step()
            total += loss.item()
        val_loss, val_accuracy = evaluate(self.network, self.val)
        found = {"loss": total / len(self.train), "val_loss": val_loss}
        return found | {"val_accuracy": val_accuracy} | count_dead(self.network, self.probe)


def train(config, digits):
    sweep = Sweep(config, digits)
    for number in range(1, EPOCHS + 1):
        row = sweep.epoch()
        if number == EPOCHS:
            row["test_accuracy"] = evaluate(sweep.network, sweep.test)[1]
        tune.report(row)


class Reused(tune.Trainable):
    """The same trial for actors that are kept."""

    def setup(self, config, digits):
        self.digits = digits
        self.sweep = Sweep(config, digits)

    def reset_config(self, new_config):
        self.sweep = Sweep(new_config, self.digits)
        return True

    def step(self):
        row = self.sweep.epoch()
        if self.iteration + 1 == EPOCHS:
            row |= {"test_accuracy": evaluate(self.sweep.network, self.sweep.test)[1], "done": True}
        return row

    def save_checkpoint(self, checkpoint_dir):
        torch.save(self.sweep.network.state_dict(), Path(checkpoint_dir, "network.pt"))

    def load_checkpoint(self, checkpoint):
        assert isinstance(checkpoint, str)
        self.sweep.network.load_state_dict(torch.load(Path(checkpoint, "network.pt")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("digits")
    parser.add_argument("place")
    parser.add_argument("--reuse", action="store_true")
    asked = parser.parse_args()
    trial = tune.with_parameters(Reused if asked.reuse else train, digits=asked.digits)
    tuner = tune.Tuner(
        tune.with_resources(trial, {"cpu": 1}),
        param_space=SPACE,
        tune_config=tune.TuneConfig(reuse_actors=asked.reuse),
        run_config=tune.RunConfig(storage_path=str(Path(asked.place).resolve()), name="sweep"),
    )
    results = tuner.fit()
    table = results.get_dataframe()
    assert len(table) == 36
    assert not results.errors
    table.to_csv(Path(asked.place, "results.csv"))
