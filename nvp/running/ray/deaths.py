"""How often each trial lost its process, and whether its node went with it."""

import time
from collections import Counter
from dataclasses import dataclass

import ray

from nvp.storage.incidents import Incidents

LOST_RETRIES = 3
PREEMPTED_RETRIES = 20
DOUBT_SECONDS = 40.0  # Ray declares a node dead after 15 s without a sign of it (measured)


@dataclass(frozen=True)
class Death:
    """A process that died; `node` is empty where it died before it could say where it was.

    `alive` are the nodes that there were.
    """

    name: str
    node: str
    alive: frozenset[str]
    time: float

    def gone(self, alive: frozenset[str]) -> bool:
        """Whether its node is not there any more; of an unknown one, whether any is not."""
        return not ({self.node} if self.node else self.alive) <= alive


class Deaths:
    """Tells preemptions from failures: each has a budget of its own.

    The death of a process is seen within seconds, that of its node later: until then it is in
    doubt, and counts as a failure for now.
    """

    def __init__(self, incidents: Incidents) -> None:
        self.incidents = incidents
        self.died: Counter[str] = Counter()
        self.preempted: Counter[str] = Counter()
        self.doubts: list[Death] = []
        self.here = ray.get_runtime_context().get_node_id()

    def add(self, name: str, node: str) -> None:
        """Take in that the process of a trial died."""
        self.doubts.append(Death(name, node, alive_nodes(), time.monotonic()))
        self.judge()

    def judge(self) -> None:
        """Count the deaths that are no longer in doubt."""
        if not self.doubts:
            return
        alive = alive_nodes()
        for death in list(self.doubts):
            gone = death.gone(alive)
            waited = time.monotonic() - death.time >= DOUBT_SECONDS
            if not (gone or waited or death.node == self.here or death.alive == {self.here}):
                continue
            self.doubts.remove(death)
            kind, counts = ("preempted", self.preempted) if gone else ("died", self.died)
            counts[death.name] += 1
            reason = "its node went away" if gone else "its process died"
            self.incidents.add(kind, reason, trial_id=death.name, node=death.node)

    def settle(self) -> None:
        """Wait until no death is in doubt."""
        while self.doubts:
            time.sleep(0.5)
            self.judge()

    def last_chance(self, name: str) -> bool:
        """Whether one more death would be one too many."""
        doubtful = sum(death.name == name for death in self.doubts)
        return (
            self.died[name] + doubtful >= LOST_RETRIES
            or self.preempted[name] + doubtful >= PREEMPTED_RETRIES
        )

    def verdict(self, name: str) -> str:
        """Return why a trial is given up; empty while it is not."""
        if self.died[name] > LOST_RETRIES:
            return f"the trial's process died {self.died[name]} times"
        if self.preempted[name] > PREEMPTED_RETRIES:
            return f"the trial's node went away {self.preempted[name]} times"
        return ""


def alive_nodes() -> frozenset[str]:
    """Return the nodes that Ray takes for alive."""
    return frozenset(node["NodeID"] for node in ray.nodes() if node["Alive"])
