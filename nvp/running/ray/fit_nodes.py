"""Which nodes of the cluster trials are kept off, and why."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from nvp.running.node_check import NodeCheck, unfit
from nvp.storage.incidents import Incidents

STREAK = 3  # trials that fail one after another on a node, while others end well elsewhere
SURVEY_SECONDS = 120


@dataclass
class Nodes:
    """Fit nodes and others.

    Attributes:
        incidents: where it is written down.
        bad: {node: why trials are kept off it}.
        streaks: {node: trials that failed there since one last ended well there}.
        worked: nodes on which a trial ended well.
        accused: {trial that runs again: the node it failed on, avoided for that}.
        cleared: nodes that are no worse than others.
        changed: whether `bad` changed since this was last set to False.
    """

    incidents: Incidents
    bad: dict[str, str] = field(default_factory=dict)
    streaks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    worked: set[str] = field(default_factory=set)
    accused: dict[str, str] = field(default_factory=dict)
    cleared: set[str] = field(default_factory=set)
    changed: bool = False

    def avoid(self, node: str, kind: str, reason: str) -> bool:
        """Keep trials off a node from the next round on; return whether it is news."""
        if node in self.bad:
            return False
        self.bad[node] = reason
        self.changed = True
        self.incidents.add(kind, reason, node=node)
        return True

    def ended_well(self, node: str) -> list[str]:
        """Take in that a trial ran to its end on a node; return as `failed` does."""
        self.worked.add(node)
        self.streaks.pop(node, None)
        return self.accuse()

    def failed(self, node: str, name: str) -> list[str]:
        """Take in that a trial failed on a node; return those to run again elsewhere.

        One bad GPU would eat a whole grid; one bad corner of a grid fails on every node: so a node
        whose trial fails elsewhere, too, is cleared, for good.
        """
        accused = self.accused.pop(name, "")
        if accused and accused != node and self.bad.pop(accused, None):
            self.cleared.add(accused)
            self.changed = True
        self.streaks[node].append(name)
        return self.accuse()

    def accuse(self) -> list[str]:
        """Avoid nodes on which trials failed in a row; return those trials."""
        again: list[str] = []
        for node in set(self.streaks) - self.cleared - set(self.bad):
            streak = list(dict.fromkeys(self.streaks[node]))
            if len(streak) < STREAK or not self.worked - {node} - set(self.bad):
                continue
            reason = f"{len(streak)} trials failed here in a row, while others ended well elsewhere"
            self.avoid(node, "avoided", reason)
            self.accused |= dict.fromkeys(streak, node)
            again += streak
        return again

    def selector(self) -> dict[str, str]:
        """Return the labels that a node must have for a trial; empty when any will do."""
        return {"ray.io/node-id": f"!in({','.join(self.bad)})"} if self.bad else {}

    def fit(self, gpus: float) -> list[dict[str, Any]]:
        """Return the nodes that are there, can hold a trial and are not avoided."""
        return [node for node in able(gpus) if node["NodeID"] not in self.bad]

    def check(self, gpus: float) -> None:
        """Raise ValueError when the cluster has nodes for trials, and none of them is fit."""
        if able(gpus) and not self.fit(gpus):
            reasons = "\n".join(f"  node {node[:12]}: {why}" for node, why in self.bad.items())
            raise ValueError(f"expected a node that is fit for trials, got none:\n{reasons}")

    def survey(self, check: NodeCheck, gpus: float) -> list[str]:
        """Check every node that is free now; return the reasons against those that are unfit.

        A node that comes later, or is busy, is checked by its first trial.
        """
        task = ray.remote(num_cpus=0, num_gpus=gpus, max_retries=0)(unfit)
        refs = {
            task.options(scheduling_strategy=pinned(node["NodeID"])).remote(check): node["NodeID"]
            for node in able(gpus)
        }
        ready, late = ray.wait(list(refs), num_returns=len(refs), timeout=SURVEY_SECONDS)
        for ref in late:
            ray.cancel(ref, force=True)
        reasons = {refs[ref]: answer(ref) for ref in ready}
        for node, reason in reasons.items():
            if reason:
                self.avoid(node, "unfit", reason)
        self.changed = False  # no round is under way
        return [reason for reason in reasons.values() if reason]


def answer(ref: Any) -> str:
    """Return what a node said of itself; also when it could not even run the check."""
    try:
        return ray.get(ref)
    except RayError as error:
        lines = str(error).strip().splitlines()
        return f"setup: the check does not run there: {lines[-1]}; set the node up again (ray up)"


def able(gpus: float) -> list[dict[str, Any]]:
    """Return the nodes that are there and can hold a trial."""
    return [
        node
        for node in ray.nodes()
        if node["Alive"]
        and node["Resources"].get("CPU", 0) >= 1
        and node["Resources"].get("GPU", 0) >= gpus
    ]


def pinned(node: str) -> NodeAffinitySchedulingStrategy:
    """Return the way to run something on one node and no other."""
    return NodeAffinitySchedulingStrategy(node, soft=False)
