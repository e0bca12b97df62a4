"""The laws of a learning-rate schedule."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from nvp.config.trial_config import OptimConfig
from nvp.testing.law import Law, Suite, expect
from nvp.training.optim import learning_rate

PEAK = 0.3  # optim.lr of the laws
PROGRESS = (*(k / 400 for k in range(400)), math.nextafter(1, 0), 1.0)


@dataclass(frozen=True)
class ScheduleCase:
    """A learning-rate schedule with its settings, at fractions of training in [0, 1]."""

    config: OptimConfig
    progress: Iterable[float] = PROGRESS

    def __str__(self) -> str:
        return self.config.schedule

    def rates(self) -> dict[float, float]:
        """Return {fraction of training: learning rate}."""
        return {progress: learning_rate(self.config, progress) for progress in self.progress}


def the_rate_is_never_above_its_peak_nor_below_zero(case: ScheduleCase) -> None:
    """`optim.lr` is the largest rate, so that a sweep of it means the same for every schedule."""
    for progress, rate in case.rates().items():
        text = f"a rate in [0, optim.lr={case.config.lr:g}] after the fraction {progress:g}"
        expect(0 <= rate <= case.config.lr, text, rate)


def it_scales_with_the_learning_rate(case: ScheduleCase) -> None:
    """A schedule returns a factor: twice `optim.lr` is twice the rate at every moment."""
    double = OptimConfig(**{**vars(case.config), "lr": 2 * case.config.lr})
    for progress, rate in case.rates().items():
        found = learning_rate(double, progress)
        text = f"{2 * rate:g} at twice the learning rate after the fraction {progress:g}"
        expect(math.isclose(found, 2 * rate, rel_tol=1e-9, abs_tol=1e-15), text, found)


def it_trains_at_some_time(case: ScheduleCase) -> None:
    """The rate is not 0 throughout."""
    rates = case.rates().values()
    expect(any(rate > 0 for rate in rates), "a rate above 0 at some time", "0 throughout")


class ScheduleSuite(Suite):
    """The laws of a learning-rate schedule.

    Attributes:
        name: as in `optim.schedule`.
        settings: of `optim.*`, without the prefix.
    """

    laws: ClassVar[tuple[Law, ...]] = (
        the_rate_is_never_above_its_peak_nor_below_zero,
        it_scales_with_the_learning_rate,
        it_trains_at_some_time,
    )
    settings: Mapping[str, Any] = {}

    def cases(self) -> Iterator[ScheduleCase]:
        """Return the schedule."""
        yield ScheduleCase(OptimConfig(**{"lr": PEAK, "schedule": self.name, **self.settings}))
