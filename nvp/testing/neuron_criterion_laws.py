"""Laws of a criterion that scores neurons."""

import torch
from torch import Tensor

from nvp.pruning.evidence import Evidence
from nvp.testing.criterion_case import (
    CriterionCase,
    draws_at_random,
    expect_close,
    expect_scores,
    network_at,
    permute_hidden,
    score_history,
    silence_first,
)
from nvp.testing.law import expect
from nvp.testing.side_effects import expect_no_side_effects
from nvp.testing.tiny import evidence_of

ORDER = torch.tensor([2, 0, 5, 4, 1, 3])


def one_finite_score_a_neuron(case: CriterionCase) -> None:
    """Each kept neuron has one finite score, in a layer of a single neuron too."""
    for path in case.layers:
        for widths in ((1, 1), (3, 4)):
            count = widths[path == "hidden"]
            for scores in score_history(case, path, widths=widths):
                expect_scores(scores, (count,), f"of the {count} neurons of {path}")


def the_same_evidence_has_the_same_scores(case: CriterionCase) -> None:
    """Scores are a function of the evidence: what is drawn at random is drawn from its `rng`."""
    for path in case.layers:
        one, two = (score_history(case, path, points=2) for _ in range(2))
        for found, again in zip(one, two, strict=True):
            expect_close(again, found, f"the same scores of {path} for the same evidence")


def permuted_neurons_have_permuted_scores(case: CriterionCase) -> None:
    """A score does not depend on a neuron's place. A criterion that draws at random is let off."""
    if draws_at_random(case, "neuron"):
        return
    wanted = score_history(case, "hidden", widths=(3, 6))
    found = score_history(case, "hidden", lambda net: permute_hidden(net, ORDER), widths=(3, 6))
    for own, other in zip(found, wanted, strict=True):
        expect_close(own, other[ORDER], "permuted scores of permuted neurons")


def masked_neurons_have_no_score_and_come_back(case: CriterionCase) -> None:
    """Only kept neurons are scored, whatever was remembered while they were masked."""
    memory: dict[str, Tensor] = {}
    for point, masked in enumerate([[], [], [1], [1, 3], [1, 3], [3], []]):
        network = network_at(point)
        layer = network.model.get_submodule("hidden")
        layer.keep[masked] = False  # type: ignore[index]
        scores = case.build()(evidence_of(network, "hidden", memory))
        expect_scores(scores, (4 - len(masked),), f"of 4 neurons, {masked} of them masked")


def a_neuron_without_weights_and_signal_scores_lowest(case: CriterionCase) -> None:
    """Higher means keep: what contributes nothing is not kept before anything else.

    Looked at on the first measuring point, before there is a memory. A criterion that draws at
    random is let off.
    """
    if draws_at_random(case, "neuron"):
        return
    for path in case.layers:
        (scores,) = score_history(case, path, silence_first, widths=(4, 6), points=1)
        lowest = float(scores.min())
        expect(
            float(scores[0]) <= lowest,
            f"the lowest score, {lowest:g}, for a neuron of {path} without weights and signal",
            f"{float(scores[0]):g} (higher means keep)",
        )


def scoring_changes_nothing(case: CriterionCase) -> None:
    """A criterion moves no weight, buffer, gradient, mode, measurement or random state."""
    for path in case.layers:
        network, memory = network_at(0), {}
        evidence = evidence_of(network, path, memory)
        with expect_no_side_effects(network.model, measured_tensors(evidence)):
            case.build()(evidence)


def measured_tensors(evidence: Evidence) -> dict[str, Tensor]:
    """Return the measurements of an evidence by name."""
    own = {"weight": evidence.weight, "norms": evidence.norms, "idle": evidence.idle}
    activity = vars(evidence.activity) if evidence.activity is not None else {}
    found = own | {f"activity.{name}": value for name, value in activity.items()}
    return {f"evidence.{name}": value for name, value in found.items() if isinstance(value, Tensor)}
