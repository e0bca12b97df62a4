"""Laws of every criterion of derivatives, maps and histories, over measuring points."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nvp.pruning.criteria.crop import Crop, CropGates
from nvp.pruning.criteria.divergence import Divergence
from nvp.pruning.criteria.entropy_drop import EntropyDrop
from nvp.pruning.criteria.fire_rate import Apoz, FireRate
from nvp.pruning.criteria.fpgm import Fpgm
from nvp.pruning.criteria.grasp import Grasp
from nvp.pruning.criteria.hrank import HRank
from nvp.pruning.criteria.l1 import L1
from nvp.pruning.criteria.legacy_rise import LegacyRise
from nvp.pruning.criteria.official import OfficialNVP
from nvp.pruning.criteria.scale import Scale
from nvp.pruning.criteria.snap import Snap
from nvp.pruning.criteria.snip import Snip
from nvp.pruning.criteria.synflow import SynFlow
from nvp.pruning.criteria.taylor import Taylor, TaylorActivation
from nvp.pruning.evidence import Criterion
from nvp.pruning.sensitivity import Sensitivity
from tests.tiny import Tiny, evidence_of, tiny_images, weight_evidence_of

torch.set_num_threads(1)
IMAGES = tiny_images(40)
WEIGHTS = ["conv.affine.weight", "hidden.affine.weight", "head.weight"]
OF_WEIGHTS: list[type[Criterion]] = [Snip, Grasp, Crop, SynFlow]
OF_NEURONS: list[type[Criterion]] = [
    Apoz,
    CropGates,
    Divergence,
    EntropyDrop,
    FireRate,
    Fpgm,
    HRank,
    L1,
    LegacyRise,
    OfficialNVP,
    Scale,
    Snap,
    Taylor,
    TaylorActivation,
]


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


@pytest.mark.parametrize("criterion", OF_NEURONS)
@pytest.mark.parametrize(("path", "width"), [("conv", 1), ("hidden", 1), ("conv", 3)])
def test_neuron_scores_are_finite_and_one_a_neuron(
    criterion: type[Criterion], path: str, width: int
) -> None:
    for scores in history(criterion(), path, lambda network: None, widths=(width, width)):
        assert scores.shape == (width,)
        assert bool(scores.isfinite().all())


@pytest.mark.parametrize("criterion", OF_NEURONS)
def test_permuted_neurons_have_permuted_scores(criterion: type[Criterion]) -> None:
    order = torch.tensor([2, 0, 5, 4, 1, 3])

    def permute(network: Sensitivity) -> None:
        assert isinstance(network.model, Tiny)
        layer, head = network.model.hidden, network.model.head
        for module in (layer.affine, layer.norm):
            for value in module.state_dict().values():
                if value.dim():
                    value.copy_(value[order])
        head.weight.data = head.weight.data[:, order]

    expected = history(criterion(), "hidden", lambda network: None, widths=(3, 6))
    found = history(criterion(), "hidden", permute, widths=(3, 6))
    for own, other in zip(found, expected, strict=True):
        torch.testing.assert_close(own, other[order], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("criterion", OF_NEURONS)
def test_masked_neurons_have_no_score_and_come_back(criterion: type[Criterion]) -> None:
    memory: dict[str, Tensor] = {}
    for point, masked in enumerate([[], [], [1], [1, 3], [1, 3], [3], []]):
        network = network_at(point)
        layer = network.model.get_submodule("hidden")
        layer.keep[masked] = False
        scores = criterion()(evidence_of(network, "hidden", memory))
        assert scores.shape == (4 - len(masked),)
        assert bool(scores.isfinite().all())


@pytest.mark.parametrize("criterion", OF_WEIGHTS)
@pytest.mark.parametrize("widths", [(1, 1), (3, 4)])
@pytest.mark.parametrize("name", WEIGHTS)
def test_weight_scores_are_finite_one_a_weight_and_repeatable(
    criterion: type[Criterion], widths: tuple[int, int], name: str
) -> None:
    for point in (0, 5):
        network = network_at(point, widths=widths)
        scores = criterion()(weight_evidence_of(network, name))
        assert scores.shape == network.model.get_parameter(name).shape
        assert bool(scores.isfinite().all())
        again = criterion()(weight_evidence_of(network_at(point, widths=widths), name))
        assert torch.equal(again, scores)


@pytest.mark.parametrize("criterion", OF_WEIGHTS)
def test_permuted_neurons_have_permuted_weight_scores(criterion: type[Criterion]) -> None:
    order = torch.tensor([2, 0, 3, 1])
    network, other = network_at(0), network_at(0)
    assert isinstance(other.model, Tiny)
    for module in (other.model.hidden.affine, other.model.hidden.norm):
        for value in module.state_dict().values():
            if value.dim():
                value.copy_(value[order])
    other.model.head.weight.data = other.model.head.weight.data[:, order]
    before, after = (
        [criterion()(weight_evidence_of(each, name)) for name in WEIGHTS]
        for each in (network, other)
    )
    torch.testing.assert_close(after[0], before[0], rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(after[1], before[1][order], rtol=1e-8, atol=1e-12)
    torch.testing.assert_close(after[2], before[2][:, order], rtol=1e-8, atol=1e-12)
