"""Schedule: how much sparsity, when. `progress` is the fraction of training that is done.

Source: Zhu and Gupta, "To prune, or not to prune", 2017 (cubic); He et al., "Soft filter
pruning", 2018 (soft).
"""

from collections.abc import Callable

from nvp.config import PruneConfig


def one_shot(config: PruneConfig, progress: float) -> float | None:
    """The whole target at once, at `start`."""
    return config.sparsity if progress >= config.start else None


def cubic(config: PruneConfig, progress: float) -> float | None:
    """From 0 at `start` to the target at `end`, steep at first; then the mask is frozen."""
    if progress < config.start:
        return None
    done = min(1.0, (progress - config.start) / max(config.end - config.start, 1e-12))
    return config.sparsity * (1 - (1 - done) ** 3)


def soft(config: PruneConfig, progress: float) -> float | None:
    """The whole target at every measuring point; in between the zeroed neurons may regrow."""
    return config.sparsity


def always(config: PruneConfig, progress: float) -> float | None:
    """At every measuring point; for allocations whose sparsity is an outcome."""
    return config.sparsity


SCHEDULES: dict[str, Callable[[PruneConfig, float], float | None]] = {
    "one_shot": one_shot,
    "cubic": cubic,
    "soft": soft,
    "always": always,
}
