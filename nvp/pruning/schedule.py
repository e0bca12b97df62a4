"""Schedule: how much sparsity, when.

Sources: Zhu and Gupta, "To prune, or not to prune", 2017 (cubic); He et al., "Soft filter
pruning", 2018 (soft).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from nvp.config.dotted_names import find_named
from nvp.config.trial_config import PruneConfig
from nvp.pruning.own import adapt_part

TINY = 1e-12  # more than nothing: the initial network is left to `at_init`
SOFT = ("soft", "zero_at_init")  # what they silence is released before the next epoch


@dataclass(frozen=True)
class Moment:
    """A measuring point in time.

    Attributes:
        progress: fraction of training that is done; at 0 the network is the initial one.
        last: progress at the measuring point before; -1 at the first.
    """

    progress: float
    last: float = -1.0


def at_init(config: PruneConfig, moment: Moment) -> float | None:
    """The whole target at once, before the first step."""
    return config.sparsity if moment.progress == 0 else None


def one_shot(config: PruneConfig, moment: Moment) -> float | None:
    """The whole target at once, at `start`."""
    return config.sparsity if moment.progress >= max(config.start, TINY) else None


def late(config: PruneConfig, moment: Moment) -> float | None:
    """The whole target at once, at `end`: train, prune, fine-tune."""
    return config.sparsity if moment.progress >= max(config.end, TINY) else None


def cubic(config: PruneConfig, moment: Moment) -> float | None:
    """From 0 at `start` to the target at `end`, steep at first; then the mask is frozen."""
    if moment.progress < max(config.start, TINY):
        return None
    done = min(1.0, (moment.progress - config.start) / max(config.end - config.start, TINY))
    return config.sparsity * (1 - (1 - done) ** 3)


def always(config: PruneConfig, moment: Moment) -> float | None:
    """At every measuring point after the first; the target, or what a threshold finds."""
    return config.sparsity if moment.progress > 0 else None


def in_rounds(config: PruneConfig, moment: Moment) -> float | None:
    """At `rounds` points spread evenly from `start` to `end`; in between the network recovers."""
    gap = (config.end - config.start) / max(config.rounds - 1, 1)
    points = [max(config.start + k * gap, TINY) for k in range(config.rounds)]
    due = any(moment.last + TINY < point <= moment.progress + TINY for point in points)
    return config.sparsity if due and moment.progress > 0 else None


SCHEDULES: dict[str, Callable[[PruneConfig, Moment], float | None]] = {
    "at_init": at_init,
    "zero_at_init": at_init,  # zeroed once, never held at zero
    "one_shot": one_shot,
    "late": late,
    "cubic": cubic,
    "soft": always,  # in between the zeroed neurons or weights may regrow
    "always": always,
    "rounds": in_rounds,
}


def find_schedule(name: str) -> Callable[[PruneConfig, Moment], float | None]:
    """Return the schedule of a name, ours or a user's; ValueError for none."""
    found = find_named("prune.schedule", name, SCHEDULES, adapt_part_of_config)
    return found if name in SCHEDULES else partial(find_target_checked, name, found)


def adapt_part_of_config(setting: str, name: str, found: Any) -> Callable[..., Any]:
    """Return a user's schedule, which is passed the configuration itself."""
    call = adapt_part(setting, name, found)
    return lambda config, moment: call(config, config, moment)


def find_target_checked(
    name: str, schedule: Callable[..., Any], config: PruneConfig, moment: Moment
) -> float | None:
    """Return the target of a user's schedule; ValueError where it is no sparsity."""
    target = schedule(config, moment)
    if target is None or (isinstance(target, int | float) and 0 <= target < 1):
        return target
    raise ValueError(
        f"prune.schedule: expected {name} to return a sparsity >= 0 and < 1, or None while nothing "
        f"is due, got {target!r} at progress {moment.progress:g}"
    )


# The settings of `prune.*` that a schedule reads beside the target.
SETTINGS_OF_SCHEDULES: dict[str, tuple[str, ...]] = {
    "one_shot": ("start",),
    "late": ("end",),
    "cubic": ("start", "end"),
    "rounds": ("start", "end", "rounds"),
}


def once(target: float) -> Iterator[float]:
    """Score once."""
    yield target


def exponential(target: float) -> Iterator[float]:
    """A hundred rounds whose densities shrink by one factor: (1 - target)^(k / 100) (SynFlow)."""
    for k in range(1, 101):
        yield 1 - (1 - target) ** (k / 100)


def halving(target: float) -> Iterator[float]:
    """Half first, then half of the way that is left, six times; then the target (CroPit)."""
    for k in range(6):
        yield min(target, target - (target - 0.5) * 0.5**k)
    yield target


ROUNDS: dict[str, Callable[[float], Iterator[float]]] = {
    "once": once,
    "exponential": exponential,
    "halving": halving,
}
