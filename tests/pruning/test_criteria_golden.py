"""Criteria against slow references: ours for a small network, and those of others where given."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nvp.data.splits import Images
from nvp.network.neuron_layer import NeuronLayer
from nvp.pruning.criteria.crop import Crop
from nvp.pruning.criteria.fire_rate import FireRate
from nvp.pruning.criteria.fpgm import Fpgm
from nvp.pruning.criteria.grasp import Grasp
from nvp.pruning.criteria.l1 import L1
from nvp.pruning.criteria.snap import Snap
from nvp.pruning.criteria.snip import Snip
from nvp.pruning.criteria.synflow import SynFlow
from nvp.pruning.criteria.taylor import Taylor
from nvp.pruning.evidence import Criterion
from nvp.pruning.sensitivity import Sensitivity
from nvp.testing.tiny import evidence_of, weight_evidence_of
from tests.golden_files import golden_files

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)
FILES = golden_files("criteria")
OF_WEIGHTS: dict[str, Criterion] = {
    "snip": Snip(),
    "grasp": Grasp(),
    "synflow": SynFlow(),
    "crop": Crop(),
}
OF_NEURONS: dict[str, Criterion] = {
    "snap": Snap(),
    "taylor": Taylor(),
    "fpgm": Fpgm(),
    "l1": L1(),
    "fire_rate": FireRate(),
}


class Reference(nn.Module):
    """Convolutions with ReLU and pooling, then linear layers with ReLU, then logits; no norm."""

    def __init__(self, parameters: dict[str, Tensor]) -> None:
        super().__init__()
        *names, last = [name.removesuffix(".weight") for name in parameters if "weight" in name]
        affines = {name: affine_of(parameters, name) for name in (*names, last)}
        self.layers = nn.ModuleDict(
            {flat(name): NeuronLayer(affines[name], None, nn.ReLU()) for name in names}
        )
        self.logits = affines[last]
        self.reads = {
            f"layers.{flat(name)}": f"layers.{flat(source)}"
            for source, name in zip(names, names[1:], strict=False)
        } | {"logits": f"layers.{flat(names[-1])}"}
        self.weights = {f"{n}.weight": f"layers.{flat(n)}.affine.weight" for n in names}
        self.weights[f"{last}.weight"] = "logits.weight"

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers.values():
            assert isinstance(layer, NeuronLayer)
            if isinstance(layer.affine, nn.Conv2d):
                x = torch.max_pool2d(layer(x), 2)
            else:
                x = layer(x.flatten(1))
        return self.logits(x)


def flat(name: str) -> str:
    return name.replace(".", "_")


def affine_of(parameters: dict[str, Tensor], name: str) -> nn.Conv2d | nn.Linear:
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    width, fan_in, *kernel = weight.shape
    affine = (
        nn.Conv2d(fan_in, width, (kernel[0], kernel[1])) if kernel else nn.Linear(fan_in, width)
    )
    affine.weight.data, affine.bias.data = weight.double(), bias.double()
    return affine


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def given(request: pytest.FixtureRequest) -> dict[str, np.ndarray]:
    with np.load(request.param) as archive:
        return {key: archive[key] for key in archive}


@pytest.fixture(scope="module")
def network(given: dict[str, np.ndarray]) -> Sensitivity:
    parameters = {
        key.removeprefix("param:"): torch.from_numpy(value)
        for key, value in given.items()
        if key.startswith("param:")
    }
    pixels = torch.from_numpy(given["images"])
    pixels = pixels.unsqueeze(1) if pixels.dim() == 3 else pixels
    labels = torch.from_numpy(given["labels"]).long()
    plain = (0.0,) * pixels.shape[1], (1.0,) * pixels.shape[1]
    return Sensitivity(Reference(parameters).train(), Images(pixels, labels, *plain))


def expected_of(given: dict[str, np.ndarray], kind: str) -> dict[str, dict[str, np.ndarray]]:
    """Return {criterion: {name: scores}} of one kind of reference."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for key, value in given.items():
        if key.startswith(f"{kind}:"):
            _, criterion, name = key.split(":", 2)
            found.setdefault(criterion, {})[name] = value
    return found


def demand_agreement(own: Tensor, expected: np.ndarray, name: str) -> None:
    assert own.shape == expected.shape, name
    worst, largest = np.abs(own.numpy() - expected).max(), np.abs(expected).max()
    assert worst <= 1e-4 * largest, f"{name}: off by {worst:.1e}, the largest is {largest:.1e}"


def normalised(
    scores: dict[str, Tensor], criterion: str, network: Sensitivity
) -> dict[str, Tensor]:
    """Return the scores in the units of the reference."""
    total = sum(float(score.sum()) for score in scores.values())
    largest = max(float(flow.max()) for flow in network.synflow.values())
    factor = {"snip": 1 / total, "grasp": 1 / abs(total), "synflow": largest}.get(criterion, 1.0)
    return {name: score * factor for name, score in scores.items()}


def test_weight_scores_agree(given: dict[str, np.ndarray], network: Sensitivity) -> None:
    references = expected_of(given, "score")
    unknown = set(references) - set(OF_WEIGHTS)
    assert not unknown, f"weight criteria that the library does not have: {sorted(unknown)}"
    for name, expected in references.items():
        scores = {
            weight: OF_WEIGHTS[name](weight_evidence_of(network, network.model.weights[weight]))
            for weight in network.model.weights
        }
        own = normalised(scores, name, network)
        for weight, reference in expected.items():
            demand_agreement(own[weight], reference, f"{name} of {weight}")


def test_neuron_scores_agree(given: dict[str, np.ndarray], network: Sensitivity) -> None:
    references = expected_of(given, "neuron")
    unknown = set(references) - set(OF_NEURONS)
    assert not unknown, f"neuron criteria that the library does not have: {sorted(unknown)}"
    for name, expected in references.items():
        for layer, reference in expected.items():
            own = OF_NEURONS[name](evidence_of(network, f"layers.{flat(layer)}"))
            demand_agreement(own, reference, f"{name} of {layer}")
