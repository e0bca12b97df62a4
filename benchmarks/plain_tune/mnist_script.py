"""Eight trials on MNIST with Ray Tune alone: an MLP of 256-256, Adam, 6 epochs, dead ReLUs counted.

`python mnist_script.py DATA PLACE [--tensors]`: learning rate x seed, `torchvision.datasets.MNIST`
behind a DataLoader. With --tensors the images are normalised once and lie in a TensorDataset, as a
careful user has them. What measures is that of `script`.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from ray import tune
from script import count_dead, evaluate
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset
from torchvision import datasets, transforms

EPOCHS, BATCH, PROBE, TRAIN = 6, 128, 2048, 55_000
SPACE = {
    "lr": tune.grid_search([0.001, 0.002, 0.005, 0.01]),
    "seed": tune.grid_search([0, 1]),
}
NORMALISE = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])


def load_split(folder, *, train, tensors):
    images = datasets.MNIST(folder, train=train, transform=NORMALISE)
    if not tensors:
        return images
    return TensorDataset((images.data[:, None] / 255 - 0.1307) / 0.3081, images.targets)


def make_network():
    sizes = [784, 256, 256]
    hidden = [
        layer
        for fan_in, width in zip(sizes, sizes[1:], strict=False)
        for layer in (nn.Linear(fan_in, width), nn.ReLU())
    ]
    return nn.Sequential(nn.Flatten(), *hidden, nn.Linear(256, 10))


def train_epoch(network, optimizer, loader):
    network.train()
    total = 0.0
    for pixels, labels in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(network(pixels), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def train(config, folder, tensors):
    torch.manual_seed(config["seed"])
    images = load_split(folder, train=True, tensors=tensors)
    split = Subset(images, range(TRAIN))
    loader = DataLoader(split, BATCH, shuffle=True)
    probe = DataLoader(Subset(images, range(PROBE)), 512)
    val = DataLoader(Subset(images, range(TRAIN, len(images))), 512)
    test = DataLoader(load_split(folder, train=False, tensors=tensors), 512)
    network = make_network()
    optimizer = torch.optim.Adam(network.parameters(), config["lr"])
    for number in range(1, EPOCHS + 1):
        row = {"loss": train_epoch(network, optimizer, loader)}
        row["val_loss"], row["val_accuracy"] = evaluate(network, val)
        row |= count_dead(network, probe)
        if number == EPOCHS:
            row["test_accuracy"] = evaluate(network, test)[1]
        tune.report(row)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("place")
    parser.add_argument("--tensors", action="store_true")
    asked = parser.parse_args()
    folder = str(Path(asked.folder).resolve())
    trial = tune.with_parameters(train, folder=folder, tensors=asked.tensors)
    tuner = tune.Tuner(
        tune.with_resources(trial, {"cpu": 1}),
        param_space=SPACE,
        run_config=tune.RunConfig(storage_path=str(Path(asked.place).resolve()), name="sweep"),
    )
    results = tuner.fit()
    table = results.get_dataframe()
    assert len(table) == 8
    assert not results.errors
    table.to_csv(Path(asked.place, "results.csv"))
