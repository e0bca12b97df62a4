"""The laws of an activation function."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.layers import make_activation
from nvp.testing.law import Law, Suite, expect

POINTS = torch.tensor([-4.0, -1.0, -0.25, 0.0, 0.25, 0.5, 1.0, 2.0, 4.0])


@dataclass(frozen=True)
class ActivationCase:
    """An activation function with one slope; `make` returns it anew."""

    name: str
    slope: float
    make: Callable[[], Callable[[Tensor], Tensor]]

    def __str__(self) -> str:
        return f"{self.name} (model.slope={self.slope:g})"


def of_zero_it_is_zero(case: ActivationCase) -> None:
    """A masked neuron is silent because its activation of 0 is 0."""
    found = case.make()(torch.zeros(3)).tolist()
    expect(found == [0.0, 0.0, 0.0], "0 of 0, so that a masked neuron is silent", found)


def of_positive_values_it_is_positive(case: ActivationCase) -> None:
    """A neuron counts as firing where its activation is positive."""
    found = case.make()(torch.tensor([0.5, 2.0])).tolist()
    expect(all(value > 0 for value in found), "positive values of 0.5 and 2", found)


def each_value_is_its_own(case: ActivationCase) -> None:
    """It is applied to each value alone: a neuron that is removed moves no other one.

    In float64: on some CPUs torch takes one formula for a vector and another for what is left over,
    and in float32 these differ in the sixth digit.
    """
    points = POINTS.double()
    together = case.make()(points.clone())
    alone = torch.cat([case.make()(point.clone().view(1)) for point in points])
    expect(together.shape == POINTS.shape, "as many values as it is given", tuple(together.shape))
    same = torch.allclose(together, alone, rtol=1e-9, atol=1e-12)
    expect(same, f"the values of each number alone, {alone.tolist()}", together.tolist())


def it_has_a_finite_derivative(case: ActivationCase) -> None:
    """Training goes through it, for large and small values."""
    x = torch.cat([POINTS, torch.tensor([-1e4, 1e4])]).requires_grad_()
    (slope,) = torch.autograd.grad(case.make()(x.clone()).sum(), x)
    expect(bool(slope.isfinite().all()), "finite derivatives", slope.tolist())


def in_float64_it_stays_in_float64(case: ActivationCase) -> None:
    """It keeps the type of what it is given."""
    found = case.make()(POINTS.double()).dtype
    expect(found == torch.float64, "float64 of float64", found)


class ActivationSuite(Suite):
    """The laws of an activation function.

    Attributes:
        name: as in `model.activation`.
        slopes: values of `model.slope` that the laws are tried with.
    """

    laws: ClassVar[tuple[Law, ...]] = (
        of_zero_it_is_zero,
        of_positive_values_it_is_positive,
        each_value_is_its_own,
        it_has_a_finite_derivative,
        in_float64_it_stays_in_float64,
    )
    slopes: tuple[float, ...] = (0.0, 0.01, 0.3)

    def cases(self) -> Iterator[ActivationCase]:
        """Return the activation with each slope."""
        for slope in self.slopes:
            config = ModelConfig(activation=self.name, slope=slope)

            def make(config: ModelConfig = config) -> nn.Module:
                return make_activation(config)

            yield ActivationCase(self.name, slope, make)
