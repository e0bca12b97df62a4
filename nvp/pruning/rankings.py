"""Rankings: what every criterion makes of a network at one measuring point; nothing is pruned."""

import copy
from collections.abc import Collection
from dataclasses import dataclass

from jaxtyping import Bool
from torch import Tensor, nn

from nvp.config.trial_config import PruneConfig
from nvp.pruning.allocation import ALLOCATIONS, Scores
from nvp.pruning.criteria import CRITERIA_OF
from nvp.pruning.measuring_point import MeasuringPoint
from nvp.pruning.methods.method import Granularity
from nvp.pruning.network_support import NEEDS, check_needs
from nvp.pruning.plan import PruningPlan
from nvp.pruning.scoring import SCORES, count_floors

ALLOCATION: dict[Granularity, str] = {"neuron": "network", "weight": "network_raw"}


@dataclass(frozen=True)
class Ranking:
    """The scores of one criterion.

    Attributes:
        criterion: a name in CRITERIA or in WEIGHT_CRITERIA.
        granularity: "neuron" or "weight".
        scores: {group: of its units} or {weight: of its entries}; -inf where masked.
        remembers: whether it had what the trial's method remembered of earlier measuring points.
    """

    criterion: str
    granularity: Granularity
    scores: Scores
    remembers: bool


def rank_by_criteria(
    point: MeasuringPoint,
    plan: PruningPlan,
    granularity: Granularity,
    activation: str,
    names: Collection[str] | None = None,
) -> tuple[list[Ranking], dict[str, str]]:
    """Return the ranking of every criterion that the network supports, and why not the others.

    Each works on a copy of the point's memory and stream: the point stays as it was. Only the
    trial's own criterion has a memory; any other judges as it would at its first measuring point.

    Args:
        point: the measuring point.
        plan: of the trial's pruning.
        granularity: "neuron" or "weight".
        activation: of the network, a name in ACTIVATIONS.
        names: of criteria; None is all.
    """
    found, skipped = [], {}
    for name in CRITERIA_OF[granularity] if names is None else names:
        reason = explain_unsupported(name, point.model, activation)
        if reason:
            skipped[name] = reason
            continue
        own = (name, granularity) == (plan.criterion, plan.granularity)
        apart = copy_point(point, remembers=own)
        scores = SCORES[granularity](apart, plan.config, name)
        found.append(Ranking(name, granularity, scores, own and bool(point.memory)))
    return found, skipped


def explain_unsupported(criterion: str, model: nn.Module, activation: str) -> str:
    """Return why the network does not support a criterion; "" where it does."""
    try:
        needs = NEEDS.get(criterion, ())
        check_needs(f"criterion {criterion}", needs, model, activation)
    except ValueError as error:
        return str(error)
    return ""


def copy_point(point: MeasuringPoint, *, remembers: bool) -> MeasuringPoint:
    """Return a copy with a memory and a stream of its own, and the derivatives shared."""
    apart = copy.copy(point)
    apart.network = point.network
    apart.memory = dict(point.memory) if remembers else {}
    apart.ties = point.ties.clone_state()
    return apart


def predict_masked(
    ranking: Ranking, config: PruneConfig, sparsity: float
) -> dict[str, Bool[Tensor, "..."]]:
    """Return what of each group the ranking would newly mask, at that sparsity over the pool.

    All rankings of a granularity share an allocation, whatever their methods do: `network` for
    neurons, `network_raw` for weights. Floors are the trial's.
    """
    floors = count_floors(ranking.scores, config, ranking.granularity)
    keep = ALLOCATIONS[ALLOCATION[ranking.granularity]](ranking.scores, sparsity, floors)
    return {g: ~keep[g] & (score > -float("inf")) for g, score in ranking.scores.items()}
