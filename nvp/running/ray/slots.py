"""Slots: how many trials run at a time, and what each asks of a node."""

from dataclasses import replace
from math import ceil
from typing import Any

from ray import tune

from nvp.running.ray.connection import Resources
from nvp.running.ray.fit_nodes import Nodes


def count_slots(resources: Resources, nodes: Nodes) -> int:
    """Return how many trials run at a time on the cluster as it is now; at least one."""
    gpus = resources.gpus_per_trial
    have = [node["Resources"] for node in nodes.list_fit(gpus)]
    count = sum(node["CPU"] // resources.cpus_per_trial for node in have)
    if gpus:
        count = min(count, sum(node["GPU"] for node in have) / gpus)
    whole = int(count + 1e-6)  # 1 / 3 three times may be a little less than 1
    return max(1, min(whole, resources.max_concurrent or whole))


def limit_to(most: int | None, resources: Resources, nodes: Nodes) -> Resources:
    """Return the resources with which at most so many trials run at a time.

    Each then takes more cores, so that they do not crowd on one of several nodes.
    """
    if most is None:
        return resources
    cores = [int(node["Resources"]["CPU"]) for node in nodes.list_fit(resources.gpus_per_trial)]
    on_each = max(1, ceil(most / max(1, len(cores))))
    return replace(
        resources,
        max_concurrent=min(most, resources.max_concurrent or most),
        cpus_per_trial=max(1, min(cores, default=1) // on_each),
    )


def request_bundle(resources: Resources, nodes: Nodes) -> Any:
    """Return the request for one trial: a CPU, a share of a GPU, a node that is not avoided."""
    bundle = {"CPU": float(resources.cpus_per_trial)} | (
        {"GPU": resources.gpus_per_trial} if resources.gpus_per_trial else {}
    )
    selector = nodes.selector()
    how: dict[str, Any] = {"bundle_label_selector": [selector]} if selector else {}
    return tune.PlacementGroupFactory([bundle], **how)
