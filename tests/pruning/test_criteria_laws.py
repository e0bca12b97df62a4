"""Laws of every criterion of the registry, over measuring points of a network that changes."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nvp.config.trial_config import PruneConfig
from nvp.pruning.criteria import CRITERIA, WEIGHT_CRITERIA
from nvp.pruning.evidence import Criterion
from nvp.pruning.sensitivity import Sensitivity
from tests.in_turn import in_turn
from tests.tiny import Tiny, evidence_of, tiny_images, weight_evidence_of

torch.set_num_threads(1)
IMAGES = tiny_images(40)
WEIGHTS = ["conv.affine.weight", "hidden.affine.weight", "head.weight"]
CONFIG = PruneConfig(alpha_conv=0.7, alpha_fc=0.7)
NOT_RANDOM = [name for name in CRITERIA if name != "random"]
WEIGHTS_NOT_RANDOM = [name for name in WEIGHT_CRITERIA if name != "random"]


def network_at(point: int, *, widths: tuple[int, int] = (3, 4)) -> Sensitivity:
    """A network that moves from point to point; neuron 0 of each layer dies at the third."""
    model = Tiny(widths=widths, norm=True, activation=nn.ReLU)
    drift = Tiny(widths=widths, norm=True, activation=nn.ReLU, seed=point)
    with torch.no_grad():
        for parameter, other in zip(model.parameters(), drift.parameters(), strict=True):
            parameter.add_(0.5 * other)
        if point > 2:
            for layer in (model.conv, model.hidden):
                layer.norm.weight[0], layer.norm.bias[0] = 0.0, -1.0
    return Sensitivity(model, IMAGES)


def history(
    criterion: Criterion, path: str, change: Callable[[Sensitivity], None], **widths: Any
) -> list[Tensor]:
    """The scores of a layer at five measuring points, each of a changed network."""
    memory: dict[str, Tensor] = {}
    found = []
    for point in range(5):
        network = network_at(point, **widths)
        change(network)
        found.append(criterion(evidence_of(network, path, memory)))
    return found


@pytest.mark.parametrize(("name", "path"), in_turn(CRITERIA, ["conv", "hidden"]))
def test_a_layer_of_one_neuron_has_one_finite_score(name: str, path: str) -> None:
    for scores in history(CRITERIA[name](CONFIG), path, lambda network: None, widths=(1, 1)):
        assert scores.shape == (1,)
        assert bool(scores.isfinite().all())


@pytest.mark.parametrize("name", NOT_RANDOM)
def test_permuted_neurons_have_permuted_scores(name: str) -> None:
    order = torch.tensor([2, 0, 5, 4, 1, 3])

    def permute(network: Sensitivity) -> None:
        assert isinstance(network.model, Tiny)
        layer, head = network.model.hidden, network.model.head
        for module in (layer.affine, layer.norm):
            for value in module.state_dict().values():
                if value.dim():
                    value.copy_(value[order])
        head.weight.data = head.weight.data[:, order]

    expected = history(CRITERIA[name](CONFIG), "hidden", lambda network: None, widths=(3, 6))
    found = history(CRITERIA[name](CONFIG), "hidden", permute, widths=(3, 6))
    for own, other in zip(found, expected, strict=True):
        torch.testing.assert_close(own, other[order], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", CRITERIA)
def test_masked_neurons_have_no_score_and_come_back(name: str) -> None:
    memory: dict[str, Tensor] = {}
    for point, masked in enumerate([[], [], [1], [1, 3], [1, 3], [3], []]):
        network = network_at(point)
        layer = network.model.get_submodule("hidden")
        layer.keep[masked] = False
        scores = CRITERIA[name](CONFIG)(evidence_of(network, "hidden", memory))
        assert scores.shape == (4 - len(masked),)
        assert bool(scores.isfinite().all())


@pytest.mark.parametrize("name", WEIGHT_CRITERIA)
@pytest.mark.parametrize("widths", [(1, 1), (3, 4)])
def test_weight_scores_are_finite_one_a_weight_and_repeatable(
    name: str, widths: tuple[int, int]
) -> None:
    for point in (0, 5):
        network, other = (network_at(point, widths=widths) for _ in range(2))
        criterion, again = (WEIGHT_CRITERIA[name](CONFIG) for _ in range(2))
        for weight in WEIGHTS:
            scores = criterion(weight_evidence_of(network, weight))
            assert scores.shape == network.model.get_parameter(weight).shape
            assert bool(scores.isfinite().all())
            assert torch.equal(again(weight_evidence_of(other, weight)), scores)


@pytest.mark.parametrize("name", WEIGHTS_NOT_RANDOM)
def test_permuted_neurons_have_permuted_weight_scores(name: str) -> None:
    order = torch.tensor([2, 0, 3, 1])
    network, other = network_at(0), network_at(0)
    assert isinstance(other.model, Tiny)
    for module in (other.model.hidden.affine, other.model.hidden.norm):
        for value in module.state_dict().values():
            if value.dim():
                value.copy_(value[order])
    other.model.head.weight.data = other.model.head.weight.data[:, order]
    before, after = (
        [criterion(weight_evidence_of(each, weight)) for weight in WEIGHTS]
        for each, criterion in ((net, WEIGHT_CRITERIA[name](CONFIG)) for net in (network, other))
    )
    torch.testing.assert_close(after[0], before[0], rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(after[1], before[1][order], rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(after[2], before[2][:, order], rtol=1e-8, atol=1e-12)
