"""NN Relief: by hand, against slow references, and laws over every model."""

import copy
import statistics
import time

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models import build_model
from nvp.network.groups import neuron_layers
from nvp.network.neuron_layer import NeuronLayer, Shortcut
from nvp.network.subsample import Subsample
from nvp.network.wiring import CHUNK, measure_flow, trace_wiring
from nvp.pruning.nn_relief import relief as module
from nvp.pruning.nn_relief.coverage import choose_inputs, score_inputs
from nvp.pruning.nn_relief.relief import Relief, run_nn_relief
from tests.in_turn import in_turn
from tests.short_models import build_short
from tests.tiny import STRUCTURES

torch.set_num_threads(1)
SHAPE = (1, 8, 8)
NAMES = [name for name in STRUCTURES if name != "resnet18_dropout"]  # its parts are in others
CASES = [(name, "batch") for name in NAMES]
CASES += [(name, "none") for name in NAMES if name != "resnet50"]
each_model = pytest.mark.parametrize(("name", "norm"), CASES)


def model_of(name: str, norm: str = "batch") -> nn.Module:
    """A small network whose norms have scales, shifts and statistics of their own."""
    config = ModelConfig(name=name, norm=norm, width=0.2)
    model, rng = build_short(config, SHAPE, 10), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.weight.copy_(1 + 0.3 * torch.randn(len(module.weight), generator=rng))
                module.bias.copy_(0.5 * torch.randn(len(module.bias), generator=rng))
                module.running_mean.copy_(0.3 * torch.randn(len(module.bias), generator=rng))
    return model


def probe(n: int = 12) -> Tensor:
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(2))


def relieved(model: nn.Module, alpha: float = 0.9, **kwargs) -> Relief:
    return run_nn_relief(model, probe(), alpha_conv=alpha, alpha_fc=alpha, **kwargs)


def apply(model: nn.Module, relief: Relief) -> nn.Module:
    """A copy of the network with the masks applied."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        for name, keep in relief.weights.items():
            model.get_parameter(name).mul_(keep)
    for path, keep in relief.residuals.items():
        model.get_submodule(path).residual_keep &= keep
    return model


def linear(weight: list[list[float]], bias: list[float] | None = None) -> nn.Linear:
    affine = nn.Linear(len(weight[0]), len(weight), bias=bias is not None)
    affine.weight.data = torch.tensor(weight)
    if bias is not None:
        affine.bias.data = torch.tensor(bias)
    return affine


def conv1x1(weight: list[list[float]]) -> nn.Conv2d:
    affine = nn.Conv2d(len(weight[0]), len(weight), 1, bias=False)
    affine.weight.data = torch.tensor(weight).view(len(weight), -1, 1, 1)
    return affine


@pytest.mark.parametrize(("alpha", "kept"), [(0.5, 1), (0.8, 2), (0.95, 3), (1.0, 3)])
def test_coverage_by_hand(alpha: float, kept: int) -> None:
    values = torch.tensor([[0.5, 3.0, 5.0, 0.5, 1.0]], dtype=torch.float64)
    order = [2, 1, 4, 0, 3]
    assert sorted(choose_inputs(values, alpha)[0].nonzero().flatten()) == sorted(order[:kept])


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_what_is_masked_already_costs_a_neuron_none_of_its_last_connections(alpha: float) -> None:
    values = torch.tensor([[0.0, 3.0, 0.0], [0.0, 0.0, 0.0], [2.0, 1.0, 0.0]])
    both = [alpha == 1.0 or alpha * 3 > 2, alpha == 1.0 or alpha * 3 > 2]
    assert choose_inputs(values, alpha).tolist() == [
        [False, True, False],
        [False, False, False],
        [True, both[0], False],
    ]
    assert choose_inputs(torch.tensor([[2.0], [0.0]]), alpha).tolist() == [[True], [False]]


def slow_coverage(values: list[float], alpha: float) -> list[bool]:
    ranked = sorted(values, reverse=True)
    below, total = 0, 0.0
    for value in ranked:
        total += value
        below += total < alpha * sum(ranked)
    limit = ranked[min(below + 1, len(ranked) - 1)]
    return [value > limit for value in values]


@pytest.mark.parametrize("alpha", [0.3, 0.7, 0.9, 0.99, 1.0])
def test_coverage_is_the_slow_one(alpha: float) -> None:
    rng = torch.Generator().manual_seed(3)
    values = torch.randint(0, 12, (50, 7), generator=rng).double()  # whole numbers: many ties
    found = choose_inputs(values, alpha).tolist()
    assert found == [slow_coverage(row, alpha) for row in values.tolist()]


@pytest.mark.parametrize("bias", [True, False])
def test_scores_of_a_linear_map_are_the_slow_ones(bias: bool) -> None:
    torch.manual_seed(0)
    affine, x = nn.Linear(4, 3, bias=bias).requires_grad_(False), torch.randn(6, 4)
    found = score_inputs(affine, x.abs().mean(0), "frobenius")
    assert found.shape == (3, 4 + bias)
    for i in range(3):
        for c in range(4):
            signal = statistics.fmean(abs(float(x[n, c] * affine.weight[i, c])) for n in range(6))
            assert float(found[i, c]) == pytest.approx(signal, rel=1e-5)
        if bias:
            assert float(found[i, 4]) == pytest.approx(abs(float(affine.bias[i])))


@pytest.mark.parametrize("norm", ["frobenius", "l1"])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (1, 2)])
def test_scores_of_a_convolution_are_the_slow_ones(norm: str, stride: int, padding: int) -> None:
    torch.manual_seed(0)
    affine = nn.Conv2d(2, 3, 3, stride=stride, padding=padding).requires_grad_(False)
    x = torch.randn(5, 2, 6, 7)
    found = score_inputs(affine, x.abs().mean(0), norm)
    order = 2 if norm == "frobenius" else 1
    for f in range(3):
        for c in range(2):
            kernel = affine.weight[f : f + 1, c : c + 1].abs()
            one = x[:, c : c + 1].abs()
            signal = F.conv2d(one, kernel, stride=stride, padding=padding).mean(0)
            expected = float(signal.flatten().norm(order))
            assert float(found[f, c]) == pytest.approx(expected, rel=1e-5)
        spread = signal.numel() if norm == "l1" else signal.numel() ** 0.5
        assert float(found[f, 2]) == pytest.approx(abs(float(affine.bias[f])) * spread)


class Perceptron(nn.Module):
    """2 -> 3 -> 2 -> 2."""

    def __init__(self, *maps: nn.Linear) -> None:
        super().__init__()
        self.first = NeuronLayer(maps[0], None, nn.ReLU())
        self.second = NeuronLayer(maps[1], None, nn.ReLU())
        self.head = maps[2]
        self.reads = {"second": "first", "head": "second"}

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.first(x)))


def test_what_nothing_reads_loses_its_inputs_back_to_the_first_layer() -> None:
    model = Perceptron(
        linear([[1.0, 2.0], [2.0, 1.0], [3.0, 1.0]], [0.0, 0.0, 0.0]),
        linear([[10.0, 0.1, 0.01], [0.1, 10.0, 0.1]], [0.0, 0.0]),
        linear([[10.0, 0.1], [20.0, 0.1]], [0.0, 0.0]),
    )
    relief = run_nn_relief(model, torch.ones(3, 2), alpha_conv=0.9, alpha_fc=0.9)
    assert relief.weights["head.weight"].tolist() == [[True, False]] * 2
    assert relief.weights["second.affine.weight"].tolist() == [[True, False, False], [False] * 3]
    first = relief.weights["first.affine.weight"].tolist()
    assert first == [[True, True], [False, False], [False, False]]
    assert not relief.weights["first.affine.bias"].any()
    assert not relief.residuals


def test_a_dead_neuron_loses_its_inputs_its_bias_and_its_norm() -> None:
    model = Perceptron(
        linear([[1.0, 2.0], [-2.0, -1.0], [3.0, 1.0]], [0.1, 0.1, 0.1]),
        linear([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], [0.1, 0.1]),
        linear([[1.0, 1.0], [1.0, 1.0]], [0.1, 0.1]),
    )
    model.first.norm = nn.BatchNorm1d(3)
    relief = run_nn_relief(model, torch.ones(3, 2), alpha_conv=1.0, alpha_fc=1.0)
    alive = [True, False, True]
    assert relief.weights["first.affine.weight"].tolist() == [[keep] * 2 for keep in alive]
    assert not relief.weights["first.affine.bias"].any(), "the smallest of three"
    assert relief.weights["first.norm.weight"].tolist() == alive
    assert relief.weights["first.norm.bias"].tolist() == alive
    second = relief.weights["second.affine.weight"].tolist()
    assert second == [alive, alive], "a dead input has no signal"


class Block(nn.Module):
    """Stem -> one residual block of three channels -> head, with 1x1 convolutions."""

    def __init__(self, out: list[float], shortcut: nn.Module | None, head: list[float]) -> None:
        super().__init__()
        one = torch.eye(3).tolist()
        self.stem = NeuronLayer(conv1x1([[1.0], [1.0], [1.0]]), None, nn.ReLU(), group="a")
        self.inside = NeuronLayer(conv1x1(one), None, nn.ReLU())
        group = "a" if shortcut is None else "b"
        self.out = NeuronLayer(
            conv1x1(torch.diag(torch.tensor(out)).tolist()), None, nn.ReLU(), group=group
        )
        self.shortcut = shortcut
        self.head = linear([head, head], [0.0, 0.0])
        self.reads = {"inside": "a", "out": "inside", "head": group}
        if isinstance(shortcut, Shortcut):
            self.reads["shortcut"] = "a"

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.inside(x)
        x = self.out(y, x if self.shortcut is None else self.shortcut(x))
        return self.head(x.flatten(1))


SHORTCUTS = {
    "identity": lambda: None,
    "A": lambda: Subsample(3, 3, stride=1),
    "B": lambda: Shortcut(conv1x1(torch.eye(3).tolist()), None, group="b"),
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("kind", SHORTCUTS)
def test_the_negligible_summand_of_a_residual_sum_goes(kind: str) -> None:
    model = Block([0.05, 20.0, 1.0], SHORTCUTS[kind](), [1.0, 1.0, 1.0])
    relief = run_nn_relief(model, torch.ones(2, 1, 1, 1), alpha_conv=0.95, alpha_fc=1.0)
    kept = relief.weights["out.affine.weight"].flatten(1)
    assert kept.tolist() == torch.diag(torch.tensor([False, True, True])).tolist()
    assert {path: keep.tolist() for path, keep in relief.residuals.items()} == {
        "out": [True, False, True]
    }
    if kind == "B":
        rows = relief.weights["shortcut.affine.weight"].flatten(1).any(1)
        assert rows.tolist() == [True, False, True]
    assert relief.weights["inside.affine.weight"].flatten(1).any(1).tolist() == [False, True, True]
    assert relief.weights["stem.affine.weight"].all()
    spared = run_nn_relief(model, torch.ones(2, 1, 1, 1), alpha_conv=0.9, alpha_fc=1.0, norm="l1")
    assert not spared.weights["out.affine.weight"][0].any(), "1/20 is below 1/9 too"
    loose = run_nn_relief(model, torch.ones(2, 1, 1, 1), alpha_conv=0.96, alpha_fc=1.0)
    assert loose.residuals["out"].all(), "1/20 is not below 1/24"


@pytest.mark.one_in(2)
@pytest.mark.parametrize("kind", SHORTCUTS)
def test_a_channel_that_nothing_reads_goes_back_through_the_block_to_the_stem(kind: str) -> None:
    model = Block([1.0, 1.0, 1.0], SHORTCUTS[kind](), [1.0, 1.0, 0.0])
    relief = run_nn_relief(model, torch.ones(2, 1, 1, 1), alpha_conv=0.95, alpha_fc=1.0)
    read = [True, True, False]
    assert relief.residuals["out"].tolist() == read
    for path in ("out", "inside", "stem", *(["shortcut"] if kind == "B" else [])):
        assert relief.weights[f"{path}.affine.weight"].flatten(1).any(1).tolist() == read, path


def test_a_shortcut_of_new_channels_is_read_in_the_middle() -> None:
    model = model_of("resnet20")
    wiring = trace_wiring(model, probe())
    assert wiring.reads["stages.1.0.shortcut"] == "stages.0.1.second"
    assert wiring.adds["stages.1.0.second"] == "stages.1.0.shortcut"
    assert wiring.adds["stages.0.0.second"] == "stem"
    assert wiring.reads["stages.0.1.first.affine"] == "stages.0.0.second"
    assert wiring.reads["stem.affine"] == ""
    assert wiring.reads["head"] == "stages.1.1.second"
    relief = relieved(model, 1.0)
    carried = relief.residuals["stages.1.0.second"][model.stages[1][0].shortcut.carried]
    assert len(carried) == len(model.stages[0][1].second.keep)


def test_a_pooled_stem_is_the_residual_of_the_first_block() -> None:
    wiring = trace_wiring(model_of("resnet18_imagenet"), probe())
    assert wiring.adds["stages.0.0.second"] == "stem"
    assert wiring.adds["stages.0.1.second"] == "stages.0.0.second"
    assert wiring.reads["stages.0.0.first.affine"] == "stem"


def test_a_bottleneck_adds_what_its_shortcut_made_of_the_stem_or_the_block_before_it() -> None:
    wiring = trace_wiring(model_of("resnet50"), probe())
    assert wiring.reads["stages.0.0.first.affine"] == "stem"
    assert wiring.reads["stages.0.0.shortcut.affine"] == "stem"
    assert wiring.adds["stages.0.0.third"] == "stages.0.0.shortcut"
    assert wiring.reads["stages.0.1.first.affine"] == "stages.0.0.third"
    assert wiring.adds["stages.0.1.third"] == "stages.0.0.third"


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("name", "norm", "alpha"), in_turn(CASES, [0.5, 1.0]))
def test_there_is_a_mask_for_every_map_and_every_residual(name: str, norm: str, alpha) -> None:
    model = model_of(name, norm)
    relief = relieved(model, alpha)
    parameters = dict(model.named_parameters())
    assert {n for n in parameters if ".norm." not in n} <= set(relief.weights) <= set(parameters)
    for parameter_name, keep in relief.weights.items():
        assert keep.shape == parameters[parameter_name].shape
        assert keep.dtype == torch.bool
    adds = {p for p, layer in neuron_layers(model).items() if layer.group and p != "stem"}
    assert set(relief.residuals) == adds


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("name", "norm", "training"), in_turn(CASES, [True, False]))
def test_a_pass_leaves_the_network_as_it_was(name: str, norm: str, training: bool) -> None:
    model = model_of(name, norm).train(training)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    state = torch.get_rng_state()
    relieved(model)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(module.training == training for module in model.modules())
    assert not any(module._forward_hooks for module in model.modules())
    assert all(p.grad is None for p in model.parameters())


@each_model
def test_removing_what_nothing_reads_changes_no_output(name: str, norm: str, monkeypatch) -> None:
    model = model_of(name, norm).eval()
    complete = relieved(model, 0.6)
    monkeypatch.setattr(module, "drop_unread_neurons", lambda network, wiring, relief: None)
    forward_only = relieved(model, 0.6)
    removed = sum(int((k & ~complete.weights[n]).sum()) for n, k in forward_only.weights.items())
    assert removed > 0, "the backward pass had nothing to do"
    with torch.no_grad():
        one, two = (apply(model, relief)(probe()) for relief in (complete, forward_only))
    assert torch.allclose(one, two, atol=1e-5)


@each_model
def test_a_second_pass_brings_nothing_back(name: str, norm: str) -> None:
    model = model_of(name, norm).eval()
    first = relieved(model)
    second = relieved(apply(model, first))
    for parameter_name, keep in second.weights.items():
        if ".norm." not in parameter_name:
            assert not (keep & ~first.weights[parameter_name]).any(), parameter_name
    for path, keep in second.residuals.items():
        assert not (keep & ~first.residuals[path]).any(), path


def test_masked_neurons_stay_masked() -> None:
    model = model_of("convnet")
    model.conv2.keep[1] = False
    relief = relieved(model)
    assert not relief.weights["conv2.affine.weight"][1].any()
    assert not relief.weights["conv3.affine.weight"][:, 1].any()


def test_linear_maps_are_scored_behind_the_pruned_convolutions_but_those_that_are_late() -> None:
    model = model_of("convnet")
    plain, late = (relieved(model, 0.7, late=paths) for paths in ([], ["conv1", "conv2", "conv3"]))
    mask = "hidden.affine.weight"
    with torch.no_grad():
        unpruned = measure_flow(model.eval(), trace_wiring(model, probe()), probe()).inputs[
            "hidden.affine"
        ]
    seen = choose_inputs(score_inputs(model.hidden.affine, unpruned, "frobenius"), 0.7)
    read = late.weights["head.weight"].any(0)
    assert torch.equal(late.weights[mask][read], seen[read])
    assert not torch.equal(plain.weights[mask], late.weights[mask])


def test_images_are_measured_in_parts_of_one_mean() -> None:
    model = model_of("convnet").eval()
    x = torch.rand(CHUNK + 40, *SHAPE)
    wiring = trace_wiring(model, x[:1])
    with torch.no_grad():
        found = measure_flow(model, wiring, x).outputs["conv1"]
        assert torch.allclose(found, model.conv1(x).abs().mean(0), atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"norm": "l2"}, "norm: expected one of .*got 'l2'"),
        ({"alpha": 0.0}, r"share in \(0, 1\], got 0.0"),
        ({"alpha": 1.5}, r"share in \(0, 1\], got 1.5"),
    ],
)
def test_what_is_no_setting_is_refused(settings: dict, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        relieved(model_of("mlp"), **settings)


def test_a_pass_over_resnet20_costs_a_few_forward_passes() -> None:
    """3 of them alone, 6 to 8 with types checked and others on the machine; bar: benchmarks/."""
    model = build_model(ModelConfig(name="resnet20"), (3, 32, 32), 10, seed=0)
    x, ratios = torch.rand(16, 3, 32, 32), []
    for _ in range(3):
        start = time.process_time()
        run_nn_relief(model, x, alpha_conv=0.95, alpha_fc=0.99)
        middle = time.process_time()
        with torch.no_grad():
            for _ in range(3):
                model(x)
        ratios.append(3 * (middle - start) / (time.process_time() - middle))
    assert statistics.median(ratios) < 20
