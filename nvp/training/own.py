"""A user's optimizer, learning-rate schedule or gradient noise, by its dotted name.

An optimizer class of torch is called with the settings of `optim.*` that it takes: `lr`,
`weight_decay`, `momentum`. A function of (parameters, config) is called as ours are. What else they
take are settings (`optim.extra.*`).
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.config.dotted_names import import_name
from nvp.config.own_settings import Own, list_parameters
from nvp.config.trial_config import OptimConfig

# what an optimizer of torch is passed, if it takes it
OF_OPTIM = ("lr", "momentum", "weight_decay")
SIGNATURES = {
    "optim.schedule": ("config", "progress"),
    "optim.noise_kind": ("gradients", "config", "xi", "count"),
}


@cache
def find_own_optimizer(name: str) -> Own:
    """Return the optimizer that a dotted name stands for; ValueError where it cannot be called."""
    found = import_name("optim.name", name)
    if not callable(found):
        raise ValueError(
            f"optim.name: expected an optimizer, got {name!r}, which is a {type(found).__name__}"
        )
    first = next(iter(list_parameters(found)), "params")
    ours = "config" in list_parameters(found)
    capture = () if ours else (*OF_OPTIM, "capturable", "fused", "foreach")
    return Own(
        "optim.name", name, found, (first, "config", *capture) if ours else (first, *capture)
    )


def build_own_optimizer(
    parameters: list[nn.Parameter], config: OptimConfig, rate: float | Tensor
) -> Optimizer:
    """Return a user's optimizer over `parameters`; ValueError where the name makes none."""
    own = find_own_optimizer(config.name)
    passed: dict[str, Any] = {}
    if "config" in own.passed:
        passed["config"] = config
    else:
        given = {"lr": rate, "momentum": config.momentum, "weight_decay": config.weight_decay}
        takes = list_parameters(own.function)
        passed = {name: value for name, value in given.items() if name in takes}
        if isinstance(rate, Tensor) and "capturable" in takes:  # on a GPU, in a CUDA graph
            passed["capturable"] = True
    found = own.call_explained(config.extra, parameters, **passed)
    if not isinstance(found, Optimizer):
        raise ValueError(
            f"optim.name: expected {own.name} to make a torch.optim.Optimizer, got a "
            f"{type(found).__name__}"
        )
    return found


def list_unread_of_own_optimizer(name: str) -> list[str]:
    """Return the settings of `optim.*` that a user's optimizer is not passed."""
    own = find_own_optimizer(name)
    taken = list_parameters(own.function)
    return [] if "config" in own.passed else [each for each in OF_OPTIM[1:] if each not in taken]


@cache
def find_own_rule(setting: str, name: str) -> Own:
    """Return the schedule or the noise of a dotted name; ValueError where it cannot be called."""
    found, wanted = import_name(setting, name), SIGNATURES[setting]
    parameters = [p for p in list_parameters(found).values() if p.kind < p.KEYWORD_ONLY]
    if not callable(found) or len(parameters) < len(wanted):
        got = f"takes ({', '.join(p.name for p in parameters)})" if callable(found) else ""
        raise ValueError(
            f"{setting}: expected a function of ({', '.join(wanted)}), got {name!r}, which "
            f"{got or f'is a {type(found).__name__}'}"
        )
    return Own(setting, name, found, tuple(p.name for p in parameters[: len(wanted)]))


def adapt_lr_schedule(setting: str, name: str, found: Any) -> Callable[[OptimConfig, float], float]:
    """Return a user's schedule, whose factors are checked."""
    own = find_own_rule(setting, name)

    def call(config: OptimConfig, progress: float) -> float:
        factor = call_rule(own, config, config, progress)
        if not isinstance(factor, int | float) or not 0 <= factor < math.inf:
            raise ValueError(
                f"{setting}: expected {name} to return a factor >= 0 on optim.lr, got {factor!r} "
                f"at progress {progress:g}"
            )
        return factor

    return call


def adapt_noise(
    setting: str, name: str, found: Any
) -> Callable[[list[Tensor], OptimConfig, Tensor, Tensor], None]:
    """Return a user's noise, which changes the gradients in place."""
    own = find_own_rule(setting, name)

    def call(gradients: list[Tensor], config: OptimConfig, xi: Tensor, count: Tensor) -> None:
        changed = call_rule(own, config, gradients, config, xi, count)
        if changed is not None:
            raise ValueError(
                f"{setting}: expected {name} to change the gradients in place and return None, got "
                f"a {type(changed).__name__}"
            )

    return call


def call_rule(own: Own, config: OptimConfig, *arguments: Any) -> Any:
    """Return what a user's function returns; ValueError in one line for what it raises."""
    return own.call_explained(config.extra, *arguments)
