"""The laws of an optimizer."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig, OptimConfig
from nvp.network.train_state import TrainState
from nvp.storage.store import Storage
from nvp.testing import masking_laws, removal_laws
from nvp.testing.law import Law, Suite, expect
from nvp.testing.model_case import ModelCase
from nvp.testing.tiny import Tiny
from nvp.training.optim import build_optimizer, set_learning_rate
from nvp.trial.checkpoint import read_checkpoints, restore_state, save_checkpoint


def make_tiny(config: object, shape: object, classes: object, *, seed: int) -> nn.Module:
    """Return a small network in the place of a configured one."""
    return Tiny(norm=True, activation=nn.ReLU, seed=seed).float()


NETWORK = ModelCase(ModelConfig(), (1, 4, 4), 3, build=make_tiny)


@dataclass(frozen=True)
class OptimizerCase:
    """An optimizer with its settings."""

    config: OptimConfig

    def __str__(self) -> str:
        return self.config.name

    def start(self) -> TrainState:
        """Return a small network with the optimizer at its beginning."""
        model = NETWORK.make()
        return TrainState(model, build_optimizer(model, self.config))


def take_step(state: TrainState, seed: int) -> None:
    """Take a step on images of noise. Changes `state`."""
    loss = F.cross_entropy(state.model(NETWORK.images(seed=seed)), torch.arange(6) % 3)
    state.optimizer.zero_grad()
    loss.backward()
    state.optimizer.step()


def copy_parameters(state: TrainState) -> dict[str, Tensor]:
    """Return a copy of the parameters by name."""
    return {name: p.detach().clone() for name, p in state.model.named_parameters()}


def list_moved(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> list[str]:
    """Return the names of tensors that differ."""
    return [name for name, value in before.items() if not torch.equal(value, after[name])]


def it_holds_every_parameter_once(case: OptimizerCase) -> None:
    """Nothing is left untrained, and nothing is moved twice in a step."""
    state = case.start()
    held = [id(p) for group in state.optimizer.param_groups for p in group["params"]]
    wanted = [id(p) for p in state.model.parameters()]
    text = f"each of {len(wanted)} parameters once, in the order of the model"
    expect(held == wanted, text, f"{len(held)} entries")


def a_step_moves_every_parameter_and_a_rate_of_zero_none(case: OptimizerCase) -> None:
    """The learning rate of its groups, which the schedule sets, is what it steps by."""
    state = case.start()
    for parameter in state.model.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = copy_parameters(state)
    state.optimizer.step()
    after = copy_parameters(state)
    still = sorted(set(before) - set(list_moved(before, after)))
    expect(not still, "a step that moves every parameter", f"none of {still}")
    set_learning_rate(state.optimizer, 0.0)
    state.optimizer.step()
    moved = list_moved(after, copy_parameters(state))
    expect(not moved, "no movement at a learning rate of 0", f"one of {moved}")


def the_same_steps_give_the_same_weights(case: OptimizerCase) -> None:
    """A step is a function of weights, gradients and what the optimizer remembers."""
    one, two = case.start(), case.start()
    for state in (one, two):
        torch.manual_seed(id(state) % 1000)
        for seed in range(3):
            take_step(state, seed)
    moved = list_moved(copy_parameters(one), copy_parameters(two))
    expect(not moved, "the same weights after the same three steps", f"others in {moved}")


def a_checkpoint_holds_all_that_it_remembers(case: OptimizerCase) -> None:
    """Killed and continued is unbroken: what it remembers are tensors, one set a parameter."""
    state, again = case.start(), case.start()
    for seed in range(3):
        take_step(state, seed)
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(Storage.at(folder), "law", state, {})
        (saved,) = read_checkpoints(Storage.at(folder), "law")
    restore_state(saved, again)
    for each in (state, again):
        for seed in (3, 4):
            take_step(each, seed)
    moved = list_moved(copy_parameters(state), copy_parameters(again))
    expect(not moved, "the weights of an unbroken run after a checkpoint", f"others in {moved}")


def masked_weights_stay_zero(case: OptimizerCase) -> None:
    """Neither momentum nor decay moves a weight whose gradient and moments are 0."""
    masking_laws.check_masked_weights(NETWORK, case.config, steps=5)


def it_goes_on_after_a_removal_as_with_masks(case: OptimizerCase) -> None:
    """What it remembers of a weight is of the weight's shape, and is cut with it."""
    removal_laws.check_next_steps(NETWORK, case.config)


class OptimizerSuite(Suite):
    """The laws of an optimizer.

    Attributes:
        name: as in `optim.name`.
        settings: of `optim.*`, without the prefix.
    """

    laws: ClassVar[tuple[Law, ...]] = (
        it_holds_every_parameter_once,
        a_step_moves_every_parameter_and_a_rate_of_zero_none,
        the_same_steps_give_the_same_weights,
        a_checkpoint_holds_all_that_it_remembers,
        masked_weights_stay_zero,
        it_goes_on_after_a_removal_as_with_masks,
    )
    settings: Mapping[str, Any] = {"lr": 1e-3, "weight_decay": 1e-2}

    def cases(self) -> Iterator[OptimizerCase]:
        """Return the optimizer."""
        yield OptimizerCase(OptimConfig(name=self.name, **self.settings))
