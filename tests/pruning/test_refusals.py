"""Bad pruning input is refused on the driver: expected, got, and what to do about it."""

from typing import Any

import pytest
import torch
from torch import nn

from nvp.config.trial_config import DataConfig, ModelConfig, TrialConfig
from nvp.data.batches import train_batches
from nvp.data.splits import Images
from nvp.models import ACTIVATIONS, MODELS, convnet
from nvp.network.groups import neuron_layers
from nvp.pruning import METHODS
from nvp.trial.validation import check_trial
from tests.in_turn import in_turn

SCALED = ("slimming", "early_bird", "demp", "demp_constant")  # work on scales of batch norm
SMOOTH = ("leaky_relu", "silu", "swish", "gelu", "elu", "tanh")  # never exactly 0


def refusal(**overrides: Any) -> str:
    """Return what a default trial with these changes (a__b = a.b) is refused with."""
    with pytest.raises(ValueError, match=".") as refused:
        accept(**overrides)
    return str(refused.value)


def accept(**overrides: Any) -> None:
    flat = {path.replace("__", "."): value for path, value in overrides.items()}
    check_trial(TrialConfig().with_overrides(flat))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_accepted_on_the_default_digits(method: str) -> None:
    accept(prune__method=method)


@pytest.mark.parametrize(
    ("method", "activation"),  # only apoz has a rule about activations: they come in turn
    in_turn((n for n in METHODS if n != "apoz"), [n for n in ACTIVATIONS if n != "relu"]),
)
def test_every_other_method_is_accepted_with_another_activation(
    method: str, activation: str
) -> None:
    accept(prune__method=method, model__activation=activation)


@pytest.mark.parametrize("sparsity", [1.0, -0.1, "1.0", 2])
def test_sparsity_is_below_1_and_not_negative(sparsity: Any) -> None:
    assert refusal(prune__method="nvp", prune__sparsity=sparsity) == (
        f"prune.sparsity: expected a value >= 0 and < 1, got {float(sparsity)}"
    )


@pytest.mark.parametrize("sparsity", [0.0, 0.999])
def test_the_ends_of_the_range_are_accepted(sparsity: float) -> None:
    accept(prune__method="nvp", prune__sparsity=sparsity)


@pytest.mark.parametrize(("method", "model"), in_turn(SCALED, ["convnet", "mlp", "resnet18"]))
def test_methods_on_scales_want_batch_norm(method: str, model: str) -> None:
    assert refusal(prune__method=method, model__norm="none", model__name=model) == (
        f"prune.method={method} works on the scales of batch normalisation, and the network has "
        "layers without: set model.norm=batch, or another model or method"
    )


def test_that_is_so_of_the_parts_too() -> None:
    for part in ({"prune__criterion": "scale"}, {"prune__scale_l1": 1e-4}):
        assert "set model.norm=batch" in refusal(
            prune__method="magnitude", model__norm="none", **part
        )
    accept(prune__method="demp", model__norm="none", prune__scale_l1=0.0)


def test_the_methods_without_scales_do_not_care() -> None:
    for method in METHODS:
        if method not in SCALED:
            accept(prune__method=method, model__norm="none")


@pytest.mark.parametrize("activation", SMOOTH)
def test_apoz_wants_relu(activation: str) -> None:
    assert refusal(prune__method="apoz", model__activation=activation) == (
        "prune.method=apoz counts outputs that are exactly 0, which only relu gives; got "
        f"model.activation={activation}: set model.activation=relu or another method"
    )
    by_part = refusal(
        prune__method="magnitude", prune__criterion="apoz", model__activation=activation
    )
    assert "set model.activation=relu or another method" in by_part


def test_a_probe_smaller_than_the_bins() -> None:
    assert refusal(probe__size=16) == ("probe.size: expected at least probe.bins=32 images, got 16")
    assert "at least probe.bins=5000 images, got 1400" in refusal(
        probe__bins=5000, probe__size=9000
    )
    accept(probe__size=16, probe__bins=16)


def test_erk_is_of_weights() -> None:
    message = refusal(prune__method="magnitude", prune__allocation="erk")
    assert "erk is for weight methods" in message
    assert "got the neuron method magnitude" in message
    assert "expected layerwise, network, network_raw or threshold" in message
    accept(prune__method="magnitude_weight", prune__allocation="erk")


@pytest.mark.parametrize(
    ("method", "criterion"),
    [("magnitude", "snip"), ("nvp", "grasp"), ("magnitude_weight", "fpgm"), ("snip", "dead")],
)
def test_a_criterion_of_the_other_granularity(method: str, criterion: str) -> None:
    kind = METHODS[method].granularity
    message = refusal(prune__method=method, prune__criterion=criterion)
    assert message.startswith(f"prune.criterion of a {kind} method: expected one of ")
    assert f"got {criterion!r}" in message


@pytest.mark.parametrize(
    ("method", "regrow"), [("magnitude", "rigl"), ("rigl", "redo"), ("snip", "gradient")]
)
def test_a_regrowth_of_the_other_granularity(method: str, regrow: str) -> None:
    kind = METHODS[method].granularity
    message = refusal(prune__method=method, prune__regrow=regrow)
    assert message.startswith(f"prune.regrow of a {kind} method: expected one of ")
    assert f"got {regrow!r}" in message


@pytest.mark.parametrize(
    ("overrides", "path", "near"),
    [
        ({"prune__method": "nvpp"}, "prune.method", "nvp"),
        ({"prune__method": "magnitud"}, "prune.method", "magnitude"),
        ({"prune__method": "nvp", "prune__criterion": "nvy"}, "prune.criterion", "nvi"),
        ({"prune__method": "nvp", "prune__allocation": "netwrk"}, "prune.allocation", "network"),
        ({"prune__method": "nvp", "prune__schedule": "cubik"}, "prune.schedule", "cubic"),
        ({"prune__method": "nvp", "prune__regrow": "gradent"}, "prune.regrow", "gradient"),
        ({"prune__method": "demp", "prune__scale_l1_schedule": "one_cicle"},
         "prune.scale_l1_schedule", "one_cycle"),
        ({"prune__sites": "interal"}, "prune.sites", "internal"),
        ({"prune__weight_norm": "foldd"}, "prune.weight_norm", "folded"),
        ({"prune__position_norm": "frobenus"}, "prune.position_norm", "frobenius"),
        ({"model__name": "resnet81"}, "model.name", "resnet18"),
        ({"model__activation": "rleu"}, "model.activation", "relu"),
        ({"data__name": "digit"}, "data.name", "digits"),
        ({"optim__name": "sdg"}, "optim.name", "sgd"),
    ],
)  # fmt: skip
def test_an_unknown_name_names_the_nearest(overrides: dict[str, Any], path: str, near: str) -> None:
    message = refusal(**overrides)
    assert message.startswith(path)
    assert "expected one of " in message
    assert f"got {list(overrides.values())[-1]!r} (did you mean {near!r}?)" in message


def test_an_unknown_path_names_the_nearest() -> None:
    assert refusal(prune__sparsty=0.5) == (
        "unknown configuration path 'prune.sparsty' (did you mean 'prune.sparsity'?)"
    )


def test_an_end_before_the_start() -> None:
    assert refusal(prune__method="nvp", prune__start=0.7, prune__end=0.2) == (
        "prune.end: expected at least prune.start=0.7, got 0.2"
    )


@pytest.mark.parametrize(
    "overrides",
    [
        {"prune__method": "nn_relief"},
        {"prune__method": "dnr"},
        {"prune__method": "dead", "prune__regrow": "redo"},
        {"prune__method": "magnitude_weight", "prune__criterion": "nn_relief"},
    ],
)
def test_a_network_that_declares_no_connections(
    monkeypatch: pytest.MonkeyPatch, overrides: dict[str, Any]
) -> None:
    def build(*arguments: Any) -> nn.Module:
        model = MODELS["mlp"](*arguments)
        del model.reads
        return model

    monkeypatch.setitem(MODELS, "undeclared", build)
    assert refusal(model__name="undeclared", **overrides).endswith(
        "follows connections from layer to layer: the model must declare them in `reads`"
    )
    accept(model__name="undeclared", prune__method="magnitude")


def build_with_group_norm(config: ModelConfig, shape: tuple[int, int, int], classes: int) -> Any:
    """Return a convnet of an outsider, whose first layer is normalised in groups of neurons."""
    model = convnet.build_convnet(config, shape, classes)
    first = neuron_layers(model)["conv1"]
    first.norm = nn.GroupNorm(2, len(first.keep))  # type: ignore[assignment]
    return model


@pytest.mark.parametrize("method", ["none", "dead", "magnitude", "nn_relief", "snip", "gmp"])
def test_a_layer_that_mixes_neurons_is_not_pruned(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MODELS, "grouped", build_with_group_norm)
    flat = {"model__name": "grouped", "model__width": 0.5, "prune__method": method}
    if METHODS[method].granularity == "weight" and method != "nn_relief" or method == "none":
        accept(**flat)
        return
    message = refusal(**flat)
    assert message.startswith(f"prune.method={method} masks neurons, and conv1.norm is a GroupNorm")
    assert "is a GroupNorm of 2 groups, which mixes them" in message
    assert "expected batch normalisation or none" in message
    assert "is adopted, and there whole groups of the norm are removed" in message


@pytest.mark.parametrize("model", ["mlp", "lenet300", "vgg11", "resnet20"])
def test_batches_of_one_image_need_a_network_without_batch_norm(model: str) -> None:
    accept(data__batch_size=1, model__name=model, model__norm="none")
    if model != "resnet20":  # on digits its last maps have 2 x 2 positions, so several values
        message = refusal(data__batch_size=1, model__name=model)
        assert message.startswith("data.batch_size: expected at least 2, because batch norm")
        assert "model.norm=none" in message
    else:
        accept(data__batch_size=1, model__name=model)


def test_a_method_that_takes_derivatives_in_train_mode_needs_two_images() -> None:
    batch = {"prune__batch": 1, "model__name": "mlp"}
    refused = refusal(prune__method="snip", **batch)
    assert refused.startswith("prune.batch: expected at least 2, because batch norm")
    accept(prune__method="snip", model__norm="none", **batch)
    accept(prune__method="magnitude", **batch)  # which reads no such batch


def test_the_last_batch_of_one_image_is_not_trained_on() -> None:
    images = Images(torch.zeros(5, 1, 2, 2, dtype=torch.uint8), torch.arange(5), (0.5,), (0.5,))
    batches = train_batches(images, DataConfig(batch_size=4), seed=0, epoch=0)
    assert [len(labels) for _, labels in batches] == [4]


@pytest.mark.parametrize("model", ["mlp", "convnet", "resnet50", "vgg16"])
@pytest.mark.parametrize("width", [400, 1e4, 1e9, 1e300])
def test_a_network_that_cannot_fit_is_refused_before_it_takes_memory(
    model: str, width: float
) -> None:
    assert refusal(model__name=model, model__width=width).startswith("model.width: expected ")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("epochs", 1e10),
        ("epochs", 1e300),
        ("steps", 1e18),
        ("seed", 1e30),
        ("prune__rounds", 1e6),
        ("probe__size", 1e100),
        ("probe__every", 1e100),
        ("data__cutout", 1e100),
        ("revision", 1e200),
    ],
)
def test_whole_numbers_that_nobody_means_are_refused(path: str, value: float) -> None:
    assert f"{path.replace('__', '.')}: expected at most " in refusal(**{path: value})
