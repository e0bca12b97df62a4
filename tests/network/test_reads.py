"""A wrong entry of `reads` is refused when the network is built, with the nearest name."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig, TrialConfig
from nvp.models import MODELS, build_model
from nvp.network.dropout import Dropout
from nvp.network.groups import prunable_groups
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.own_networks.reads import check_reads
from nvp.network.own_networks.sources import find_sources
from nvp.network.subsample import Subsample
from nvp.trial.validation import build_once, check_trial
from tests.tiny import STRUCTURES, VARIANTS

SHAPE = (3, 16, 16)


class Own(nn.Module):
    """Two convolutions of one width, a hidden layer and a head."""

    def __init__(self, reads: dict[str, str] | None) -> None:
        super().__init__()
        self.first = layer(nn.Conv2d(3, 4, 3, padding=1))
        self.second = layer(nn.Conv2d(4, 4, 3, padding=1))
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.hidden = layer(nn.Linear(16, 8))
        self.head = nn.Linear(8, 10)
        if reads is not None:
            self.reads = reads

    def forward(self, x: Tensor) -> Tensor:
        y = self.pool(self.second(self.first(x)))
        return self.head(self.hidden(y.flatten(1)))


class Joined(Own):
    """Its head reads two layers."""

    def __init__(self, reads: dict[str, str]) -> None:
        super().__init__(reads)
        self.head = nn.Linear(8 + 16, 10)

    def forward(self, x: Tensor) -> Tensor:
        y = self.pool(self.second(self.first(x))).flatten(1)
        return self.head(torch.cat([self.hidden(y), y], dim=1))


def layer(affine: nn.Conv2d | nn.Linear) -> NeuronLayer:
    return NeuronLayer(affine, None, nn.ReLU(inplace=True))


RIGHT = {"second": "first", "hidden": "second", "head": "hidden"}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("activation", ["relu", "silu"])
@pytest.mark.parametrize("name", [*STRUCTURES, *VARIANTS])
def test_every_model_of_ours_passes(name: str, activation: str) -> None:
    if name in VARIANTS and activation == "silu":
        return
    shape = (3, 64, 64) if "imagenet" in name else (3, 32, 32)
    shape = (1, 28, 28) if name.startswith("lenet") else shape
    config = ModelConfig(name=name, width=0.1, activation=activation)
    model = build_model(config, shape, 10, seed=0)
    sources = find_sources(model, shape)
    read = {group for groups in sources.values() for group in groups}
    assert read <= prunable_groups(model).keys()
    assert len(read) >= 1
    assert model.training


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"head": "hiden"}, "model.reads['head']: expected a layer or a group, one of first, "
                            "second, hidden; got 'hiden' (did you mean 'hidden'?)"),
        ({"head": "head"}, "got 'head'"),
        ({"head": ""}, "got ''"),
        ({"second": "second"}, "model.reads['second']: expected 'first', got 'second'"),
        ({"head": "second"}, "model.reads['head']: expected 'hidden', got 'second'"),
        ({"hidden": "first"}, "model.reads['hidden']: expected 'second', got 'first'"),
        ({"first": "second"}, "expected no entry, since it reads no layer, got 'second'"),
        ({"haed": "hidden"}, "got 'haed' (did you mean 'head'?)"),
        ({"pool": "second"}, "expected the path of a layer or of a map as key, got 'pool'"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_with_the_nearest_name(
    changes: dict[str, str], expected: str
) -> None:
    with pytest.raises(ValueError, match="model.reads") as refused:
        check_reads(Own(RIGHT | changes), SHAPE)
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("missing", RIGHT)
def test_a_reader_that_is_not_declared_is_named(missing: str) -> None:
    declared = {path: group for path, group in RIGHT.items() if path != missing}
    with pytest.raises(ValueError, match="expected") as refused:
        check_reads(Own(declared), SHAPE)
    assert f"model.reads[{missing!r}]: expected {RIGHT[missing]!r}, got none" in str(refused.value)


@pytest.mark.parametrize("declared", [RIGHT, {}, None, {"second.affine": "first", **RIGHT}])
def test_what_is_declared_right_or_not_at_all_passes(declared: dict[str, str] | None) -> None:
    model = Own(declared)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    check_reads(model, SHAPE)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
    assert model.training


def test_a_map_that_reads_two_groups_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match=r"'head'.*reads one group, but it reads hidden, second"):
        check_reads(Joined({"second": "first", "hidden": "second"}), SHAPE)
    check_reads(Joined({}), SHAPE)


def test_inputs_that_are_no_neurons_are_refused() -> None:
    class Wider(Own):
        def __init__(self) -> None:
            super().__init__(RIGHT)
            self.head = nn.Linear(8 + 1, 10)

        def forward(self, x: Tensor) -> Tensor:
            y = self.hidden(self.pool(self.second(self.first(x))).flatten(1))
            return self.head(torch.cat([y, torch.ones(len(y), 1)], dim=1))

    with pytest.raises(ValueError, match=r"as many neurons as it has inputs \(9\), got 'hidden'"):
        check_reads(Wider(), SHAPE)


def test_dropouts_and_shortcuts_name_groups() -> None:
    model = Own(RIGHT)
    model.drop = Dropout(0.5, reads="hiden")
    with pytest.raises(ValueError, match=r"reads of 'drop': .*did you mean 'hidden'"):
        check_reads(model, SHAPE)
    model = Own(RIGHT)
    model.cut = Subsample(4, 8, stride=2, reads="first", group="stream")
    with pytest.raises(ValueError, match="group of 'cut': expected a layer or a group"):
        check_reads(model, SHAPE)


def test_of_a_layer_of_a_stream_the_group_is_meant() -> None:
    model = build_model(ModelConfig(name="resnet20", width=0.2), (3, 32, 32), 10, seed=0)
    layers = {path: m for path, m in model.named_modules() if isinstance(m, NeuronLayer)}
    path, stream = next((path, m.group) for path, m in layers.items() if m.group)
    model.reads = model.reads | {"head": path}
    with pytest.raises(ValueError, match="model.reads") as refused:
        check_reads(model, (3, 32, 32))
    assert f"got {path!r} (did you mean its group {stream!r}?)" in str(refused.value)


def test_a_forward_pass_that_fails_is_one_line() -> None:
    class Broken(Own):
        def forward(self, x: Tensor) -> Tensor:
            raise RuntimeError("two\nlines")

    with pytest.raises(ValueError, match="forward pass fails: two lines"):
        check_reads(Broken(RIGHT), SHAPE)


def test_the_driver_refuses_an_own_model_with_a_typo(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(config: Any, image_shape: Any, num_classes: int) -> nn.Module:
        model = MODELS["mlp"](config, image_shape, num_classes)
        model.reads = {path: f"{group}x" for path, group in model.reads.items()}
        return model

    monkeypatch.setitem(MODELS, "own", build)
    build_once.cache_clear()
    with pytest.raises(ValueError, match=r"model.reads\['.*expected a layer or a group"):
        check_trial(TrialConfig(model=ModelConfig(name="own")))
