"""The vision transformer: size and cost by hand, its trials, and what is refused.

tests/network/adopting has it among KNOWN, so tests/network/adopted tries the laws of masks, of
removal and of watching on it.
"""

from functools import partial
from pathlib import Path

import pytest
import torch

from nvp.config.trial_config import ModelConfig, OptimConfig, TrialConfig
from nvp.models import build_model
from nvp.network.adopted.adopted import Adopted
from nvp.network.flops import count_flops
from nvp.network.groups import find_groups, neuron_layers, watched_heads
from nvp.network.neuron_masks import mask_units
from nvp.pruning import METHODS
from nvp.storage.store import Storage
from nvp.training.build import build
from nvp.training.loop import train
from nvp.training.optim import build_optimizer
from nvp.trial.export import export
from nvp.trial.plain_torch import measure_distance
from nvp.trial.settings_read import find_unread
from nvp.trial.validation import check_trial
from tests.continuing import check_continued
from tests.remedies.treated import data

torch.set_num_threads(1)
DIGITS, CIFAR = (1, 8, 8), (3, 32, 32)
SCALED = ("demp", "demp_constant", "early_bird", "slimming")
SMALL = {
    "epochs": 3,
    "data.batch_size": 32,
    "model.name": "vit",
    "model.width": 0.0625,
    "model.depth": 2,
    "model.init": "xavier",
    "optim.name": "adam",
    "optim.lr": 0.01,
    "prune.method": "nvp",
    "prune.shrink": "always",
    "prune.start": 0.0,
    "probe.size": 32,
    "probe.bins": 8,
}


def make(shape: tuple[int, int, int] = DIGITS, **settings: object) -> Adopted:
    model = build_model(ModelConfig(name="vit", **settings), shape, 10, seed=0)
    assert isinstance(model, Adopted)
    return model


def test_its_size_and_its_cost_by_hand() -> None:
    model, tokens, width, hidden = make(CIFAR), 64, 64, 256
    maps = {"qkv": width * 3 * width, "out": width * width, "up": width * hidden}
    block = sum(maps.values()) + hidden * width
    biases = 3 * width + width + hidden + width + 2 * 2 * width  # and two layer norms
    patches = 3 * 4 * 4 * width
    size = patches + width + tokens * width + 4 * (block + biases) + 2 * width + 10 * width + 10
    assert sum(p.numel() for p in model.parameters()) == size == 207_946
    products = 2 * tokens * tokens * width  # queries with keys, weights with values
    cost = tokens * patches + 4 * (tokens * block + products) + 10 * width
    assert count_flops(model, CIFAR) == 2 * cost == 29_754_624


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_the_hidden_units_of_its_mlps_are_neurons_and_its_heads_are_watched(activation) -> None:
    model = make(activation=activation, width=0.125, depth=3)
    paths = [f"blocks.{block}.activation" for block in range(3)]
    assert list(neuron_layers(model)) == list(find_groups(model)) == paths
    assert [len(layer.keep) for layer in neuron_layers(model).values()] == [32] * 3
    assert list(watched_heads(model)) == [f"blocks.{block}.attention#heads" for block in range(3)]


@pytest.mark.minutes  # the export of an adopted network loads torch's compiler
def test_masked_units_are_removed_from_the_export_and_from_the_cost(tmp_path: Path) -> None:
    model = make(width=0.125, depth=2).double()
    optimizer = build_optimizer(model, OptimConfig())
    for group in find_groups(model):
        mask_units(model, optimizer, group, torch.arange(0, 32, 2))
    x = torch.randn(4, *DIGITS, generator=torch.Generator().manual_seed(0)).double()
    exported = export(model, DIGITS, tmp_path)
    assert measure_distance(model, exported, x) <= 1e-10
    whole = sum(p.numel() for p in model.parameters())
    removed = 2 * 16 * (8 + 1 + 8)  # rows of 8, a bias and columns of 8, of 16 units of 2 blocks
    assert sum(p.numel() for p in exported.parameters()) == whole - removed


def test_a_continued_trial_is_an_unbroken_one(tmp_path: Path) -> None:
    config = TrialConfig().with_overrides(SMALL)
    storage = Storage.at(str(tmp_path))
    _, _, whole = check_continued(
        lambda: build(config, data(), "cpu"), partial(train, config, data()), 1, storage
    )
    widths = [len(layer.keep) for layer in neuron_layers(whole.model).values()]
    assert all(width < 16 for width in widths), widths  # neurons were removed


def test_it_learns() -> None:
    config = TrialConfig().with_overrides(SMALL | {"epochs": 12, "prune.method": "none"})
    config = config.with_overrides({"prune.shrink": "never", "model.width": 0.25})
    losses = [r.val_loss for r in train(config, data(), build(config, data(), "cpu"))]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_that_the_laws_allow_is_accepted(method: str) -> None:
    small = {"model.name": "vit", "model.depth": 2, "model.width": 0.25}
    config = TrialConfig().with_overrides(small | {"prune.method": method})
    wanted = {
        **dict.fromkeys(SCALED, "scales of batch normalisation"),
        "hrank": "lie over tokens",
    }
    if method not in wanted:
        check_trial(config)
        return
    with pytest.raises(ValueError, match=wanted[method]):
        check_trial(config)


def test_images_that_patches_do_not_fill_are_refused_with_the_nearest() -> None:
    with pytest.raises(
        ValueError, match=r"multiples of 4, .* got \(30, 33\) \(nearest: \(32, 32\)"
    ):
        make((3, 30, 33))


def test_it_does_not_read_the_norm_of_neuron_layers() -> None:
    unread = find_unread(TrialConfig().with_overrides({"model.name": "vit"}))
    assert {"model.norm", "model.norm_groups", "model.norm_shift"} <= unread
    assert not {"model.depth", "model.width", "model.activation", "model.init"} & unread


def test_the_scales_of_its_layer_norms_and_the_biases_of_its_neurons_are_set() -> None:
    plain_one, model = make(width=0.125), make(width=0.125, norm_scale=3.0, init_bias=-0.5)
    norms = [name for name, _ in plain_one.named_parameters() if "norm" in name]
    for name, parameter in plain_one.named_parameters():
        other = model.get_parameter(name)
        if name in norms and name.endswith("weight"):
            assert torch.equal(other, 3 * parameter), name
        elif name.endswith("up.bias"):
            assert torch.equal(other, torch.full_like(other, -0.5)), name
        else:
            assert torch.equal(other, parameter), name
    assert len(norms) == 2 * (2 * 4 + 1)
