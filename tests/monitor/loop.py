"""A loop that is not ours: plain torch, digits, a checkpoint of its own, a monitor.

It masks neurons on its way, observes before it saves, and may be killed at any time: it goes on
from its checkpoint.
"""

import time
from pathlib import Path

import torch
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.data import DATASETS
from nvp.data.batches import eval_batches
from nvp.models import MODELS
from nvp.monitor.monitor import Monitor
from nvp.network.groups import neuron_layers

PRUNED = (3, 5)  # epochs after which neurons are masked


def load_images(count: int = 256) -> tuple[Tensor, Tensor]:
    """Return normalised images of digits, and their labels."""
    images = DATASETS["digits"].load(Path()).train.first(count)
    batches = list(eval_batches(images))
    return torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])


def make_network() -> nn.Module:
    torch.manual_seed(0)
    return MODELS["mlp"](ModelConfig(name="mlp", width=0.2, norm="none"), (1, 8, 8), 10)


def mask(network: nn.Module, every: int) -> None:
    """Mask every so many neurons of the first layer."""
    first, *_ = neuron_layers(network).values()
    first.keep[::every] = False


def train_epoch(network: nn.Module, optimizer: torch.optim.Optimizer, epoch: int) -> float:
    images, labels = load_images()
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(epoch))
    total = 0.0
    for index in order.view(-1, 64):
        loss = nn.functional.cross_entropy(network(images[index]), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / 4


def run(place: str, checkpoint: Path, epochs: int, pause: float = 0.0, widen: float = 0.2) -> None:
    """Train, with a pause where a kill is to come; a checkpoint appears whole or not at all."""
    torch.set_num_threads(1)
    network = make_network()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.3, momentum=0.9)
    images, labels = load_images()
    done = 0
    config = {"optim.lr": 0.3, "widen": widen}
    monitor = Monitor(network, images[:100], study="loop", storage=place, config=config)
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        done = saved["epoch"]
    else:
        monitor.observe(0)
    for epoch in range(done + 1, epochs + 1):
        loss = train_epoch(network, optimizer, epoch)
        accuracy = (network(images).argmax(1) == labels).float().mean()
        time.sleep(pause)
        monitor.observe(epoch, train_loss=loss, val_accuracy=accuracy, step=4 * epoch)
        time.sleep(pause)
        if epoch in PRUNED:
            mask(network, 8 - epoch)
        state = {"network": network.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save(state | {"epoch": epoch}, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").rename(checkpoint)
        time.sleep(pause)
    monitor.finish(test_accuracy=0.5)
