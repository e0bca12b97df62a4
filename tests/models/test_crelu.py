"""Concatenated ReLU: a neuron is the pair of its outputs, and all laws hold of it."""

from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nvp.config.trial_config import ModelConfig, OptimConfig
from nvp.data.batches import normalise_pixels
from nvp.models import MODELS, build_model
from nvp.models.concatenated import ConcatenatedReLU
from nvp.network.constant_folding import fold_constants
from nvp.network.groups import neuron_layers
from nvp.network.tap import tap
from nvp.network.train_state import TrainState
from nvp.storage.store import Storage
from nvp.testing import ModelSuite
from nvp.testing.law import Law
from nvp.testing.model_case import ModelCase
from nvp.training.build import build
from nvp.training.loop import train
from nvp.training.optim import build_optimizer
from nvp.trial.export import export
from nvp.trial.plain_torch import measure_distance
from nvp.trial.validation import check_trial
from nvp.vitality import headline_death, judge_deaths, observe_images
from tests.continuing import check_continued
from tests.network.test_shrink import SHAPE, X, learn, mask_half
from tests.remedies.treated import config_of, data

torch.set_num_threads(1)


def make(name: str, norm: str) -> nn.Module:
    config = ModelConfig(name=name, norm=norm, width=0.25, activation="crelu")
    return build_model(config, SHAPE, 5, seed=0).double()


def test_a_pair_lies_side_by_side() -> None:
    activation = ConcatenatedReLU()
    assert activation(torch.tensor([[1.0, -2.0]])).tolist() == [[1, 0, 0, 2]]
    z = torch.randn(2, 3, 4, 4)
    y = activation(z)
    assert torch.equal(y[:, 0::2], F.relu(z))
    assert torch.equal(y[:, 1::2], F.relu(-z))


@pytest.mark.parametrize(
    ("width", "activation", "count"),
    [(100, "relu", 89_610), (91, "crelu", 89_918), (90, "crelu", 88_750)],
)
def test_the_published_widths_have_as_many_parameters(
    width: int, activation: str, count: int
) -> None:
    config = ModelConfig(name="mlp", norm="none", width=width / 128, activation=activation)
    model = build_model(config, (1, 28, 28), 10, seed=0)
    assert sum(parameter.numel() for parameter in model.parameters()) == count


def test_kaiming_counts_both_outputs_of_a_neuron() -> None:
    config = ModelConfig(name="mlp", norm="none", activation="crelu", init="kaiming")
    weight = build_model(config, (1, 8, 8), 10, seed=0).hidden[1].affine.weight
    assert weight.var().item() == pytest.approx(2 / 256, rel=0.05)


# --- laws


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("name", "norm"), [("mlp", "none"), ("convnet", "batch"), ("lenet300", "psbn")]
)
@pytest.mark.parametrize("law", ModelSuite.laws, ids=lambda law: law.__name__)
def test_all_laws_of_a_model_hold(law: Law, name: str, norm: str) -> None:
    law(ModelCase(ModelConfig(name=name, norm=norm, width=0.1, activation="crelu"), (1, 8, 8), 5))


@pytest.mark.parametrize(("name", "norm"), [("mlp", "none"), ("convnet", "batch")])
def test_the_exported_network_computes_the_same(name: str, norm: str, tmp_path: Path) -> None:
    model = make(name, norm)
    state = TrainState(model, build_optimizer(model, OptimConfig(lr=0.01)))
    learn(state, 3)
    mask_half(state)
    network = export(model, SHAPE, tmp_path)
    assert measure_distance(model, network, X) <= 1e-10
    assert {type(m).__module__.split(".")[0] for m in network.modules()} == {"torch"}


@pytest.mark.parametrize(("name", "path"), [("mlp", "hidden.0"), ("convnet", "hidden")])
def test_both_constants_of_a_neuron_without_weights_are_folded(name: str, path: str) -> None:
    model = make(name, "none").eval()
    with torch.no_grad():
        layer = model.get_submodule(path)
        layer.affine.weight[[3, 5]] = 0
        layer.affine.bias[3], layer.affine.bias[5] = 2.0, -3.0
        before = model(X)
        assert fold_constants(model) == {path: 2}
        assert (model(X) - before).abs().max() <= 1e-10


@pytest.mark.parametrize("remedy", ["redo", "cbp"])
def test_a_continued_trial_is_an_unbroken_one(remedy: str, tmp_path: Path) -> None:
    more = {"prune__method": "nvp", "prune__shrink": "always", "prune__start": 0.0}
    more |= {"remedy__every": 2, "remedy__tau": 0.4, "remedy__rho": 0.05, "remedy__maturity": 1}
    config = config_of(
        remedy, model__name="convnet", model__activation="crelu", model__width=0.2, **more
    )
    check_trial(config)
    storage = Storage.at(str(tmp_path))
    records, state, _ = check_continued(
        lambda: build(config, data(), "cpu"), partial(train, config, data()), 1, storage
    )
    assert any(layer.resets is not None for record in records for layer in record.layers.values())
    assert any(layer.num_removed for layer in neuron_layers(state.model).values())


# --- what is seen


def test_a_neuron_is_dead_where_both_of_its_outputs_always_are() -> None:
    model = build_model(
        ModelConfig(name="convnet", norm="none", width=0.2, activation="crelu"), (1, 8, 8), 10,
        seed=0,
    )  # fmt: skip
    layer, probe = model.conv2, data().probe(32)
    with torch.no_grad():
        layer.affine.weight[[1, 2]] = 0
        layer.affine.bias[1], layer.affine.bias[2] = 0.0, -5.0
    seen = observe_images(model, probe, bins=8).layers["conv2"]
    verdicts = judge_deaths(seen, layer.keep, layer.activation)
    assert headline_death(layer.activation) == "dead"
    assert verdicts["dead"].nonzero().flatten().tolist() == [1], "z = -5 is alive: relu(5) fires"
    shown: dict[str, torch.Tensor] = {}
    with torch.no_grad(), tap(model.eval(), lambda path, y: shown.update({path: y.clone()})):
        model(normalise_pixels(probe.pixels, probe))
    assert shown["conv2"].shape == (32, 13, 2, 4, 4)
    z = shown["conv2"][:, :, 0] - shown["conv2"][:, :, 1]
    torch.testing.assert_close(seen.mean_abs, z.abs().mean((0, 2, 3)) / 2)
    assert (seen.fire_rate[3:] > 0.4).all(), "one of two fires, but where z is 0"


def test_what_a_tap_replaces_is_what_readers_get() -> None:
    model = make("mlp", "none").eval()
    with torch.no_grad(), tap(model, lambda path, y: y * 0 if path == "hidden.1" else None):
        assert torch.equal(model(X), model.head.bias.expand(len(X), -1))


# --- refusals


@pytest.mark.parametrize("name", [n for n in MODELS if n not in ("mlp", "lenet300", "convnet")])
def test_models_that_read_one_output_are_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match=r"crelu: a neuron has two outputs.*mlp, lenet300, convnet"
    ):
        build_model(ModelConfig(name=name, activation="crelu"), (3, 32, 32), 10, seed=0)


@pytest.mark.parametrize("method", ["nn_relief", "hrank", "apoz"])
def test_methods_that_read_one_output_are_refused(method: str) -> None:
    config = config_of(prune__method=method, model__activation="crelu")
    with pytest.raises(ValueError, match=r"activation=crelu"):
        check_trial(config)


def test_the_nearest_name_may_be_this_one() -> None:
    with pytest.raises(ValueError, match="did you mean 'crelu'"):
        build_model(ModelConfig(name="mlp", activation="creluu"), (1, 8, 8), 10, seed=0)
