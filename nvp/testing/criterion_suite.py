"""The laws of a criterion, of neurons or of single weights."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from nvp.config.trial_config import PruneConfig
from nvp.pruning import plan_pruning
from nvp.testing import neuron_criterion_laws, weight_criterion_laws
from nvp.testing.criterion_case import CriterionCase
from nvp.testing.law import Law, Suite


class CriterionSuite(Suite):
    """The laws of a criterion that scores neurons.

    Attributes:
        name: as in `prune.criterion`.
        method: a method whose criterion it replaces.
        settings: of `prune.*`, without the prefix.
    """

    laws: ClassVar[tuple[Law, ...]] = (
        neuron_criterion_laws.one_finite_score_a_neuron,
        neuron_criterion_laws.the_same_evidence_has_the_same_scores,
        neuron_criterion_laws.permuted_neurons_have_permuted_scores,
        neuron_criterion_laws.masked_neurons_have_no_score_and_come_back,
        neuron_criterion_laws.a_neuron_without_weights_and_signal_scores_lowest,
        neuron_criterion_laws.scoring_changes_nothing,
    )
    method: str = "magnitude"
    settings: Mapping[str, Any] = {}

    def cases(self) -> Iterator[CriterionCase]:
        """Return the criterion."""
        yield make_case(self.name, self.method, self.settings)


class WeightCriterionSuite(Suite):
    """The laws of a criterion that scores single weights; attributes as in `CriterionSuite`.

    A criterion for both has a test class of each.
    """

    laws: ClassVar[tuple[Law, ...]] = (
        weight_criterion_laws.one_finite_score_a_weight,
        weight_criterion_laws.the_same_evidence_has_the_same_scores,
        weight_criterion_laws.permuted_neurons_have_permuted_scores,
        weight_criterion_laws.a_weight_of_zero_is_never_the_one_to_keep,
        weight_criterion_laws.scoring_changes_nothing,
    )
    method: str = "magnitude_weight"
    settings: Mapping[str, Any] = {}

    def cases(self) -> Iterator[CriterionCase]:
        """Return the criterion."""
        yield make_case(self.name, self.method, self.settings)


def make_case(name: str, method: str, settings: Mapping[str, Any]) -> CriterionCase:
    """Return a criterion in the place of a method's own."""
    plan = plan_pruning(PruneConfig(method=method, criterion=name, **settings))
    return CriterionCase(name, plan.build_criterion)
