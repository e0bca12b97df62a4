"""Pruning = criterion x allocation x schedule (x regrow); a published method is a row of METHODS.

A user's own parts need no line here: `prune.criterion=package.module:attribute` names them. To add
one of nvp's criteria: one file with a pure class `Criterion`, one line in CRITERIA. To add a
method: one row in METHODS and a card in docs/methods. `nvp methods` prints the table.

criteria/         a score for each neuron or weight: one file a criterion
methods/          METHODS, published methods as rows of configuration
regrowth/         neurons and weights that come back
nn_relief/        the criterion of NN Relief, which masks by a rule of its own
plan              PruningPlan: a method with the parts that a trial overrides
plan_from_config  from a configuration to its plan
own               a user's criterion, method or other part, by a dotted name
settings_read     which settings of prune.* a plan reads
adopted_support   the same check of an adopted network
network_support   the check that a network has all that a method needs
prune             one pruning step
measuring_point   the arguments and the result of a pruning step
schedule          the sparsity to reach, by the progress of training
trigger           conditions of the network that pruning waits for
evidence          the measurements that a criterion may read
sensitivity       derivatives of the whole network over a few training images
derivatives       gradients and Hessian products by named tensors
scoring           scores of all that can be masked
allocation        from scores to masks: where the sparsity goes
masking           from masks to a changed network
progress          counts of masked units, and whether a target is reached
rewinding         back to the initial weights after each pruning
removal_policy    when removal of masked neurons pays
rankings          the scores of every criterion at one measuring point
ranking_overlap   how similar two rankings are
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
from nvp.pruning.prune import prune_point
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
    "prune_point",
    "has_reached",
    "release_masks",
    "plan_pruning",
    "count_masked_units",
    "weight_sparsity",
]
