"""Norms: what each computes, and which laws hold: psbn keeps all, layer and group mix neurons."""

import copy
from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.config.identity import trial_id
from nvp.config.trial_config import ModelConfig, OptimConfig, TrialConfig
from nvp.models import build_model
from nvp.models.norms import choose_groups
from nvp.network.constant_folding import fold_constants
from nvp.network.groups import find_groups, maskable_layers, own_layers
from nvp.network.norms import ShiftedBatchNorm1d, ShiftedBatchNorm2d
from nvp.network.train_state import TrainState
from nvp.pruning import METHODS
from nvp.storage.store import Storage
from nvp.testing import ModelSuite, model_laws
from nvp.testing.law import Law
from nvp.testing.model_case import ModelCase
from nvp.training.build import build
from nvp.training.loop import train
from nvp.training.optim import build_optimizer
from nvp.trial.export import export
from nvp.trial.plain_torch import measure_distance
from nvp.trial.settings_read import find_unread
from nvp.trial.validation import check_trial
from tests.continuing import check_continued
from tests.network.test_shrink import SHAPE, X, learn, mask_half
from tests.remedies.treated import config_of, data
from tests.short_models import build_short

torch.set_num_threads(1)
NORMS = ("layer", "group", "psbn")
MIXED = ("layer", "group")
NAMES = ("mlp", "convnet", "resnet20_b")
OF_WEIGHTS = [name for name, method in METHODS.items() if method.granularity == "weight"]


def make(name: str, norm: str, **settings: object) -> nn.Module:
    config = ModelConfig(name=name, norm=norm, width=0.25, **settings)
    return build_short(config, SHAPE, 5).double()


# --- what they compute


def test_the_norm_of_a_layer_is_over_its_neurons() -> None:
    x = torch.tensor([[1.0, 2.0, 3.0, 6.0]])
    hidden = build_model(ModelConfig(name="mlp", norm="layer"), (1, 2, 2), 5, seed=0).hidden[0]
    assert isinstance(hidden.norm, nn.LayerNorm)
    deviation = (3.5 + 1e-5) ** 0.5  # mean 3, squares 4 + 1 + 0 + 9
    expected = torch.tensor([[-2.0, -1.0, 0.0, 3.0]]) / deviation
    norm = copy.deepcopy(hidden.norm)
    norm.normalized_shape, norm.weight.data, norm.bias.data = (4,), torch.ones(4), torch.zeros(4)
    assert torch.allclose(norm(x), expected)
    assert hidden.affine.bias is None


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", NAMES)
def test_every_layer_has_the_norm_before_its_activation(name: str, norm: str) -> None:
    kinds = {
        "layer": (nn.LayerNorm, nn.GroupNorm),
        "group": (nn.GroupNorm,),
        "psbn": (ShiftedBatchNorm1d, ShiftedBatchNorm2d),
    }
    for path, layer in maskable_layers(make(name, norm)).items():
        assert isinstance(layer.norm, kinds[norm]), path
        if isinstance(layer.norm, nn.GroupNorm):
            groups = layer.norm.num_groups
            assert groups == (1 if norm == "layer" else len(layer.keep) // 4)  # here: below 32


@pytest.mark.parametrize("kind", [ShiftedBatchNorm1d, ShiftedBatchNorm2d])
def test_psbn_is_batch_norm_and_a_constant_behind(kind: type[nn.BatchNorm1d]) -> None:
    shifted = kind(3, 0.5)
    plain_one = kind.__mro__[2](3)
    shape = (8, 3) if kind is ShiftedBatchNorm1d else (8, 3, 2, 2)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    for training in (True, False):
        assert torch.equal(shifted.train(training)(x), plain_one.train(training)(x) + 0.5)
    assert list(shifted.state_dict()) == list(plain_one.state_dict())


def test_a_silent_neuron_comes_back_by_decay_under_psbn_and_not_under_batch_norm() -> None:
    """Decay alone: gamma * xhat + beta < 0 on all images goes to 0 from below, and to c > 0."""
    x = torch.linspace(-1, 1, 16).view(-1, 1)
    for norm, fires in ((nn.BatchNorm1d(1), False), (ShiftedBatchNorm1d(1, 0.1), True)):
        with torch.no_grad():
            norm.bias.fill_(-2.5)
        for _ in range(100):
            loss = F.relu(norm(x)).sum()
            gradients = torch.autograd.grad(loss, list(norm.parameters()))
            assert not any(gradient.any() for gradient in gradients) or fires
            with torch.no_grad():
                for parameter in norm.parameters():
                    parameter.mul_(0.95)
        assert bool(F.relu(norm(x)).any()) == fires


@pytest.mark.parametrize(
    ("width", "asked", "groups"),
    [(128, 0, 32), (64, 0, 16), (6, 0, 1), (3, 0, 1), (12, 0, 3), (512, 0, 32), (12, 6, 6)],
)
def test_the_groups_of_a_layer(width: int, asked: int, groups: int) -> None:
    config = ModelConfig(norm="group", norm_groups=asked)
    assert choose_groups(config, width) == groups


# --- laws


@pytest.mark.one_in(4)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("law", ModelSuite.laws, ids=lambda law: law.__name__)
def test_psbn_keeps_all_laws(law: Law, name: str) -> None:
    config = ModelConfig(name=name, norm="psbn", norm_shift=0.5, width=0.1)
    law(ModelCase(config, SHAPE, 5, modes=(True,), build=build_short))


@pytest.mark.parametrize(("name", "norm"), [("mlp", "layer"), ("resnet20_b", "group")])
@pytest.mark.parametrize(
    "law", [law for law in ModelSuite.laws if law.__module__ == model_laws.__name__]
)
def test_the_others_keep_those_that_need_no_mask(law: Law, name: str, norm: str) -> None:
    law(ModelCase(ModelConfig(name=name, norm=norm, width=0.25), SHAPE, 5, build=build_short))


@pytest.mark.one_in(3)
@pytest.mark.parametrize(("name", "norm"), [(n, m) for n in NAMES for m in NORMS])
def test_the_exported_network_computes_the_same(name: str, norm: str, tmp_path: Path) -> None:
    model = make(name, norm)
    state = TrainState(model, build_optimizer(model, OptimConfig(lr=0.01)))
    learn(state, 3)
    if norm == "psbn":
        mask_half(state)
    network = export(model, SHAPE, tmp_path)
    assert measure_distance(model, network, X) <= 1e-10
    assert {type(m).__module__.split(".")[0] for m in network.modules()} == {"torch"}


@pytest.mark.parametrize("norm", NORMS)
def test_neurons_without_weights_are_folded_where_their_output_is_constant(norm: str) -> None:
    model = make("mlp", norm).eval()
    with torch.no_grad():
        model.hidden[0].affine.weight[3] = 0
        before = model(X)
        folded = fold_constants(model)
        assert (model(X) - before).abs().max() <= 1e-10
    assert folded == ({"hidden.0": 1} if norm == "psbn" else {})


@pytest.mark.parametrize("norm", NORMS)
def test_a_continued_trial_is_an_unbroken_one(norm: str, tmp_path: Path) -> None:
    changes = {"model__norm": norm, "model__depth": 3, "model__init": "orthogonal"}
    method = {"prune__method": "nvp"} if norm == "psbn" else {"prune__method": "magnitude_weight"}
    config = config_of(**changes, **method, prune__start=0.0, model__width=0.25)
    storage = Storage.at(str(tmp_path))
    check_continued(
        lambda: build(config, data(), "cpu"), partial(train, config, data()), 1, storage
    )


# --- what is refused, before a trial


def check(**changes: object) -> None:
    flat = {path.replace("__", "."): value for path, value in changes.items()}
    check_trial(TrialConfig().with_overrides(flat))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("norm", MIXED)
@pytest.mark.parametrize("method", METHODS)
def test_methods_on_neurons_are_refused_where_a_norm_mixes_them(method: str, norm: str) -> None:
    changes = {"prune__method": method, "model__norm": norm, "model__name": "mlp"}
    if method == "none" or method in OF_WEIGHTS and not method.startswith("nn_relief"):
        check(**changes)
        return
    with pytest.raises(ValueError, match=r"masks neurons, and hidden\.0\.norm is a") as refused:
        check(**changes)
    assert "set model.norm=batch, psbn or none" in str(refused.value)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_accepted_with_psbn(method: str) -> None:
    check(prune__method=method, model__norm="psbn")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"norm": "layers"}, "expected one of batch, layer, group, none, psbn"),
        ({"norm": "group", "norm_groups": 7}, "got 7 (nearest for this layer: 8; 0 chooses"),
        ({"norm": "psbn", "norm_shift": 0.0}, "norm_shift: expected a value > 0"),
        ({"norm": "group", "norm_groups": 128, "name": "mlp"}, "in groups of 1 neuron puts out"),
    ],
)
def test_norms_that_cannot_be_are_refused(changes: dict, wanted: str) -> None:
    with pytest.raises(ValueError, match="norm") as refused:
        check(**{f"model__{key}": value for key, value in changes.items()})
    assert wanted in str(refused.value)


def test_each_norm_reads_its_own_settings_and_is_another_trial() -> None:
    own = {"group": {"model.norm_groups"}, "psbn": {"model.norm_shift"}}
    names = set()
    for norm in ("batch", "none", *NORMS):
        config = TrialConfig().with_overrides({"model.norm": norm})
        names.add(trial_id(config))
        unread = {"model.norm_groups", "model.norm_shift"} - own.get(norm, set())
        assert find_unread(config) & {"model.norm_groups", "model.norm_shift"} == unread
    assert len(names) == 5


@pytest.mark.parametrize("norm", ["batch", *NORMS])
def test_the_initial_scales_of_every_norm_are_multiplied_and_nothing_else(norm: str) -> None:
    shape = (3, 16, 16)
    one, three = (
        build_model(ModelConfig(norm=norm, norm_scale=factor), shape, 5, seed=0)
        for factor in (1.0, 3.0)
    )
    for name, parameter in one.named_parameters():
        factor = 3 if name.endswith("norm.weight") else 1
        assert torch.equal(three.get_parameter(name), factor * parameter), name
    assert len(own_layers(one)) == len(find_groups(one)) == 4


def test_pixels_of_one_image_change_no_other_under_the_norms_over_neurons() -> None:
    for norm in MIXED:
        model = make("convnet", norm)
        logits: Tensor = model(X)
        assert torch.allclose(model(X[:1]), logits[:1])  # also in train mode
