"""Schedules: when, how much. `progress` is the fraction of training that is done."""

import pytest

from nvp.config import PruneConfig
from nvp.pruning import SCHEDULES

CONFIG = PruneConfig(method="nvp", sparsity=0.8, start=0.2, end=0.6)
TIMES = [i / 200 for i in range(201)]


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
    found = SCHEDULES["cubic"](CONFIG, progress)
    assert found == (expected if expected is None else pytest.approx(expected, abs=1e-12))


def test_cubic_with_the_end_at_the_start_is_one_step() -> None:
    config = PruneConfig(sparsity=0.8, start=0.5, end=0.5)
    assert SCHEDULES["cubic"](config, 0.499) is None
    assert SCHEDULES["cubic"](config, 0.51) == 0.8


def test_one_shot_by_hand() -> None:
    assert SCHEDULES["one_shot"](CONFIG, 0.199) is None
    assert SCHEDULES["one_shot"](CONFIG, 0.2) == 0.8


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_target_never_falls_and_is_reached(name: str) -> None:
    asked = [SCHEDULES[name](CONFIG, progress) for progress in TIMES]
    values = [value for value in asked if value is not None]
    assert values == sorted(values)
    assert all(0 <= value <= CONFIG.sparsity for value in values)
    assert asked[-1] == CONFIG.sparsity
    assert None not in asked[asked.index(values[0]) :], "a schedule that starts goes on"
    reached = next(p for p, value in zip(TIMES, asked, strict=True) if value == CONFIG.sparsity)
    assert reached <= CONFIG.end


@pytest.mark.parametrize("name", ["soft", "always"])
def test_what_is_of_all_of_training_asks_from_the_beginning(name: str) -> None:
    assert {SCHEDULES[name](CONFIG, progress) for progress in TIMES} == {0.8}
