"""The simulated cluster: every GPU second is accounted for, and nothing is lost or done twice."""

from dataclasses import replace

import pytest

from benchmarks.cluster import Cluster, Job, Ledger, Setting

CALM = Setting(0.0, nodes=3, gpus_per_node=2)
STORMY = Setting(0.9, nodes=3, gpus_per_node=2, driver_restarts=3)


class Paper:
    """A planner that keeps its rows in memory."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.done: list[str] = []
        self.given_up: list[str] = []

    def missing(self) -> list[str]:
        return [name for name in self.names if name not in self.done]

    def ended(self, name: str) -> None:
        self.done.append(name)

    def lost(self, name: str) -> None:
        self.given_up.append(name)


def replay(setting: Setting, length: float = 1000.0, count: int = 40) -> tuple[Ledger, Paper]:
    jobs = {str(k): Job(str(k), k, length + k, length / 50) for k in range(count)}
    paper = Paper(list(jobs))
    return Cluster(setting, jobs, paper).run(), paper


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("setting", [CALM, STORMY, replace(STORMY, retries=0)])
def test_every_second_is_accounted_for_and_every_trial_ends_once(
    setting: Setting, seed: int
) -> None:
    ledger, paper = replay(replace(setting, seed=seed))
    parts = ledger.useful, ledger.repeated, ledger.starting, ledger.waiting, ledger.tail
    assert sum(parts) == pytest.approx(ledger.there)
    assert min(parts) >= 0
    assert sorted(paper.done, key=int) == paper.names
    assert ledger.useful == pytest.approx(sum(1000 + k for k in range(40)))
    assert ledger.longest_repetition <= 20
    assert len(paper.given_up) == ledger.given_up


def test_a_calm_cluster_repeats_nothing_and_starts_each_process_once() -> None:
    ledger, _ = replay(CALM)
    assert (ledger.repeated, ledger.interrupted, ledger.drivers) == (0, 0, 1)
    assert ledger.starting == 6 * CALM.actor_seconds
    assert ledger.waiting == 6 * CALM.driver_seconds


def test_a_storm_interrupts_and_a_driver_without_retries_gives_up() -> None:
    ledger, _ = replay(STORMY)
    assert ledger.preemptions > 0
    assert ledger.interrupted >= 3 * 6
    assert ledger.repeated > 0
    assert ledger.drivers >= 4
    assert replay(replace(STORMY, retries=0))[0].given_up > 0


def test_checkpoints_are_at_measuring_points() -> None:
    assert Job("a", 0, 1000.0, 7.0).period(20.0) == 21.0
    assert Job("a", 0, 1000.0, 30.0).period(20.0) == 30.0
