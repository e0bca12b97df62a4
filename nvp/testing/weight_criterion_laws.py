"""Laws of a criterion that scores single weights."""

import torch

from nvp.testing.criterion_case import (
    WEIGHTS,
    CriterionCase,
    draws_at_random,
    expect_close,
    expect_scores,
    network_at,
    permute_hidden,
    score_weights,
    silence_first,
)
from nvp.testing.law import expect
from nvp.testing.neuron_criterion_laws import measured_tensors
from nvp.testing.side_effects import expect_no_side_effects
from nvp.testing.tiny import weight_evidence_of

ORDER = torch.tensor([2, 0, 3, 1])


def one_finite_score_a_weight(case: CriterionCase) -> None:
    """Each entry of a weight has a finite score, in layers of a single neuron too."""
    for widths in ((1, 1), (3, 4)):
        for point in (0, 5):
            network = network_at(point, widths=widths)
            for name, scores in score_weights(case, network).items():
                expect_scores(scores, network.model.get_parameter(name).shape, f"of {name}")


def the_same_evidence_has_the_same_scores(case: CriterionCase) -> None:
    """Scores are a function of the evidence: what is drawn at random is drawn from its `rng`."""
    for widths in ((1, 1), (3, 4)):
        for point in (0, 5):
            one, two = (score_weights(case, network_at(point, widths=widths)) for _ in range(2))
            wrong = [name for name, scores in one.items() if not torch.equal(scores, two[name])]
            expect(not wrong, "the same scores for the same evidence", f"others of {wrong}")


def permuted_neurons_have_permuted_scores(case: CriterionCase) -> None:
    """A score does not depend on a neuron's place. A criterion that draws at random is let off."""
    if draws_at_random(case, "weight"):
        return
    network, other = network_at(0), network_at(0)
    permute_hidden(other, ORDER)
    before, after = score_weights(case, network), score_weights(case, other)
    conv, hidden, head = WEIGHTS
    expect_close(after[conv], before[conv], f"the same scores of {conv}")
    expect_close(after[hidden], before[hidden][ORDER], f"permuted scores of {hidden}")
    expect_close(after[head], before[head][:, ORDER], f"permuted scores of {head}")


def a_weight_of_zero_is_never_the_one_to_keep(case: CriterionCase) -> None:
    """Higher means keep: some weight has a higher score than all weights that are 0.

    A criterion that draws at random is let off.
    """
    if draws_at_random(case, "weight"):
        return
    network = network_at(0, widths=(4, 6))
    silence_first(network)
    for name, scores in score_weights(case, network).items():
        zero = network.model.get_parameter(name) == 0
        highest = float(scores[~zero].max())
        expect(
            float(scores[zero].max()) < highest,
            f"less than the highest score, {highest:g}, for the weights of {name} that are 0",
            f"{float(scores[zero].max()):g} (higher means keep)",
        )


def scoring_changes_nothing(case: CriterionCase) -> None:
    """A criterion moves no weight, buffer, gradient, mode, measurement or random state."""
    for name in WEIGHTS:
        network = network_at(0)
        evidence = weight_evidence_of(network, name)
        with expect_no_side_effects(network.model, measured_tensors(evidence)):
            case.build()(evidence)
