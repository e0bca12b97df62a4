"""Each law of a criterion can be broken, and says what was expected and what came."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from nvp.pruning.evidence import Evidence
from nvp.testing import BrokenLaw, CriterionSuite, WeightCriterionSuite
from nvp.testing import neuron_criterion_laws as of_neurons
from nvp.testing import weight_criterion_laws as of_weights
from nvp.testing.criterion_case import CriterionCase, draws_at_random
from nvp.testing.law import Law

torch.set_num_threads(1)
Score = Callable[[Evidence], Tensor]


def by_norm(evidence: Evidence) -> Tensor:
    return evidence.norms


def one_too_few(evidence: Evidence) -> Tensor:
    return evidence.norms[1:]


def per_activity(evidence: Evidence) -> Tensor:
    assert evidence.activity is not None
    return evidence.norms / evidence.activity.mean_abs  # of a dead neuron: infinite


def of_all_neurons(evidence: Evidence) -> Tensor:
    return evidence.network.model.get_submodule("hidden").weight.detach().norm(dim=1)


def at_global_random(evidence: Evidence) -> Tensor:
    return torch.rand(len(evidence.norms)).double()


def at_random(evidence: Evidence) -> Tensor:
    return torch.rand(evidence.weight.shape, generator=evidence.rng)


def by_place(evidence: Evidence) -> Tensor:
    return evidence.norms * (1 + torch.arange(len(evidence.norms)))


def upside_down(evidence: Evidence) -> Tensor:
    return -evidence.norms


def normalising_in_place(evidence: Evidence) -> Tensor:
    return evidence.norms.div_(evidence.norms.sum())


def moving_weights(evidence: Evidence) -> Tensor:
    evidence.network.model.get_parameter("head.weight").data += 1
    return evidence.norms


def training(evidence: Evidence) -> Tensor:
    evidence.network.model.eval()
    return evidence.norms


def by_magnitude(evidence: Evidence) -> Tensor:
    return evidence.weight.abs()


def row_norms(evidence: Evidence) -> Tensor:
    return evidence.norms


def one_over(evidence: Evidence) -> Tensor:
    return 1 / evidence.weight.abs()


def weights_by_place(evidence: Evidence) -> Tensor:
    return evidence.weight.abs() * torch.arange(1, evidence.weight.numel() + 1).view_as(
        evidence.weight
    )


def small_first(evidence: Evidence) -> Tensor:
    return -evidence.weight.abs()


def global_random_weights(evidence: Evidence) -> Tensor:
    return torch.rand(evidence.weight.shape)


def pruning_itself(evidence: Evidence) -> Tensor:
    evidence.network.model.get_parameter(evidence.weight_name).data[0] = 0
    return evidence.weight.abs()


BROKEN: list[tuple[Score, Law, str]] = [
    (one_too_few, of_neurons.one_finite_score_a_neuron, r"shape \(1,\) of the 1 neurons of conv, "),
    (per_activity, of_neurons.one_finite_score_a_neuron, "expected finite scores .*, got 1 of"),
    (
        at_global_random,
        of_neurons.the_same_evidence_has_the_same_scores,
        "the same scores of conv for the same evidence, got scores that differ by up to",
    ),
    (
        by_place,
        of_neurons.permuted_neurons_have_permuted_scores,
        "permuted scores of permuted neurons, got scores that differ by up to",
    ),
    (
        of_all_neurons,
        of_neurons.masked_neurons_have_no_score_and_come_back,
        r"shape \(3,\) of 4 neurons, \[1\] of them masked, got \(4,\)",
    ),
    (
        upside_down,
        of_neurons.a_neuron_without_weights_and_signal_scores_lowest,
        r"expected the lowest score, -.*, for a neuron of conv .*, got -?0 \(higher means keep\)",
    ),
    (
        normalising_in_place,
        of_neurons.scoring_changes_nothing,
        r"the same tensors as before, got others in evidence\.norms",
    ),
    (moving_weights, of_neurons.scoring_changes_nothing, r"got others in head\.weight"),
    (training, of_neurons.scoring_changes_nothing, "the same modes, .* got changes of .*training="),
    (at_global_random, of_neurons.scoring_changes_nothing, "got draws from torch"),
    (
        row_norms,
        of_weights.one_finite_score_a_weight,
        r"shape \(1, 1, 3, 3\) of conv\.affine\.weight, got \(1,\)",
    ),
    (
        global_random_weights,
        of_weights.the_same_evidence_has_the_same_scores,
        r"the same scores for the same evidence, got others of \['conv\.affine\.weight'",
    ),
    (
        weights_by_place,
        of_weights.permuted_neurons_have_permuted_scores,
        r"permuted scores of hidden\.affine\.weight, got scores that differ by up to",
    ),
    (
        small_first,
        of_weights.a_weight_of_zero_is_never_the_one_to_keep,
        r"less than the highest score, -.* of conv\.affine\.weight that are 0, got -?0",
    ),
    (
        pruning_itself,
        of_weights.scoring_changes_nothing,
        r"the same tensors as before, got others in conv\.affine\.weight, evidence\.weight",
    ),
]


def case_of(score: Score) -> CriterionCase:
    return CriterionCase(score.__name__, lambda: score)


def test_criteria_that_keep_all_laws_pass_them() -> None:
    for suite, score in ((CriterionSuite, by_norm), (WeightCriterionSuite, by_magnitude)):
        for law in suite.laws:
            law(case_of(score))


@pytest.mark.parametrize(("score", "law", "message"), BROKEN)
def test_a_broken_criterion_is_told_apart(score: Score, law: Law, message: str) -> None:
    with pytest.raises(BrokenLaw, match=message):
        law(case_of(score))


def test_every_law_has_a_criterion_that_breaks_it() -> None:
    laws = {*CriterionSuite.laws, *WeightCriterionSuite.laws}
    assert {law for _, law, _ in BROKEN} == laws


def test_who_draws_at_random_is_seen() -> None:
    assert draws_at_random(case_of(at_random), "weight")
    assert not draws_at_random(case_of(by_magnitude), "weight")
