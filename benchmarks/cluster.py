"""A cluster of spot nodes, simulated: what becomes of each GPU's seconds while a plan runs on it.

Trials sleep in simulated time; what the driver decides and writes is the engine's (`Planner`).
"""

import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

HOUR = 3600.0


@dataclass(frozen=True)
class Setting:
    """A cluster and how it is disturbed; seconds, unless said otherwise.

    Attributes:
        preempted: share of the nodes taken away in an hour, without notice.
        replaced_after: until a node that was taken away is back.
        driver_restarts: how often the driver is killed with all its trials and started again.
        nodes: how many there are.
        gpus_per_node: each runs one trial at a time.
        driver_seconds: from its start to its first trial.
        actor_seconds: from asking for a fresh process to its first step (Python, torch, data).
        checkpoint_seconds: least time between two checkpoints, which are at measuring points.
        retries: preemptions of a trial that one driver makes good.
        seed: of the moments at which nodes are taken.
    """

    preempted: float
    driver_restarts: int = 0
    nodes: int = 125
    gpus_per_node: int = 8
    replaced_after: float = 300.0
    driver_seconds: float = 60.0
    actor_seconds: float = 20.0
    checkpoint_seconds: float = 20.0
    retries: int = 20
    seed: int = 0


@dataclass
class Job:
    """A trial: its seconds of training, the seconds between its measuring points, how far it is."""

    name: str
    order: int
    length: float
    point: float
    saved: float = 0.0
    deaths: int = 0
    attempt: int = 0
    placed: float = 0.0
    begins: float = 0.0

    def period(self, least: float) -> float:
        """Return the seconds between two checkpoints."""
        return self.point * math.ceil(least / self.point)


class Planner(Protocol):
    """The driver's side: what is missing now, and how a trial ended."""

    def missing(self) -> list[str]:
        """Return the trials to run, in order; called at each start of the driver."""
        ...

    def ended(self, name: str) -> None:
        """Commit the row of a finished trial."""
        ...

    def lost(self, name: str) -> None:
        """Commit the row of a trial whose process died too often."""
        ...


@dataclass
class Ledger:
    """Seconds of GPUs, and counts.

    Attributes:
        useful: trained, and part of a finished trial.
        repeated: trained, and lost with a process.
        starting: until a fresh process trained.
        waiting: free while the driver was away.
        tail: free since nothing was left to start.
        there: all of these.
        span: seconds from the first start of the driver to the last trial's end.
    """

    useful: float = 0.0
    repeated: float = 0.0
    starting: float = 0.0
    waiting: float = 0.0
    tail: float = 0.0
    there: float = 0.0
    span: float = 0.0
    longest_repetition: float = 0.0
    preemptions: int = 0
    interrupted: int = 0
    given_up: int = 0
    drivers: int = 0


@dataclass
class Cluster:
    """The state of a replay; `run` plays it to the end."""

    setting: Setting
    jobs: dict[str, Job]
    planner: Planner
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.setting.seed)
        self.ticket = itertools.count()
        self.events: list[tuple] = []
        self.running: dict[tuple[int, int], Job] = {}
        self.free: list[tuple[int, int]] = []
        self.warm: set[tuple[int, int]] = set()
        self.up: dict[int, float] = {}  # node: since when
        self.queue: list[tuple[int, str]] = []
        self.listening = False
        self.now = 0.0

    def run(self) -> Ledger:
        """Play until every trial is finished; return the ledger."""
        for node in range(self.setting.nodes):
            self.node_comes(node)
        work = sum(job.length for job in self.jobs.values())
        expected = work / self.setting.nodes / self.setting.gpus_per_node
        count = self.setting.driver_restarts
        for k in range(count):
            self.at(expected * (k + 1) / (count + 1), self.driver_dies)
        self.at(self.setting.driver_seconds, self.driver_starts)
        while self.events:
            time, _, action, arguments = heapq.heappop(self.events)
            idle = (time - self.now) * len(self.free)
            if self.listening:
                self.ledger.tail += idle
            else:
                self.ledger.waiting += idle
            self.now = time
            action(*arguments)
            if self.listening and not self.queue and not self.running and not self.again():
                break
        self.ledger.span = self.now
        self.ledger.there += sum(self.now - since for since in self.up.values()) * self.width
        return self.ledger

    @property
    def width(self) -> int:
        """Return the GPUs of a node."""
        return self.setting.gpus_per_node

    def at(self, time: float, action: Callable[..., None], *arguments: object) -> None:
        """Let something happen."""
        heapq.heappush(self.events, (time, next(self.ticket), action, arguments))

    def again(self) -> bool:
        """Start the driver again when it gave trials up; return whether it had to."""
        left = any(job.saved < job.length for job in self.jobs.values())
        if left:
            self.listening = False
            self.at(self.now + self.setting.driver_seconds, self.driver_starts)
        return left

    def driver_starts(self) -> None:
        """Plan, and start what is missing."""
        self.listening = True
        self.ledger.drivers += 1
        self.queue = [(self.jobs[name].order, name) for name in self.planner.missing()]
        heapq.heapify(self.queue)
        for _, name in self.queue:
            self.jobs[name].deaths = 0
        self.fill()

    def driver_dies(self) -> None:
        """Take the driver away, and with it all processes of trials."""
        if not self.listening:
            return
        for slot in list(self.running):
            self.interrupt(slot)
            self.free.append(slot)
        self.listening, self.queue = False, []
        self.warm.clear()
        self.at(self.now + self.setting.driver_seconds, self.driver_starts)

    def node_comes(self, node: int) -> None:
        """Add a node, and draw how long it stays."""
        self.up[node] = self.now
        self.free += list(self.slots(node))
        if self.setting.preempted:
            rate = -math.log1p(-self.setting.preempted) / HOUR
            self.at(self.now + self.draw.expovariate(rate), self.node_goes, node)
        self.fill()

    def node_goes(self, node: int) -> None:
        """Take a node away, and the trials on it."""
        self.ledger.preemptions += 1
        self.ledger.there += (self.now - self.up.pop(node)) * self.width
        for slot in self.slots(node):
            if slot in self.running:
                self.retry(self.interrupt(slot))
            else:
                self.free.remove(slot)
            self.warm.discard(slot)
        self.at(self.now + self.setting.replaced_after, self.node_comes, node)
        self.fill()

    def slots(self, node: int) -> Iterator[tuple[int, int]]:
        """Return the GPUs of a node."""
        return ((node, gpu) for gpu in range(self.width))

    def fill(self) -> None:
        """Start queued trials on free GPUs."""
        while self.listening and self.queue and self.free:
            _, name = heapq.heappop(self.queue)
            slot, job = self.free.pop(), self.jobs[name]
            start = 0.0 if slot in self.warm else self.setting.actor_seconds
            self.warm.add(slot)
            job.placed, job.begins = self.now, self.now + start
            job.attempt += 1
            self.running[slot] = job
            self.at(job.begins + job.length - job.saved, self.ends, slot, job, job.attempt)

    def ends(self, slot: tuple[int, int], job: Job, attempt: int) -> None:
        """Finish a trial, unless that attempt was interrupted."""
        if self.running.get(slot) is not job or job.attempt != attempt:
            return
        del self.running[slot]
        self.account(job)
        job.saved = job.length
        self.ledger.useful += job.length
        self.planner.ended(job.name)
        self.free.append(slot)
        self.fill()

    def account(self, job: Job) -> float:
        """Add an attempt's start to the ledger; return its seconds of training."""
        self.ledger.starting += min(self.now, job.begins) - job.placed
        return max(self.now - job.begins, 0.0)

    def interrupt(self, slot: tuple[int, int]) -> Job:
        """Stop what runs on a GPU; it keeps what its last checkpoint has."""
        job = self.running.pop(slot)
        trained = self.account(job)
        period = job.period(self.setting.checkpoint_seconds)
        kept = period * math.floor(trained / period)
        job.saved += kept
        self.ledger.interrupted += 1
        self.ledger.repeated += trained - kept
        self.ledger.longest_repetition = max(self.ledger.longest_repetition, trained - kept)
        return job

    def retry(self, job: Job) -> None:
        """Queue a trial again, or give it up until the next start of the driver."""
        job.deaths += 1
        if job.deaths > self.setting.retries:
            self.ledger.given_up += 1
            self.planner.lost(job.name)
        else:
            heapq.heappush(self.queue, (job.order, job.name))
