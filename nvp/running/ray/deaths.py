"""Deaths: how often each trial lost its process, and whether its node was lost too."""

import time
from collections import Counter
from dataclasses import dataclass

import ray

from nvp.storage.incidents import Incidents

LOST_RETRIES = 3
SILENT_RETRIES = 2  # the patience doubles each time
MEMORY_RETRIES = 10  # half as many trials run at a time after each
PREEMPTED_RETRIES = 20
DOUBT_SECONDS = 40.0  # Ray declares a node dead after 15 s without a sign of it (measured)


@dataclass(frozen=True)
class Death:
    """The death of a trial's process.

    Attributes:
        name: of the trial.
        node: that it ran on; empty where it died before its first report.
        alive: the nodes that were alive then.
        time: of the death, by the monotonic clock.
    """

    name: str
    node: str
    alive: frozenset[str]
    time: float

    def lost_node(self, alive: frozenset[str]) -> bool:
        """Whether its node is not alive any more; for an unknown node, whether any is not."""
        return not ({self.node} if self.node else self.alive) <= alive


class Deaths:
    """Tells apart how trials lost their processes: each way has a budget of its own.

    Ray reports a dead process within seconds but a dead node only after 15 s. So a death is in
    doubt at first; it counts as a failure of the trial only if its node still lives 40 s later.
    """

    def __init__(self, incidents: Incidents) -> None:
        self.incidents = incidents
        self.died: Counter[str] = Counter()
        self.preempted: Counter[str] = Counter()
        self.silent: Counter[str] = Counter()
        self.memory: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self.doubts: list[Death] = []
        self.driver_node = ray.get_runtime_context().get_node_id()

    def add_silent(self, name: str) -> None:
        """Take in that the driver ended the process of a trial for its silence."""
        self.silent[name] += 1

    def add_memory(self, name: str, node: str, usage: str) -> None:
        """Take in that Ray ended the process of a trial because the node's memory was short."""
        self.memory[name] += 1
        self.incidents.add("memory", f"memory was short{usage}", trial_id=name, node=node)

    def add(self, name: str, node: str, reason: str = "") -> None:
        """Take in that the process of a trial died, for a reason that may be known."""
        self.reasons[name] = f" (at last: {reason})" if reason else ""
        alive, now = list_alive_nodes(), time.monotonic()
        self.doubts.append(Death(name=name, node=node, alive=alive, time=now))
        self.count_settled()

    def count_settled(self) -> None:
        """Count the deaths that are no longer in doubt."""
        if not self.doubts:
            return
        alive = list_alive_nodes()
        for death in list(self.doubts):
            gone = death.lost_node(alive)
            waited = time.monotonic() - death.time >= DOUBT_SECONDS
            # The driver's own node lives as long as the driver: a death there is no preemption.
            near = death.node == self.driver_node or death.alive == {self.driver_node}
            if not (gone or waited or near):
                continue
            self.doubts.remove(death)
            kind, counts = ("preempted", self.preempted) if gone else ("died", self.died)
            counts[death.name] += 1
            reason = "its node went away" if gone else "its process died"
            self.incidents.add(kind, reason, trial_id=death.name, node=death.node)

    def wait_for_all(self) -> None:
        """Wait until no death is in doubt."""
        while self.doubts:
            time.sleep(0.5)
            self.count_settled()

    def is_last_chance(self, name: str) -> bool:
        """Whether one more death would be one too many; deaths in doubt count for both budgets."""
        doubtful = sum(death.name == name for death in self.doubts)
        return (
            self.died[name] + doubtful >= LOST_RETRIES
            or self.preempted[name] + doubtful >= PREEMPTED_RETRIES
            or self.silent[name] >= SILENT_RETRIES
        )

    def reason_to_give_up(self, name: str) -> str:
        """Return why a trial is not tried again; empty while it is."""
        if self.died[name] > LOST_RETRIES:
            return f"the trial's process died {self.died[name]} times{self.reasons.get(name, '')}"
        if self.silent[name] > SILENT_RETRIES:
            return (
                f"the trial showed no sign of life, {self.silent[name]} times: the driver ended "
                "its process each time"
            )
        if self.memory[name] > MEMORY_RETRIES:
            return f"Ray ended the trial's process {self.memory[name]} times: memory was short"
        if self.preempted[name] > PREEMPTED_RETRIES:
            return f"the trial's node went away {self.preempted[name]} times"
        return ""


def list_alive_nodes() -> frozenset[str]:
    """Return the ids of the nodes that Ray takes for alive."""
    return frozenset(node["NodeID"] for node in ray.nodes() if node["Alive"])
