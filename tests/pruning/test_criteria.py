"""Criteria of derivatives, maps and histories: each by hand; `test_criteria_laws` has the laws."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nvp.pruning.criteria.crop import Crop, CropGates
from nvp.pruning.criteria.divergence import Divergence, divergence
from nvp.pruning.criteria.entropy_drop import EntropyDrop
from nvp.pruning.criteria.fire_rate import Apoz, FireRate
from nvp.pruning.criteria.fpgm import Fpgm
from nvp.pruning.criteria.grasp import Grasp
from nvp.pruning.criteria.hrank import HRank, mean_rank
from nvp.pruning.criteria.l1 import L1
from nvp.pruning.criteria.legacy_rise import LegacyRise
from nvp.pruning.criteria.official import OfficialNVP, literal_entropy
from nvp.pruning.criteria.scale import Scale
from nvp.pruning.criteria.snap import Snap
from nvp.pruning.criteria.snip import Snip
from nvp.pruning.criteria.synflow import SynFlow
from nvp.pruning.criteria.taylor import Taylor, TaylorActivation
from nvp.pruning.evidence import Criterion, Evidence
from nvp.pruning.sensitivity import Sensitivity
from nvp.testing.tiny import Tiny, evidence_of, tiny_images
from nvp.vitality import Activity

torch.set_num_threads(1)
IMAGES = tiny_images(40)


def tensor(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def made_up(
    weight: Tensor,
    *,
    fire_rate: Tensor | None = None,
    counts: Tensor | None = None,
    **measured: Any,
) -> Evidence:
    """Evidence of a layer with these weights, of which the network measured just that."""
    network = Sensitivity(Tiny(), IMAGES)
    network._products.update(measured.pop("products", {}))
    network.__dict__.update(measured)
    blank = torch.ones(len(weight), dtype=weight.dtype)
    counts = torch.ones(len(weight), 2, dtype=torch.int64) if counts is None else counts
    rate = blank if fire_rate is None else fire_rate
    activity = Activity(blank, blank, blank, rate, blank, counts=counts)
    return Evidence(
        path="a",
        weight=weight,
        norms=weight.flatten(1).norm(dim=1),
        activity=activity,
        idle=torch.zeros(len(weight), dtype=torch.int64),
        confirmed=lambda: activity,
        rng=torch.Generator(),
        network=network,
        weight_name="a.weight",
    )


# --- by hand


THETA = tensor([1, -2], [3, 0])
SLOPES = {"a.weight": tensor([-1, 2], [0.5, 7]), "b.weight": tensor([100, 100])}


def test_weight_criteria_by_hand() -> None:
    products = {1.0: SLOPES, 200.0: {name: -slope for name, slope in SLOPES.items()}}
    evidence = made_up(THETA, gradients=SLOPES, products=products, synflow=SLOPES)
    assert Snip()(evidence).tolist() == [[1, 4], [1.5, 0]]
    assert Crop()(evidence).tolist() == [[1, 4], [1.5, 0]]
    assert Grasp()(evidence).tolist() == [[1, 4], [-1.5, 0]]
    assert SynFlow()(evidence).flatten().tolist() == pytest.approx([-0.01, 0.02, 0.005, 0.07])


def test_synflow_survives_float32_where_the_flow_does_not() -> None:
    huge = {"a.weight": tensor([1e60, 1e59]), "b.weight": tensor([2e60, 0])}
    evidence = made_up(torch.ones(1, 2), synflow={n: v.unsqueeze(0) for n, v in huge.items()})
    scores = SynFlow()(evidence)
    assert scores.dtype == torch.float32
    assert scores.flatten().tolist() == pytest.approx([0.5, 0.05])
    nothing = made_up(torch.ones(1, 2), synflow={"a.weight": torch.zeros(1, 2)})
    assert SynFlow()(nothing).tolist() == [[0, 0]]


def test_gate_criteria_by_hand() -> None:
    gates = {"a": tensor(3, -4), "b": tensor(100)}
    evidence = made_up(THETA, gates=gates, gate_hessian_gradients={"a": tensor(-2, 1)})
    assert Snap()(evidence).tolist() == [3, 4]
    assert CropGates()(evidence).tolist() == [2, 1]
    assert TaylorActivation()(evidence).tolist() == pytest.approx([0.6, 0.8])
    silent = made_up(THETA, gates={"a": tensor(0, 0)})
    assert TaylorActivation()(silent).tolist() == [0, 0]


def test_taylor_averages_over_measuring_points() -> None:
    evidence = made_up(THETA, gradients=SLOPES)
    assert Taylor()(evidence).tolist() == [25, 2.25]
    evidence.network.__dict__["gradients"] = {"a.weight": tensor([-1, 0], [1, 0])}
    assert Taylor()(evidence).tolist() == pytest.approx([0.9 * 25 + 0.1, 0.9 * 2.25 + 0.9])
    evidence.memory["taylor"][1] = 0  # masked meanwhile: its average starts anew
    assert Taylor()(evidence).tolist()[1] == pytest.approx(9)


def test_distances_and_norms_by_hand() -> None:
    evidence = made_up(tensor([0, 0], [3, 4], [0, -1]))
    assert Fpgm()(evidence).tolist() == pytest.approx([6, 5 + 34**0.5, 1 + 34**0.5])
    assert L1()(evidence).tolist() == [0, 7, 1]


def test_fpgm_is_exact_for_filters_that_are_close() -> None:
    filters = 1000 + 1e-3 * torch.arange(40.0).unsqueeze(1).expand(40, 9)
    slow = torch.stack([(filters - own).norm(dim=1).sum() for own in filters])
    torch.testing.assert_close(Fpgm()(made_up(filters)), slow)


def test_fire_rate_and_apoz_by_hand() -> None:
    weight = torch.ones(4, 1)
    evidence = made_up(weight, fire_rate=torch.tensor([0.5, 0.5, 0.4, 0.0]))
    assert FireRate()(evidence).tolist() == pytest.approx([0.5, 0.5, 0.4, 0.0])
    assert Apoz()(evidence).tolist() == [1, 1, 1, 0]  # APoZ .5 .5 .6 1; mean .65, deviation .206
    assert Apoz(deviations=2)(evidence).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.3, 1 / 3, 0.7, 1.0])
@pytest.mark.parametrize("width", [1, 3, 7, 64])
def test_apoz_removes_nothing_where_all_are_alike(rate: float, width: int) -> None:
    evidence = made_up(torch.ones(width, 1), fire_rate=torch.full((width,), rate))
    assert Apoz()(evidence).tolist() == [1] * width


def test_mean_rank_is_that_of_each_map() -> None:
    eye = torch.eye(3)
    maps = torch.stack(
        [torch.stack([eye, torch.ones(3, 3), 0 * eye]), torch.stack([eye, eye, 0 * eye])]
    )
    assert mean_rank(maps).tolist() == [3, 2, 0]
    assert mean_rank(tensor([0, 2], [0, -1], [3, 1])).tolist() == pytest.approx([1 / 3, 1])


def test_hrank_breaks_ties_by_norm_and_nothing_else() -> None:
    maps = {"a": tensor([1, 1, 0, 0], [1, 1, 0, 1], [1, 1, 0, 1])}
    scores = HRank()(made_up(tensor([1], [2], [3], [1000]), _maps=maps))
    assert scores.argsort().tolist() == [2, 3, 0, 1]
    assert float(scores[3]) < 1  # the norm never outweighs one image
    assert HRank()(made_up(tensor([0], [0]), _maps={"a": tensor([1, 0])})).tolist() == [1, 0]


def test_scale_is_the_gamma_and_needs_one() -> None:
    model = Tiny(norm=True)
    model.conv.norm.weight.data = tensor(-2, 0, 1)
    model.conv.keep[2] = False
    assert Scale()(evidence_of(Sensitivity(model, IMAGES), "conv")).tolist() == [2, 0]
    with pytest.raises(ValueError, match="batch normalisation, hidden has Identity"):
        Scale()(evidence_of(Sensitivity(Tiny(), IMAGES), "hidden"))
    model.hidden.norm = nn.BatchNorm1d(4, affine=False).double()
    with pytest.raises(ValueError, match="scaled"):
        Scale()(evidence_of(Sensitivity(model, IMAGES), "hidden"))


def test_the_literal_entropy_is_what_the_specification_measured_of_it() -> None:
    maps = torch.stack([torch.full((64, 8, 8), v, dtype=torch.float64) for v in (0, 1, 2, 0.5)], 1)
    found = literal_entropy(maps).tolist()
    assert found == pytest.approx([0, 0, -8192, 2048], abs=1e-4)
    scores = OfficialNVP()(made_up(tensor([1], [1], [1], [2]), _maps={"a": maps}))
    assert scores.tolist() == pytest.approx([0, 0, 8192**2, 4096**2], rel=1e-6, abs=1e-4)


# --- histories


def at_entropies(criterion: Criterion, points: list[list[float]]) -> list[list[float]]:
    """The scores at each measuring point, given the normalised entropies (of many bins) there."""
    memory: dict[str, Tensor] = {}
    found = []
    for entropies in points:
        evidence = made_up(torch.ones(len(entropies), 1))
        object.__setattr__(evidence, "activity", Entropies(torch.tensor(entropies)))
        object.__setattr__(evidence, "memory", memory)
        found.append(criterion(evidence).tolist())
    return found


class Entropies(Activity):
    """An activity of which only the entropy is known."""

    def __init__(self, entropy: Tensor) -> None:
        object.__setattr__(self, "known", entropy)

    @property
    def entropy(self) -> Tensor:
        return self.__dict__["known"]


def test_entropy_drop_flags_a_lasting_fall_among_the_lowest() -> None:
    others = [0.9, 0.8, 0.9, 0.9]
    points = [[value, *others] for value in (0.5, 0.4, 0.3, 0.2, 0.6)]
    found = at_entropies(EntropyDrop(), points)
    assert [scores[0] for scores in found] == [1, 1, 1, 0, 1]
    assert all(scores[1:] == [1] * 4 for scores in found)


def test_entropy_drop_looks_at_the_average() -> None:
    points = [[0.5, 0.9], [0.4, 0.9], [0.41, 0.9], [0.3, 0.9]]  # averages .5 .47 .452 .406
    assert at_entropies(EntropyDrop(), points)[-1] == [0, 1]


@pytest.mark.parametrize(
    ("fall", "why"),
    [
        ([0.5, 0.4, 0.8, 0.2], "the average rose once"),
        ([0.5, 0.49, 0.48, 0.47], "the fall is less than 5 %"),
        ([0.99, 0.97, 0.5, 0.2, 0.95], "it came back"),
    ],
)
def test_entropy_drop_spares(fall: list[float], why: str) -> None:
    found = at_entropies(EntropyDrop(), [[value, 0.9, 0.9, 0.9, 0.9] for value in fall])
    assert found[-1] == [1] * 5, why


def test_entropy_drop_spares_what_is_not_among_the_lowest_fifth() -> None:
    points = [[value, 0.01, 0.9, 0.9, 0.9] for value in (0.5, 0.4, 0.3, 0.2)]
    assert at_entropies(EntropyDrop(), points)[-1] == [1] * 5
    assert at_entropies(EntropyDrop(lowest=0.4), points)[-1] == [0, 1, 1, 1, 1]


def test_legacy_rise_removes_the_rising_while_the_total_rise_grows() -> None:
    points = [
        [0.5, 0.5, 0.5],
        [0.6, 0.4, 0.5],  # rises by 0.1 in all: nothing to compare with
        [0.5, 0.6, 0.6],  # by 0.3, more than 0.1
        [0.6, 0.6, 0.6],  # by 0.1, less than 0.3
        [0.5, 0.6, 0.8],  # by 0.2
    ]
    expected = [[1, 1, 1], [1, 1, 1], [1, 0, 0], [1, 1, 1], [1, 1, 0]]
    assert at_entropies(LegacyRise(), points) == expected


def test_divergence_by_hand() -> None:
    now, before = tensor([3, 0], [1, 1], [5, 0]), tensor([0, 3], [1, 1], [5, 0])
    expected = 0.8 * math.log2(4) + 0.2 * math.log2(1 / 4)
    assert divergence(now, before).tolist() == pytest.approx([expected, 0, 0])


def test_divergence_compares_successive_measuring_points() -> None:
    evidence = made_up(torch.ones(3, 1), counts=torch.tensor([[0, 3], [1, 1], [5, 0]]))
    assert Divergence()(evidence).tolist() == [0, 0, 0]
    later = made_up(torch.ones(3, 1), counts=torch.tensor([[3, 0], [1, 1], [5, 0]]))
    later.memory.update(evidence.memory)
    assert Divergence()(later).tolist() == pytest.approx([1.2, 0, 0])
