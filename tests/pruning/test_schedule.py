"""Schedules: when, how much. `progress` is the fraction of training that is done."""

import pytest

from nvp.config.trial_config import PruneConfig
from nvp.pruning import SCHEDULES, Moment
from nvp.pruning.schedule import ROUNDS

CONFIG = PruneConfig(method="nvp", sparsity=0.8, start=0.2, end=0.6)
TIMES = [i / 200 for i in range(201)]


def ask(name: str, progress: float, config: PruneConfig = CONFIG) -> float | None:
    return SCHEDULES[name](config, Moment(progress, progress - 1 / 200 if progress else -1))


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        (0.0, None),
        (0.199, None),
        (0.2, 0.0),
        (0.3, 0.8 * (1 - 0.75**3)),  # 0.4625
        (0.4, 0.8 * 0.875),
        (0.5, 0.8 * (1 - 0.25**3)),  # 0.7875
        (0.6, 0.8),
        (1.0, 0.8),
    ],
)
def test_cubic_by_hand(progress: float, expected: float | None) -> None:
    found = ask("cubic", progress)
    assert found == (expected if expected is None else pytest.approx(expected, abs=1e-12))


def test_cubic_with_the_end_at_the_start_is_one_step() -> None:
    config = PruneConfig(sparsity=0.8, start=0.5, end=0.5)
    assert ask("cubic", 0.499, config) is None
    assert ask("cubic", 0.51, config) == 0.8


def test_one_shot_by_hand() -> None:
    assert ask("one_shot", 0.199) is None
    assert ask("one_shot", 0.2) == 0.8


ONCE = ("at_init", "zero_at_init", "rounds")


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name not in ONCE])
def test_the_target_never_falls_and_is_reached(name: str) -> None:
    asked = [ask(name, progress) for progress in TIMES]
    values = [value for value in asked if value is not None]
    assert values == sorted(values)
    assert all(0 <= value <= CONFIG.sparsity for value in values)
    assert asked[-1] == CONFIG.sparsity
    assert None not in asked[asked.index(values[0]) :], "a schedule that starts goes on"
    reached = next(p for p, value in zip(TIMES, asked, strict=True) if value == CONFIG.sparsity)
    assert reached <= CONFIG.end


@pytest.mark.parametrize("name", ["soft", "always"])
def test_what_is_of_all_of_training_asks_from_the_first_epoch(name: str) -> None:
    assert ask(name, 0.0) is None, "the initial network is left alone"
    assert {ask(name, progress) for progress in TIMES[1:]} == {0.8}


@pytest.mark.parametrize("name", ["at_init", "zero_at_init"])
def test_at_init_asks_once_of_the_initial_network(name: str) -> None:
    assert ask(name, 0.0) == 0.8
    assert {ask(name, progress) for progress in TIMES[1:]} == {None}


def test_late_is_one_shot_at_the_end() -> None:
    assert ask("late", 0.59) is None
    assert ask("late", 0.6) == 0.8


@pytest.mark.parametrize(("rounds", "expected"), [(1, [0.2]), (3, [0.2, 0.4, 0.6])])
def test_rounds_are_spread_evenly_from_start_to_end(rounds: int, expected: list[float]) -> None:
    config = PruneConfig(start=0.2, end=0.6, rounds=rounds)
    due = [progress for progress in TIMES if ask("rounds", progress, config) is not None]
    assert due == expected


def test_rounds_within_a_step_by_hand() -> None:
    assert list(ROUNDS["once"](0.7)) == [0.7]
    assert list(ROUNDS["halving"](0.9)) == pytest.approx([0.5, 0.7, 0.8, 0.85, 0.875, 0.8875, 0.9])
    assert list(ROUNDS["halving"](0.3)) == [0.3] * 7
    densities = [1 - sparsity for sparsity in ROUNDS["exponential"](0.99)]
    assert len(densities) == 100
    assert densities[-1] == pytest.approx(0.01)
    assert densities[49] == pytest.approx(0.1)
