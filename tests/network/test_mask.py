"""Masks: every weight that touches a masked neuron is exactly 0, and stays so.

Each structure with and without norm; the optimizers come in turn, not with each of them.
"""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig, OptimConfig
from nvp.network.groups import input_columns, maskable_layers, prunable_groups
from nvp.network.neuron_masks import mask_units, release_masks, soften_units
from nvp.network.weight_masks import live_weights
from nvp.testing.masking_laws import check_masked_weights, list_touching
from nvp.testing.model_case import ModelCase
from nvp.training.gradient_rule import GradientRule
from nvp.training.optim import build_optimizer
from tests.in_turn import in_turn
from tests.short_models import build_short
from tests.tiny import STRUCTURES

torch.set_num_threads(1)
SHAPE = (1, 8, 8)
NETWORKS = [(name, norm) for name in STRUCTURES for norm in ("batch", "none")]
OPTIMS = {
    "sgd": OptimConfig(
        lr=0.05, weight_decay=1e-2, noise=1.0, l1=1e-3, l1_scale=1e-3, clip_norm=1.0
    ),
    "sgd absolute": OptimConfig(lr=0.05, noise=0.1, noise_kind="absolute"),
    "sgd official": OptimConfig(lr=0.05, noise=0.1, noise_kind="official", clip_norm=1.0),
    "adam": OptimConfig(name="adam", lr=0.01, weight_decay=0.1, noise=1.0, l1=1e-3),
    "adamw": OptimConfig(name="adamw", lr=0.01, weight_decay=0.1, noise=1.0, l1=1e-3),
}


def model_of(name: str, norm: str = "batch", activation: str = "relu") -> nn.Module:
    config = ModelConfig(name=name, norm=norm, activation=activation, width=0.1)
    return build_short(config, SHAPE, 10)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, config: OptimConfig, n: int) -> None:
    rule = GradientRule(model, config, live_weights(model))
    rng = torch.Generator().manual_seed(n)
    model.train()
    for _ in range(n):
        loss = F.cross_entropy(model(torch.randn(8, *SHAPE)), torch.arange(8))
        optimizer.zero_grad()
        loss.backward()
        rule(rng)
        optimizer.step()


def chosen_units(model: nn.Module) -> dict[str, Tensor]:
    layers = maskable_layers(model)
    return {
        group: torch.arange(1, len(layers[paths[0]].keep), 2)
        for group, paths in prunable_groups(model).items()
    }


@pytest.mark.parametrize(("name", "norm"), NETWORKS)
def test_live_weights_are_those_that_touch_no_masked_unit(name: str, norm: str) -> None:
    model = model_of(name, norm)
    assert all(live.all() for live in live_weights(model).values())
    units = chosen_units(model)
    optimizer = build_optimizer(model, OptimConfig())
    for group, index in units.items():
        mask_units(model, optimizer, group, index)
    live = live_weights(model)
    for parameter, touched in list_touching(model, units).items():
        assert torch.equal(live[parameter], ~touched), parameter


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("name", "norm", "optim"), in_turn(NETWORKS, list(OPTIMS)))
def test_masked_weights_and_their_moments_are_exactly_zero_for_good(
    name: str, norm: str, optim: str
) -> None:
    config = ModelConfig(name=name, norm=norm, width=0.1)
    case = ModelCase(config, SHAPE, 10, build=build_short)
    check_masked_weights(case, OPTIMS[optim], steps=10)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", STRUCTURES)
def test_masking_leaves_all_other_weights_and_moments_alone(name: str) -> None:
    model, config = model_of(name), OPTIMS["sgd"]
    optimizer = build_optimizer(model, config)
    step(model, optimizer, config, 2)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    units = chosen_units(model)
    for group, index in units.items():
        mask_units(model, optimizer, group, index)
    for parameter_name, touched in list_touching(model, units).items():
        now = model.get_parameter(parameter_name).detach()
        assert torch.equal(now[~touched], before[parameter_name][~touched])


def test_masking_without_known_readers_silences_all_the_same() -> None:
    layer = model_of("mlp").hidden[0]
    model = nn.Sequential(nn.Flatten(), layer, nn.Linear(len(layer.keep), 3))
    optimizer = build_optimizer(model, OptimConfig())
    before = model[2].weight.detach().clone()
    mask_units(model, optimizer, "1", torch.tensor([0, 4]))
    assert torch.equal(model[2].weight, before)
    x = torch.randn(5, *SHAPE)
    out = model[1](model[0](x))
    assert not out[:, [0, 4]].any()
    assert bool(out.any())


def test_a_linear_map_after_a_flattened_convolution_reads_every_position() -> None:
    affine = nn.Linear(12, 2)  # 3 channels at 4 positions
    assert input_columns(affine, torch.tensor([0, 2]), 3).tolist() == [0, 1, 2, 3, 8, 9, 10, 11]
    conv = nn.Conv2d(3, 2, 3)
    assert input_columns(conv, torch.tensor([0, 2]), 3).tolist() == [0, 2]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", STRUCTURES)
def test_softened_units_are_silent_until_released_and_then_regrow(name: str) -> None:
    model, config = model_of(name), OptimConfig(lr=0.05)
    optimizer = build_optimizer(model, config)
    step(model, optimizer, config, 2)
    layers, units = maskable_layers(model), chosen_units(model)
    for group, index in units.items():
        soften_units(model, group, index)
    for group, index in units.items():
        for path in prunable_groups(model)[group]:
            assert not layers[path].keep[index].any()
            assert not layers[path].weight.detach()[index].any()
    release_masks(model)
    assert all(layer.keep.all() for layer in layers.values())
    step(model, optimizer, config, 3)
    regrown = [
        bool(layers[path].weight.detach()[index].any())
        for group, index in units.items()
        for path in prunable_groups(model)[group]
    ]
    assert any(regrown)
