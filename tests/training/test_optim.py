"""How the weights move: learning rates by hand, noise, clipping, L1, one step by formula."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig, OptimConfig, PruneConfig
from nvp.models import build_model
from nvp.network.groups import maskable_layers
from nvp.network.neuron_masks import mask_units
from nvp.network.weight_masks import live_weights, mask_weights
from nvp.pruning import plan_pruning
from nvp.testing import OptimizerSuite, ScheduleSuite
from nvp.testing.schedule_suite import (
    ScheduleCase,
    the_rate_is_never_above_its_peak_nor_below_zero,
)
from nvp.training.gradient_rule import GradientRule
from nvp.training.noise import NOISES, LiveNoise, check_noise
from nvp.training.optim import LR_SCHEDULES, OPTIMIZERS, build_optimizer, check_optim, learning_rate
from nvp.training.penalties import PENALTIES

torch.set_num_threads(1)


class Flat(nn.Module):
    """One weight vector, to see the gradient rule alone."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(count))


def gradient_after(
    config: OptimConfig, gradient: Tensor, live: Tensor | None = None, seed: int = 0
) -> Tensor:
    model = Flat(len(gradient))
    model.weight.grad = gradient.clone()
    mask = torch.ones_like(gradient, dtype=torch.bool) if live is None else live
    GradientRule(model, config, {"weight": mask})(torch.Generator().manual_seed(seed))
    return model.weight.grad


# --- learning rates


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", {0.0: 0.4, 0.5: 0.4, 0.999: 0.4}),
        ("multistep", {0.0: 0.4, 0.49: 0.4, 0.5: 0.1, 0.74: 0.1, 0.75: 0.025, 0.99: 0.025}),
        ("cosine", {0.0: 0.4, 1 / 3: 0.3, 0.5: 0.2, 2 / 3: 0.1, 1.0: 0.0}),
        ("one_cycle", {0.0: 0.016, 0.15: 0.208, 0.3: 0.4, 0.65: 0.2000008, 1.0: 1.6e-6}),
    ],
)
def test_learning_rates_by_hand(schedule: str, expected: dict[float, float]) -> None:
    config = OptimConfig(lr=0.4, schedule=schedule, gamma=0.25)
    found = {progress: learning_rate(config, progress) for progress in expected}
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


class TestSchedules(ScheduleSuite):
    @pytest.fixture(autouse=True, params=LR_SCHEDULES)
    def _named(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param


@pytest.mark.parametrize("schedule", LR_SCHEDULES)
@given(st.floats(0, 1, allow_subnormal=False))
@settings(deadline=None, max_examples=30)
def test_the_rate_is_within_its_bounds_at_any_moment(schedule: str, progress: float) -> None:
    config = OptimConfig(lr=0.3, schedule=schedule)
    the_rate_is_never_above_its_peak_nor_below_zero(ScheduleCase(config, (progress,)))


# --- noise


def test_relative_noise_has_the_deviation_sigma_times_norm_over_root_n() -> None:
    n = 200_000
    gradient = torch.randn(n, generator=torch.Generator().manual_seed(1)) * 3
    noise = gradient_after(OptimConfig(noise=0.5), gradient) - gradient
    expected = 0.5 * float(gradient.norm()) / math.sqrt(n)
    assert float(noise.std()) == pytest.approx(expected, rel=0.01)  # six standard errors
    assert abs(float(noise.mean())) < 5 * expected / math.sqrt(n)
    signal = float(gradient.norm())
    assert float(noise.norm()) == pytest.approx(0.5 * signal, rel=0.01), "sigma is noise to signal"


def test_relative_noise_counts_and_touches_only_live_weights() -> None:
    n = 100_000
    live = torch.arange(2 * n) % 2 == 0
    gradient = torch.where(live, 0.1, 0.0)
    noise = gradient_after(OptimConfig(noise=2.0), gradient, live) - gradient
    assert not noise[~live].any()
    expected = 2.0 * float(gradient.norm()) / math.sqrt(n)
    assert float(noise[live].std()) == pytest.approx(expected, rel=0.02)


def test_relative_noise_is_relative_to_the_clipped_gradient() -> None:
    gradient = torch.full((100_000,), 1.0)
    found = gradient_after(OptimConfig(noise=1.0, clip_norm=1.0), gradient)
    clipped = gradient / gradient.norm()
    assert float((found - clipped).norm()) == pytest.approx(1.0, rel=0.02)


def test_absolute_noise_comes_after_the_clip_with_deviation_sigma() -> None:
    gradient = torch.full((100_000,), 1.0)
    config = OptimConfig(noise=0.5, noise_kind="absolute", clip_norm=1.0)
    found = gradient_after(config, gradient)
    assert float((found - gradient / gradient.norm()).std()) == pytest.approx(0.5, rel=0.02)


def test_official_noise_comes_before_the_clip() -> None:
    gradient = torch.full((10_000,), 1.0)
    config = OptimConfig(noise=0.5, noise_kind="official", clip_norm=1.0)
    found = gradient_after(config, gradient)
    assert float(found.norm()) == pytest.approx(1.0, rel=1e-4)
    noisy = gradient_after(OptimConfig(noise=0.5, noise_kind="absolute"), gradient)
    assert torch.allclose(found, noisy / noisy.norm(), rtol=1e-4)


def test_official_noise_without_a_clip_is_refused() -> None:
    with pytest.raises(ValueError, match=r"optim\.clip_norm: expected a value > 0 .*got 0"):
        check_noise(OptimConfig(noise=0.5, noise_kind="official"))
    check_noise(OptimConfig(noise=0.5, noise_kind="official", clip_norm=1.0))
    check_noise(OptimConfig(noise=0.0, noise_kind="official"))


@pytest.mark.parametrize("kind", NOISES)
def test_noise_is_of_its_stream_and_zero_on_masked_weights(kind: str) -> None:
    live = torch.arange(1000) % 3 > 0
    gradient = torch.where(live, 1.0, 0.0)
    config = OptimConfig(noise=1.0, noise_kind=kind, clip_norm=5.0)
    one, same, other = (gradient_after(config, gradient, live, seed) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert not one[~live].any()
    assert int((one[live] != one[live][0]).sum()) > 600


# --- clipping and L1


@given(st.floats(0.01, 100), st.floats(0.01, 100))
@settings(deadline=None, max_examples=50)
def test_a_clip_bounds_the_norm_and_keeps_the_direction(norm: float, bound: float) -> None:
    direction = torch.tensor([0.6, -0.8])
    found = gradient_after(OptimConfig(clip_norm=bound), norm * direction)
    assert float(found.norm()) == pytest.approx(min(norm, bound), rel=1e-3)
    assert torch.allclose(found / found.norm(), direction, atol=1e-5)


def test_without_a_clip_and_noise_the_gradient_is_the_loss_s() -> None:
    gradient = torch.tensor([1e6, -3.0, 0.0])
    assert torch.equal(gradient_after(OptimConfig(), gradient), gradient)


def small(norm: str = "batch") -> nn.Module:
    config = ModelConfig(name="resnet18", width=0.05, norm=norm)
    model = build_model(config, (1, 8, 8), 4, seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def backward(model: nn.Module) -> dict[str, Tensor]:
    torch.manual_seed(0)
    F.cross_entropy(model(torch.randn(6, 1, 8, 8)), torch.arange(6) % 4).backward()
    return {name: p.grad.clone() for name, p in model.named_parameters()}


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize(("l1", "l1_scale"), [(0.01, 0.0), (0.0, 0.02), (0.01, 0.02)])
def test_l1_adds_strength_times_sign_on_weights_and_on_scales(
    l1: float, l1_scale: float, norm: str
) -> None:
    model = small(norm)
    before = backward(model)
    GradientRule(model, OptimConfig(l1=l1, l1_scale=l1_scale), live_weights(model))(
        torch.Generator()
    )
    scales = {id(layer.norm.weight) for layer in maskable_layers(model).values() if norm == "batch"}
    for name, parameter in model.named_parameters():
        strength = l1_scale if id(parameter) in scales else l1 if parameter.dim() > 1 else 0.0
        expected = before[name] + strength * parameter.detach().sign()
        assert torch.allclose(parameter.grad, expected, atol=1e-7), name


def test_l1_comes_after_the_clip_undisturbed() -> None:
    model = small()
    before = backward(model)
    total = math.sqrt(sum(float(g.square().sum()) for g in before.values()))
    GradientRule(model, OptimConfig(l1=0.5, clip_norm=0.1), live_weights(model))(torch.Generator())
    found = model.head.weight.grad - 0.5 * model.head.weight.detach().sign()
    assert torch.allclose(found, before["head.weight"] * 0.1 / total, atol=1e-6)


def test_the_rule_leaves_masked_weights_without_gradient() -> None:
    model = small()
    config = OptimConfig(noise=1.0, l1=0.1, l1_scale=0.1, clip_norm=1.0)
    optimizer = build_optimizer(model, config)
    mask_units(model, optimizer, "stage2", torch.tensor([0, 3]))
    live = live_weights(model)
    backward(model)
    GradientRule(model, config, live)(torch.Generator())
    for name, parameter in model.named_parameters():
        assert not parameter.grad[~live[name]].any(), name


def test_the_rule_zeroes_the_gradient_of_masked_weights_before_the_clip() -> None:
    model = small()
    config = OptimConfig(clip_norm=0.1)
    optimizer = build_optimizer(model, config)
    keep = torch.rand(model.head.weight.shape) > 0.5
    mask_weights(model, optimizer, "head.weight", keep)
    before = backward(model)
    before["head.weight"] *= keep
    total = math.sqrt(sum(float(g.square().sum()) for g in before.values()))
    GradientRule(model, config, live_weights(model))(torch.Generator())
    assert torch.allclose(model.head.weight.grad, before["head.weight"] * 0.1 / total, atol=1e-6)


# --- what a method adds: L1 on scales with a course, noise on the living


def test_penalties_by_hand() -> None:
    assert PENALTIES["constant"](0.3) == 1.0
    course = PENALTIES["one_cycle"]
    assert course(0.0) == pytest.approx(1 / 25)
    assert course(0.3 * 0.87) == pytest.approx(1.0)
    assert course(0.8699999) == pytest.approx(1 / 250_000, rel=1e-2)
    assert course(0.87) == course(1.0) == 0.0


def test_the_scale_penalty_of_a_method_follows_its_course() -> None:
    plan = plan_pruning(PruneConfig(method="demp", scale_l1=0.2))
    for progress, factor in {0.0: 1 / 25, 0.261: 1.0, 0.9: 0.0}.items():
        model = small()
        before = backward(model)
        rule = GradientRule(model, OptimConfig(), live_weights(model), plan)
        rule(torch.Generator(), progress)
        scale = model.stem.norm.weight
        expected = before["stem.norm.weight"] + 0.2 * factor * scale.detach().sign()
        assert torch.allclose(scale.grad, expected, atol=1e-7)
        assert torch.equal(model.head.weight.grad, before["head.weight"])


def test_noise_shakes_the_living_alone_with_its_deviation() -> None:
    model = small()
    optimizer = build_optimizer(model, OptimConfig())
    mask_units(model, optimizer, "stage2", torch.tensor([0]))
    plan = plan_pruning(PruneConfig(method="demp_constant", live_noise=0.01))
    stem = model.stem
    dead = {"stem": torch.arange(len(stem.keep)) == 1}
    live = live_weights(model)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    LiveNoise(model, plan, live, dead)(torch.Generator().manual_seed(0), 0.5)
    moved = {name: p.detach() - before[name] for name, p in model.named_parameters()}
    assert not moved["stem.affine.weight"][1].any()
    assert not moved["stem.norm.weight"][1].any()
    assert not moved["stem.norm.bias"][1].any()
    assert bool(moved["stem.affine.weight"][0].all())
    assert not moved["head.weight"].any(), "logits are no neurons"
    for name, change in moved.items():
        assert not change[~live[name]].any(), name
    shaken = torch.cat([m[m != 0] for m in moved.values()])
    assert float(shaken.std()) == pytest.approx(0.01, rel=0.05)
    none = plan_pruning(PruneConfig(method="none"))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    LiveNoise(model, none, live, dead)(torch.Generator(), 0.5)
    assert all(torch.equal(p.detach(), before[name]) for name, p in model.named_parameters())


# --- one step


def test_an_sgd_step_by_formula() -> None:
    config = OptimConfig(lr=0.1, momentum=0.9, weight_decay=0.01)
    model = Flat(3)
    start = torch.tensor([1.0, -2.0, 3.0])
    model.weight.data.copy_(start)
    optimizer = build_optimizer(model, config)
    gradients = [torch.tensor([0.5, 0.0, -1.0]), torch.tensor([0.1, 0.2, 0.3])]
    weight, momentum = start.clone(), None
    for gradient in gradients:
        model.weight.grad = gradient.clone()
        optimizer.step()
        decayed = gradient + 0.01 * weight
        momentum = decayed if momentum is None else 0.9 * momentum + decayed
        weight = weight - 0.1 * momentum
    assert torch.allclose(model.weight.detach(), weight, atol=1e-6)


@pytest.mark.parametrize(("name", "coupled"), [("adam", 0.1), ("adamw", 0.0)])
def test_an_adam_step_by_formula(name: str, coupled: float) -> None:
    config = OptimConfig(name=name, lr=0.01, momentum=0.8, weight_decay=0.1)
    model = Flat(3)
    start = torch.tensor([1.0, -2.0, 3.0])
    model.weight.data.copy_(start)
    optimizer = build_optimizer(model, config)
    weight, first, second = start.double(), torch.zeros(3).double(), torch.zeros(3).double()
    for step, gradient in enumerate(([0.5, 0.0, -1.0], [0.1, 0.2, 0.3]), start=1):
        g = torch.tensor(gradient)
        model.weight.grad = g.clone()
        optimizer.step()
        g = g + coupled * weight
        weight = weight * (1 - 0.01 * (0.1 - coupled))
        first = 0.8 * first + 0.2 * g
        second = 0.999 * second + 0.001 * g**2
        corrected = (second / (1 - 0.999**step)).sqrt() + 1e-8
        weight = weight - 0.01 * first / (1 - 0.8**step) / corrected
    assert torch.allclose(model.weight.detach().double(), weight, atol=1e-6)


class TestOptimizers(OptimizerSuite):
    @pytest.fixture(autouse=True, params=OPTIMIZERS)
    def _named(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        (OptimConfig(name="adamv"), r"optim\.name: .*did you mean 'adam'"),
        (OptimConfig(schedule="cosin"), r"optim\.schedule: .*did you mean 'cosine'"),
        (OptimConfig(noise_kind="relativ"), r"optim\.noise_kind: .*did you mean 'relative'"),
    ],
)
def test_an_unknown_name_names_the_nearest(config: OptimConfig, wanted: str) -> None:
    check = check_noise if config.noise_kind != "relative" else check_optim
    with pytest.raises(ValueError, match=wanted):
        check(config)
