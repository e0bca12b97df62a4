"""Fit nodes: the nodes of the cluster that trials run on, and those that they are kept off."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import OutOfMemoryError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from nvp.running.node_check import NodeCheck, find_fault
from nvp.storage.incidents import Incidents

STREAK = 3  # trials that fail one after another on a node that may be at fault
CHECK_SECONDS = 120


@dataclass
class Nodes:
    """The nodes that trials are kept off, and the trials that speak for and against each node.

    Attributes:
        incidents: where each node that is avoided is written down.
        bad: {node: why trials are kept off it}.
        streaks: {node: trials that failed there since the last one that ended well there}.
        worked: nodes on which a trial ended well.
        accused: {trial that runs again: the node that it failed on and that is avoided for it}.
        cleared: nodes whose trials failed elsewhere, too; they are never avoided again.
        gpus: what a trial needs of a node.
        changed: whether `bad` changed since this was last set to False.
    """

    incidents: Incidents
    bad: dict[str, str] = field(default_factory=dict)
    streaks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    worked: set[str] = field(default_factory=set)
    accused: dict[str, str] = field(default_factory=dict)
    cleared: set[str] = field(default_factory=set)
    gpus: float = 0.0
    changed: bool = False

    def avoid(self, node: str, kind: str, reason: str) -> bool:
        """Keep trials off a node from the next round on; return whether they were not yet."""
        if node in self.bad:
            return False
        self.bad[node] = reason
        self.changed = True
        self.incidents.add(kind, reason, node=node)
        return True

    def note_success(self, node: str) -> list[str]:
        """Take in that a trial ran to its end on a node; return trials to run again elsewhere."""
        self.worked.add(node)
        self.streaks.pop(node, None)
        return self.avoid_streaks()

    def note_failure(self, node: str, name: str) -> list[str]:
        """Take in that a trial failed on a node; return trials to run again elsewhere.

        A node with a bad GPU would fail a whole grid, so a node is avoided after a few failures in
        a row, and what fails there until it is left alone runs again, too. A bad corner of a grid
        fails on every node, so a node whose trial fails on another one, too, is cleared for good.
        """
        accused = self.accused.pop(name, "")
        if accused and accused != node and self.bad.pop(accused, None):
            self.cleared.add(accused)
            self.changed = True
        self.streaks[node].append(name)
        if node in self.bad and not accused:
            self.accused[name] = node
            return [name]
        return self.avoid_streaks()

    def avoid_streaks(self) -> list[str]:
        """Avoid nodes on which trials failed in a row; return those trials."""
        again: list[str] = []
        for node in set(self.streaks) - self.cleared - set(self.bad):
            streak = list(dict.fromkeys(self.streaks[node]))
            worked = self.worked - {node} - set(self.bad)
            if len(streak) < STREAK or not (worked or self.list_unheard(node)):
                continue
            why = "while others ended well elsewhere" if worked else "and run elsewhere first"
            reason = f"{len(streak)} trials failed here in a row, {why}"
            self.avoid(node, "avoided", reason)
            self.accused |= dict.fromkeys(streak, node)
            again += streak
        return again

    def list_unheard(self, node: str) -> list[str]:
        """Return the other fit nodes on which no trial ended yet.

        A trial that fails at once is faster than one that trains: a bad node has gone through a
        grid before another node has ended its first.
        """
        heard = {node, *self.worked, *self.streaks}
        return [one["NodeID"] for one in self.list_fit(self.gpus) if one["NodeID"] not in heard]

    def selector(self) -> dict[str, str]:
        """Return the labels that a node must have for a trial; empty when any will do."""
        return {"ray.io/node-id": f"!in({','.join(self.bad)})"} if self.bad else {}

    def list_fit(self, gpus: float) -> list[dict[str, Any]]:
        """Return the live nodes that can hold a trial and are not avoided."""
        return [node for node in list_large_enough(gpus) if node["NodeID"] not in self.bad]

    def require_one(self, gpus: float) -> None:
        """Raise ValueError when the cluster has nodes for trials, and none of them is fit.

        A cluster without any such node passes: it may start one.
        """
        if list_large_enough(gpus) and not self.list_fit(gpus):
            reasons = "\n".join(f"  node {node[:12]}: {why}" for node, why in self.bad.items())
            raise ValueError(f"expected a node that is fit for trials, got none:\n{reasons}")

    def check_free_nodes(self, check: NodeCheck, gpus: float) -> list[str]:
        """Check every node that is free now; return the reasons against those that are unfit.

        A node that comes later, or is busy, is checked by its first trial.
        """
        self.gpus = gpus
        task = ray.remote(num_cpus=0, num_gpus=gpus, max_retries=0)(find_fault)
        refs = {
            task.options(scheduling_strategy=bind_to_node(node["NodeID"])).remote(check): node[
                "NodeID"
            ]
            for node in list_large_enough(gpus)
        }
        ready, late = ray.wait(list(refs), num_returns=len(refs), timeout=CHECK_SECONDS)
        for ref in late:
            ray.cancel(ref, force=True)
        reasons = {refs[ref]: read_fault(ref) for ref in ready}
        for node, reason in reasons.items():
            if reason:
                self.avoid(node, "unfit", reason)
        self.changed = False  # no round is under way
        return [reason for reason in reasons.values() if reason]


def read_fault(ref: Any) -> str:
    """Return the fault that a node's check found, or that the check does not run there."""
    try:
        return ray.get(ref)
    except OutOfMemoryError:
        return ""  # memory may come back; its first trial checks the node
    except RayError as error:
        lines = str(error).strip().splitlines()
        return f"setup: the check does not run there: {lines[-1]}; set the node up again (ray up)"


def list_large_enough(gpus: float) -> list[dict[str, Any]]:
    """Return the live nodes that have a CPU core and `gpus` GPUs for a trial."""
    return [
        node
        for node in ray.nodes()
        if node["Alive"]
        and node["Resources"].get("CPU", 0) >= 1
        and node["Resources"].get("GPU", 0) >= gpus
    ]


def describe_place(gpus: float) -> str:
    """Return what a trial needs of a node, in words."""
    share = "a GPU" if gpus == 1 else f"1/{1 / gpus:.0f} of a GPU" if gpus else ""
    return f"a CPU core{' and ' if share else ''}{share}"


def bind_to_node(node: str) -> NodeAffinitySchedulingStrategy:
    """Return the strategy that runs something on one node and on no other."""
    return NodeAffinitySchedulingStrategy(node, soft=False)
