"""Laws of every criterion of the registry, over measuring points of a network that changes."""

from collections.abc import Iterator

import pytest
import torch

from nvp.pruning.criteria import CRITERIA, WEIGHT_CRITERIA
from nvp.testing import CriterionSuite, WeightCriterionSuite
from nvp.testing.criterion_case import CriterionCase, draws_at_random
from tests.in_turn import in_turn

pytestmark = pytest.mark.one_in(3)

torch.set_num_threads(1)
SETTINGS = {"alpha_conv": 0.7, "alpha_fc": 0.7}


class TestCriteria(CriterionSuite):
    settings = SETTINGS

    @pytest.fixture(autouse=True, params=in_turn(CRITERIA, ["conv", "hidden"]))
    def _named(self, request: pytest.FixtureRequest) -> None:
        self.name, self.layer = request.param

    def cases(self) -> Iterator[CriterionCase]:
        (case,) = super().cases()
        yield CriterionCase(case.name, case.build, (self.layer,))


class TestWeightCriteria(WeightCriterionSuite):
    settings = SETTINGS

    @pytest.fixture(autouse=True, params=WEIGHT_CRITERIA)
    def _named(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param


def test_the_controls_alone_draw_at_random() -> None:
    """The laws let these off: their scores follow no neuron."""
    for suite, criteria, granularity in (
        (CriterionSuite, CRITERIA, "neuron"),
        (WeightCriterionSuite, WEIGHT_CRITERIA, "weight"),
    ):
        cases = [case for name in criteria for case in suite.named(name, settings=SETTINGS).cases()]
        assert [each.name for each in cases if draws_at_random(each, granularity)] == ["random"]
