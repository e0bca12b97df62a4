"""Pruning = criterion x allocation x schedule (x regrow); a published method is a row of METHODS.

To add a criterion: one file with a pure class `Criterion`, one line in CRITERIA. To add a
method: one row in METHODS and a card in docs/methods. `nvp methods` prints the table.
"""

from nvp.network.neuron_masks import mask_units, release_masks
from nvp.network.weight_masks import live_weights, weight_sparsity
from nvp.pruning.allocation import ALLOCATIONS
from nvp.pruning.criteria import CRITERIA, WEIGHT_CRITERIA
from nvp.pruning.evidence import Criterion, Evidence
from nvp.pruning.measuring_point import MeasuringPoint, Pruned
from nvp.pruning.methods import METHODS
from nvp.pruning.methods.method import Method
from nvp.pruning.network_support import check_support
from nvp.pruning.plan import PruningPlan
from nvp.pruning.plan_from_config import plan_pruning
from nvp.pruning.progress import count_masked_units, has_reached
from nvp.pruning.prune import prune
from nvp.pruning.schedule import SCHEDULES, SOFT, Moment
from nvp.pruning.sensitivity import Sensitivity

__all__ = [
    "ALLOCATIONS",
    "CRITERIA",
    "METHODS",
    "SCHEDULES",
    "SOFT",
    "WEIGHT_CRITERIA",
    "Criterion",
    "Evidence",
    "Method",
    "Moment",
    "Pruned",
    "PruningPlan",
    "MeasuringPoint",
    "Sensitivity",
    "check_support",
    "live_weights",
    "mask_units",
    "prune",
    "has_reached",
    "release_masks",
    "plan_pruning",
    "count_masked_units",
    "weight_sparsity",
]
