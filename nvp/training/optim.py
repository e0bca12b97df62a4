"""Optimizers and learning-rate schedules."""

import inspect
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from nvp.config.dotted_names import SHAPE, explain_failure, find_named, is_dotted
from nvp.config.own_settings import Own
from nvp.config.registry import look_up
from nvp.config.trial_config import OptimConfig
from nvp.training.own import (
    adapt_lr_schedule,
    build_own_optimizer,
    find_own_optimizer,
    find_own_rule,
)

Parameters = list[nn.Parameter]


def starting_rate(parameter: Tensor, config: OptimConfig) -> float | Tensor:
    """Return the learning rate; on a GPU a tensor there, which a captured step can read."""
    rate = config.lr
    return torch.tensor(rate, device=parameter.device) if parameter.is_cuda else rate


# `fused` makes one kernel of an update. On a CPU it silently skips the update of a parameter of low
# precision (pytorch#191763), so only float32 parameters use it.
OPTIMIZERS: dict[str, Callable[[Parameters, OptimConfig], Optimizer]] = {
    "sgd": lambda parameters, config: SGD(
        parameters,
        lr=starting_rate(parameters[0], config),
        momentum=config.momentum,
        weight_decay=config.weight_decay,
        fused=parameters[0].dtype == torch.float32,
    ),
    "adam": lambda parameters, config: Adam(
        parameters,
        lr=starting_rate(parameters[0], config),
        betas=(config.momentum, 0.999),
        weight_decay=config.weight_decay,
        fused=parameters[0].dtype == torch.float32,
    ),
    "adamw": lambda parameters, config: AdamW(
        parameters,
        lr=starting_rate(parameters[0], config),
        betas=(config.momentum, 0.999),
        weight_decay=config.weight_decay,
        fused=parameters[0].dtype == torch.float32,
    ),
}
# How many tensors of its own size an optimizer keeps for each parameter.
MOMENTS: dict[str, Callable[[OptimConfig], int]] = {
    "sgd": lambda config: int(config.momentum > 0),
    "adam": lambda config: 2,
    "adamw": lambda config: 2,
}


def cosine(low: float, high: float, progress: float) -> float:
    """Return the half cosine from `low` at progress 0 to `high` at progress 1."""
    return high + (low - high) * (1 + math.cos(math.pi * progress)) / 2


def one_cycle(progress: float) -> float:
    """1/25 -> 1 over the first 30 %, then -> 1/250,000, as torch's OneCycleLR.

    Source: after Smith and Topin, "Super-convergence", 2017, which has a third phase.
    """
    if progress < 0.3:
        return cosine(1 / 25, 1.0, progress / 0.3)
    return cosine(1.0, 1 / 250_000, (progress - 0.3) / 0.7)


LR_SCHEDULES: dict[str, Callable[[OptimConfig, float], float]] = {
    "constant": lambda config, progress: 1.0,
    "multistep": lambda config, progress: (
        config.gamma ** sum(progress >= milestone for milestone in config.milestones)
    ),
    "cosine": lambda config, progress: cosine(1.0, 0.0, progress),
    "one_cycle": lambda config, progress: one_cycle(progress),
}

# The settings of `optim.*` that a schedule reads.
SETTINGS_OF_LR_SCHEDULES: dict[str, tuple[str, ...]] = {"multistep": ("milestones", "gamma")}


def find_lr_schedule(name: str) -> Callable[[OptimConfig, float], float]:
    """Return the learning-rate schedule of a name, ours or a user's; ValueError for none."""
    return find_named("optim.schedule", name, LR_SCHEDULES, adapt_lr_schedule)


def check_optim(config: OptimConfig) -> None:
    """Raise ValueError for a name that does not exist, or a milestone outside of training.

    What a user named is tried: an optimizer makes one step, a schedule says its factors.
    """
    if is_dotted(config.name):
        leave_compiler_out()
        parameter = nn.Parameter(torch.ones(2, 2))
        optimizer = build_own_optimizer([parameter], config, starting_rate(parameter, config))
        parameter.grad = torch.ones(2, 2)
        try_step(config.name, optimizer)
    else:
        look_up("optim.name", config.name, OPTIMIZERS, SHAPE)
    for progress in (0.0, 0.5, 0.99):
        learning_rate(config, progress)
    if not all(0 < milestone < 1 for milestone in config.milestones):
        raise ValueError(
            "optim.milestones: expected fractions of training > 0 and < 1, "
            f"got {list(config.milestones)}"
        )


def build_optimizer(model: nn.Module, config: OptimConfig) -> Optimizer:
    """Return the optimizer over all parameters; weight decay is on all of them."""
    leave_compiler_out()
    parameters = list(model.parameters())
    if is_dotted(config.name):
        return build_own_optimizer(parameters, config, starting_rate(parameters[0], config))
    return OPTIMIZERS[config.name](parameters, config)


def try_step(name: str, optimizer: Optimizer) -> None:
    """Raise ValueError for an optimizer that cannot make a step. Changes its parameters."""
    try:
        take_step(optimizer)
    except Exception as error:  # whatever a user's optimizer raises, e.g. without a closure
        raise ValueError(
            f"optim.name: expected an optimizer that makes a step without a closure, got {name}: "
            f"{explain_failure(error)}"
        ) from error


def count_moments(config: OptimConfig) -> int:
    """Return how many tensors of its own size an optimizer keeps for each parameter."""
    return MOMENTS[config.name](config) if config.name in MOMENTS else 2


def list_own_of_optim(config: OptimConfig) -> list[Own]:
    """Return the user's functions that a section names: what reads `optim.extra`."""
    found = [find_own_optimizer(config.name)] if is_dotted(config.name) else []
    rules = {"optim.schedule": config.schedule}
    rules |= {"optim.noise_kind": config.noise_kind} if config.noise else {}
    return found + [find_own_rule(key, name) for key, name in rules.items() if is_dotted(name)]


def learning_rate(config: OptimConfig, progress: float) -> float:
    """Return the learning rate after the fraction `progress` of training, in [0, 1)."""
    return config.lr * find_lr_schedule(config.schedule)(config, progress)


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Set the learning rate of the next step. Changes the optimizer.

    A tensor is filled in place, because a captured graph reads that very tensor.
    """
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def clear_gradients(optimizer: Optimizer) -> None:
    """Do what `optimizer.zero_grad()` does, less its record for profilers. Changes the parameters.

    On networks that take a millisecond a step that record takes a fiftieth of it. An optimizer that
    has a `zero_grad` of its own keeps it.
    """
    if type(optimizer).zero_grad is not Optimizer.zero_grad:
        optimizer.zero_grad()
        return
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None


@torch.no_grad()
def take_step(optimizer: Optimizer) -> None:
    """Do what `optimizer.step()` does, less its hooks and its compiler. Changes the parameters."""
    inspect.unwrap(type(optimizer).step)(optimizer)


def leave_compiler_out() -> None:
    """Keep torch's optimizers from loading its compiler, 2 s and 150 MB of every process.

    They load it only to be left out of what it compiles, and nothing is compiled here.
    """
    for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
        method = inspect.unwrap(getattr(Optimizer, name))
        method.__dict__.setdefault("__dynamo_disable", method)  # what torch calls in its place
