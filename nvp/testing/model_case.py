"""A model to try laws on: its configuration, the images that it takes, and pieces of the laws."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.config.trial_config import ModelConfig, OptimConfig
from nvp.models import build_model
from nvp.network.groups import own_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.neuron_masks import mask_units
from nvp.training.optim import build_optimizer

DEFAULT = ModelConfig()


@dataclass(frozen=True)
class ModelCase:
    """A model in one configuration.

    Attributes:
        config: the model's part of a trial.
        image_shape: (channels, height, width) of the images that it takes.
        num_classes: number of logits.
        modes: train mode (True) and evaluation mode (False), where a law holds in both.
        build: makes the network, as `build_model` does.
    """

    config: ModelConfig
    image_shape: tuple[int, int, int] = (3, 32, 32)
    num_classes: int = 10
    modes: tuple[bool, ...] = (True, False)
    build: Callable[..., nn.Module] = build_model

    def __str__(self) -> str:
        changed = {
            key: value
            for key, value in vars(self.config).items()
            if key != "name" and value != getattr(DEFAULT, key)
        }
        settings = ", ".join(f"model.{key}={value}" for key, value in changed.items())
        return f"{self.config.name}{settings and f' ({settings})'}"

    def make(self, seed: int = 0) -> nn.Module:
        """Return a new network with the initial weights of a seed."""
        return self.build(self.config, self.image_shape, self.num_classes, seed=seed)

    def images(self, count: int = 6, *, seed: int = 1) -> Tensor:
        """Return normalised images of noise, with large values."""
        rng = torch.Generator().manual_seed(seed)
        return 3 * torch.randn(count, *self.image_shape, generator=rng)


def stir(model: nn.Module) -> None:
    """Give norms large shifts, scales and running statistics, biases large values. Changes `model`.

    A mask that leaks shows then: with small shifts and biases, little would pass.
    """
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                for tensor in (module.weight, module.bias, module.running_mean):
                    if tensor is not None:
                        tensor.copy_(3 * torch.randn(len(tensor), generator=rng))
                if module.running_var is not None:
                    module.running_var.copy_(0.5 + torch.rand(module.num_features, generator=rng))
            elif isinstance(bias := getattr(module, "bias", None), Tensor):
                bias.copy_(2 * torch.randn(len(bias), generator=rng))


def choose_units(model: nn.Module) -> dict[str, Tensor]:
    """Return {group: every second unit, never all}."""
    layers = own_layers(model)
    return {
        group: torch.arange(0, len(layers[paths[0]].keep) - 1, 2)
        for group, paths in prunable_groups(model).items()
    }


def mask_chosen(model: nn.Module, optimizer: Optimizer | None = None) -> dict[str, Tensor]:
    """Mask every second unit of every group, with its weights; return them. Changes both."""
    optimizer = optimizer or build_optimizer(model, OptimConfig())
    chosen = choose_units(model)
    for group, index in chosen.items():
        mask_units(model, optimizer, group, index)
    return chosen


def clear_keep(model: nn.Module, chosen: dict[str, Tensor]) -> None:
    """Clear the keep bits of units alone: weights, biases and shifts stay. Changes `model`."""
    layers = own_layers(model)
    for group, index in chosen.items():
        for path in prunable_groups(model)[group]:
            layers[path].keep[index] = False


def watch_outputs(model: nn.Module, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the logits, and what every maskable layer put out, in the order of their calls."""
    seen: dict[str, Tensor] = {}
    handles = [
        layer.register_forward_hook(partial(note_output, seen, path))
        for path, layer in own_layers(model).items()
    ]
    try:
        logits = model(x)
    finally:
        for handle in handles:
            handle.remove()
    return logits.detach(), seen


def note_output(
    seen: dict[str, Tensor], path: str, module: nn.Module, args: Any, y: Tensor
) -> None:
    """Note what a layer put out, as a forward hook. Changes `seen`."""
    assert isinstance(module, NeuronLayer)
    seen[path] = module.by_neuron(y.detach())
