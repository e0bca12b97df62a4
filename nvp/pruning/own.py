"""A user's criterion, method, allocation, schedule or regrowth, by its dotted name.

Each is called as ours are; parameters beyond that are settings (`prune.extra.*`).
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from nvp.config.dotted_names import import_name
from nvp.config.own_settings import Own, list_parameters
from nvp.config.trial_config import PruneConfig
from nvp.pruning.evidence import Criterion, Evidence
from nvp.pruning.methods.method import Method

# The parameters of a part, in their order, whatever a user calls them.
SIGNATURES = {
    "prune.criterion": ("evidence",),
    "prune.allocation": ("scores", "sparsity", "floors"),
    "prune.schedule": ("config", "moment"),
    "prune.regrow": ("point", "candidates"),
}


@cache
def find_own_part(setting: str, name: str) -> Own:
    """Return the part that a dotted name stands for; ValueError where it cannot be called.

    A criterion may be a function of evidence, an object that is called with it, a class of these,
    or, with `config` as its first parameter, a function that makes one.
    """
    found = import_name(setting, name)
    if not callable(found):
        raise ValueError(
            f"{setting}: expected something that is called with "
            f"({', '.join(SIGNATURES[setting])}), got {name!r}, which is a {type(found).__name__}"
        )
    parameters = [p for p in list_parameters(found).values() if p.kind < p.KEYWORD_ONLY]
    if makes_criterion(setting, found):
        return Own(setting, name, found, ("config",))
    wanted = SIGNATURES[setting]
    if len(parameters) < len(wanted) and not any(p.kind == p.VAR_POSITIONAL for p in parameters):
        raise ValueError(
            f"{setting}: expected a function of ({', '.join(wanted)}), got {name!r}, which takes "
            f"({', '.join(p.name for p in parameters)})"
        )
    return Own(setting, name, found, tuple(p.name for p in parameters[: len(wanted)]))


def makes_criterion(setting: str, found: Any) -> bool:
    """Whether what a name stands for makes a criterion, and is none itself."""
    first = next(iter(list_parameters(found)), "")
    return setting == "prune.criterion" and (isinstance(found, type) or first == "config")


def adapt_criterion(setting: str, name: str, found: Any) -> Callable[[PruneConfig], Criterion]:
    """Return a function that makes the user's criterion, whose scores are checked."""
    own = find_own_part("prune.criterion", name)

    def make(config: PruneConfig) -> Criterion:
        if not makes_criterion(own.setting, found):
            return Checked(own, found, config)
        passed = (config,) if "config" in list_parameters(found) else ()
        judge = call_part(own, config, *passed)
        if not callable(judge):
            raise ValueError(
                f"{setting}: expected {name} to make a criterion, which is called with evidence, "
                f"got a {type(judge).__name__}"
            )
        return Checked(Own(own.setting, name, judge, ("evidence",)), judge)

    return make


class Checked:
    """A user's criterion, whose scores are checked."""

    def __init__(self, own: Own, judge: Any, config: PruneConfig | None = None) -> None:
        """Make one; `config` has the settings that a function of evidence takes."""
        self.own, self.config = own, config
        self.remembers = getattr(judge, "remembers", False)  # compares measuring points

    def __call__(self, evidence: Evidence) -> Tensor:
        scores = call_part(self.own, self.config, evidence)
        return check_scores(self.own.name, scores, evidence)


def call_part(own: Own, config: PruneConfig | None, *arguments: Any) -> Any:
    """Return what a user's function returns; ValueError in one line for what it raises."""
    extra = {} if config is None else config.extra
    return own.call_explained(extra, *arguments, let=(ValueError,))


def check_scores(name: str, scores: Any, evidence: Evidence) -> Tensor:
    """Return the scores of a user's criterion; ValueError where they are none."""
    neurons = evidence.index is not None
    wanted = evidence.weight.shape[:1] if neurons else evidence.weight.shape
    what = "neuron" if neurons else "weight"
    if not isinstance(scores, Tensor):
        raise ValueError(
            f"prune.criterion: expected {name} to return a tensor, a score for each {what}, got a "
            f"{type(scores).__name__}"
        )
    if scores.shape != wanted:
        raise ValueError(
            f"prune.criterion: expected {name} to return a score for each {what}, shape "
            f"{tuple(wanted)} at {evidence.path}, got shape {tuple(scores.shape)}"
        )
    if bool(scores.isnan().any()):
        raise ValueError(f"prune.criterion: expected numbers of {name}, got nan at {evidence.path}")
    return scores.detach() if scores.is_floating_point() else scores.detach().to(torch.float32)


def adapt_method(setting: str, name: str, found: Any) -> Method:
    """Return a user's method, a row as those of METHODS are."""
    if not isinstance(found, Method):
        raise ValueError(
            f"{setting}: expected an nvp.Method, got {name!r}, which is a {type(found).__name__}"
        )
    return found


def adapt_part(setting: str, name: str, found: Any) -> Callable[..., Any]:
    """Return a user's allocation, schedule or regrowth as a function (config, arguments)."""
    own = find_own_part(setting, name)

    def call(config: PruneConfig, *arguments: Any) -> Any:
        return call_part(own, config, *arguments)

    return call
