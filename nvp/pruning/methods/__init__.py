"""METHODS: published methods as rows of configuration; docs/methods has a card for each.

method        the type of a row
by_activity   methods that prune by what neurons do
compared      methods that these are compared with
"""

from nvp.pruning.methods.by_activity import METHODS_BY_ACTIVITY
from nvp.pruning.methods.compared import METHODS_COMPARED
from nvp.pruning.methods.method import Granularity, Method, Need

METHODS: dict[str, Method] = METHODS_BY_ACTIVITY | METHODS_COMPARED
"""The pruning methods by name; `prune.method` takes a name of it."""

__all__ = ["METHODS", "METHODS_BY_ACTIVITY", "METHODS_COMPARED", "Granularity", "Method", "Need"]
