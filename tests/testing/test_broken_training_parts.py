"""Each law of an activation, an optimizer and a schedule can be broken, and says how."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from nvp.config.trial_config import OptimConfig
from nvp.testing import (
    ActivationSuite,
    BrokenLaw,
    OptimizerSuite,
    ScheduleSuite,
    activation_suite,
    optimizer_suite,
    schedule_suite,
)
from nvp.testing.activation_suite import ActivationCase
from nvp.testing.law import Law
from nvp.testing.optimizer_suite import OptimizerCase
from nvp.testing.schedule_suite import ScheduleCase
from nvp.training.optim import LR_SCHEDULES, OPTIMIZERS

torch.set_num_threads(1)


def to_single(x: Tensor) -> Tensor:
    return x.float().relu()


ACTIVATIONS: dict[str, tuple[Callable[[Tensor], Tensor], Law, str]] = {
    "sigmoid": (
        torch.sigmoid,
        activation_suite.of_zero_it_is_zero,
        r"0 of 0, so that a masked neuron is silent, got \[0\.5, 0\.5, 0\.5\]",
    ),
    "flipped": (
        lambda x: -x.relu(),
        activation_suite.of_positive_values_it_is_positive,
        r"positive values of 0\.5 and 2, got \[-0\.5, -2",
    ),
    "softmax": (
        lambda x: x.softmax(0) * x,
        activation_suite.each_value_is_its_own,
        r"expected the values of each number alone, \[-4\.0, .*, got \[",
    ),
    "root": (
        lambda x: x.sign() * x.abs().sqrt(),
        activation_suite.it_has_a_finite_derivative,
        r"finite derivatives, got \[.*nan",
    ),
    "single": (
        to_single,
        activation_suite.in_float64_it_stays_in_float64,
        r"float64 of float64, got torch\.float32",
    ),
}


@pytest.mark.parametrize("which", ACTIVATIONS)
def test_a_broken_activation_is_told_apart(which: str) -> None:
    function, law, message = ACTIVATIONS[which]
    with pytest.raises(BrokenLaw, match=message):
        law(ActivationCase(which, 0.01, lambda: function))


class Steps(Optimizer):
    """Plain descent, in which `move` says what a step adds to a parameter."""

    steps = 0  # of this object: a copy begins anew

    def __init__(self, parameters: list[nn.Parameter], config: OptimConfig) -> None:
        super().__init__(parameters, {"lr": config.lr})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        self.steps += 1
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter += self.move(parameter, group["lr"])

    def move(self, parameter: Tensor, rate: float) -> Tensor:
        return -rate * parameter.grad


class IgnoresItsRate(Steps):
    def move(self, parameter: Tensor, rate: float) -> Tensor:
        return -0.01 * parameter.grad


class Draws(Steps):
    def move(self, parameter: Tensor, rate: float) -> Tensor:
        return -rate * parameter.grad * torch.rand(parameter.shape)


class CountsItself(Steps):
    """Remembers in an attribute what no checkpoint holds."""

    def move(self, parameter: Tensor, rate: float) -> Tensor:
        return -rate / self.steps * parameter.grad


class Pulls(Steps):
    """Draws every weight towards 1, masked ones too."""

    def move(self, parameter: Tensor, rate: float) -> Tensor:
        return rate * (1 - parameter)


class PerTensor(Steps):
    """Divides by the number of entries: that of masked ones, too."""

    def move(self, parameter: Tensor, rate: float) -> Tensor:
        return -rate * parameter.grad / parameter.numel()


def build_half(parameters: list[nn.Parameter], config: OptimConfig) -> Optimizer:
    return SGD(parameters[:2], lr=config.lr)


OPTIMS: dict[str, tuple[Any, Law, str]] = {
    "half": (
        build_half,
        optimizer_suite.it_holds_every_parameter_once,
        "each of 10 parameters once, in the order of the model, got 2 entries",
    ),
    "deaf": (
        IgnoresItsRate,
        optimizer_suite.a_step_moves_every_parameter_and_a_rate_of_zero_none,
        r"no movement at a learning rate of 0, got one of \['conv\.affine\.weight'",
    ),
    "draws": (
        Draws,
        optimizer_suite.the_same_steps_give_the_same_weights,
        r"the same weights after the same three steps, got others in \['conv",
    ),
    "counts": (
        CountsItself,
        optimizer_suite.a_checkpoint_holds_all_that_it_remembers,
        "the weights of an unbroken run after a checkpoint, got others in",
    ),
    "pulls": (
        Pulls,
        optimizer_suite.masked_weights_stay_zero,
        r"0 in conv\.affine\.weight where it touches masked units, after 5 steps, got \d+ entries",
    ),
    "per tensor": (
        PerTensor,
        optimizer_suite.it_goes_on_after_a_removal_as_with_masks,
        "of the masked network to 1e-10, got a difference of",
    ),
}


@pytest.mark.parametrize("which", OPTIMS)
def test_a_broken_optimizer_is_told_apart(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build, law, message = OPTIMS[which]
    monkeypatch.setitem(OPTIMIZERS, which, build)
    with pytest.raises(BrokenLaw, match=message):
        law(OptimizerCase(OptimConfig(name=which, lr=0.01)))


def test_plain_descent_keeps_all_laws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIMIZERS, "plain", Steps)
    OptimizerSuite.check("plain")


SCHEDULES: dict[str, tuple[Callable[[OptimConfig, float], float], Law, str]] = {
    "above": (
        lambda config, progress: 1 + progress,
        schedule_suite.the_rate_is_never_above_its_peak_nor_below_zero,
        r"a rate in \[0, optim\.lr=0\.3\] after the fraction 0\.0025, got 0\.300",
    ),
    "below": (
        lambda config, progress: 0.5 - progress,
        schedule_suite.the_rate_is_never_above_its_peak_nor_below_zero,
        r"after the fraction 0\.5025, got -0\.0007",
    ),
    "absolute": (
        lambda config, progress: 0.1 / config.lr,
        schedule_suite.it_scales_with_the_learning_rate,
        r"0\.2 at twice the learning rate after the fraction 0, got 0\.1",
    ),
    "never": (
        lambda config, progress: 0.0,
        schedule_suite.it_trains_at_some_time,
        "a rate above 0 at some time, got 0 throughout",
    ),
}


@pytest.mark.parametrize("which", SCHEDULES)
def test_a_broken_schedule_is_told_apart(which: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function, law, message = SCHEDULES[which]
    monkeypatch.setitem(LR_SCHEDULES, which, function)
    with pytest.raises(BrokenLaw, match=message):
        law(ScheduleCase(OptimConfig(lr=0.3, schedule=which)))


def test_every_law_has_a_part_that_breaks_it() -> None:
    for broken, suite in (
        (ACTIVATIONS, ActivationSuite),
        (OPTIMS, OptimizerSuite),
        (SCHEDULES, ScheduleSuite),
    ):
        assert {law for _, law, _ in broken.values()} == set(suite.laws)
