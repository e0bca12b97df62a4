"""Pruning = criterion x allocation x schedule; a published method is a row of METHODS.

To add a criterion: one file with a pure class `Criterion`, one line in CRITERIA. To add a
method: one row in METHODS and a card in docs/methods. `python -m nvp.pruning` prints the table.
"""

from nvp.pruning.allocate import ALLOCATIONS
from nvp.pruning.evidence import Criterion, Evidence
from nvp.pruning.mask import live_weights, mask_units, release
from nvp.pruning.methods import CRITERIA, METHODS, Method, resolve
from nvp.pruning.prune import Pruned, prune, sparsity
from nvp.pruning.schedule import SCHEDULES

__all__ = [
    "ALLOCATIONS",
    "CRITERIA",
    "METHODS",
    "SCHEDULES",
    "Criterion",
    "Evidence",
    "Method",
    "Pruned",
    "live_weights",
    "mask_units",
    "prune",
    "release",
    "resolve",
    "sparsity",
]
