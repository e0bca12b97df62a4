"""A criterion to try laws on, and the small network whose neurons and weights it scores."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nvp.pruning.criteria import Criterion
from nvp.pruning.sensitivity import Sensitivity
from nvp.testing.law import expect
from nvp.testing.tiny import Tiny, evidence_of, tiny_images, weight_evidence_of

IMAGES = tiny_images(40)
LAYERS = ("conv", "hidden")
WEIGHTS = ("conv.affine.weight", "hidden.affine.weight", "head.weight")
POINTS = 5  # measuring points
Change = Callable[[Sensitivity], None]
Widths = tuple[int, int]


@dataclass(frozen=True)
class CriterionCase:
    """A criterion.

    Attributes:
        name: as in `prune.criterion`.
        build: makes it anew: some keep a measurement.
        layers: of the small network, whose neurons are scored: "conv" and "hidden".
    """

    name: str
    build: Callable[[], Criterion]
    layers: tuple[str, ...] = LAYERS

    def __str__(self) -> str:
        return self.name


def network_at(point: int, *, widths: Widths = (3, 4)) -> Sensitivity:
    """Return a network that moves from point to point; neuron 0 of each layer dies at the third."""
    model = Tiny(widths=widths, norm=True, activation=nn.ReLU)
    drift = Tiny(widths=widths, norm=True, activation=nn.ReLU, seed=point)
    with torch.no_grad():
        for parameter, other in zip(model.parameters(), drift.parameters(), strict=True):
            parameter.add_(0.5 * other)
        if point > 2:
            for norm in (model.conv.norm, model.hidden.norm):
                assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
                norm.weight[0], norm.bias[0] = 0.0, -1.0
    return Sensitivity(model, IMAGES)


def leave_alone(network: Sensitivity) -> None:
    """Change nothing of a network."""


def score_history(
    case: CriterionCase,
    path: str,
    change: Change = leave_alone,
    *,
    widths: Widths = (3, 4),
    points: int = POINTS,
) -> list[Tensor]:
    """Return the scores of a layer at some measuring points, each of a changed network."""
    memory: dict[str, Tensor] = {}
    criterion, found = case.build(), []
    for point in range(points):
        network = network_at(point, widths=widths)
        change(network)
        found.append(criterion(evidence_of(network, path, memory)))
    return found


def score_weights(case: CriterionCase, network: Sensitivity) -> dict[str, Tensor]:
    """Return {name of a weight: its scores} of a network."""
    criterion = case.build()
    return {name: criterion(weight_evidence_of(network, name)) for name in WEIGHTS}


def draws_at_random(case: CriterionCase, granularity: str) -> bool:
    """Whether a criterion draws from the generator that it is given, as a random control does."""
    network = network_at(0)
    make = evidence_of if granularity == "neuron" else weight_evidence_of
    evidence = make(network, LAYERS[0] if granularity == "neuron" else WEIGHTS[0])
    before = evidence.rng.get_state()
    case.build()(evidence)
    return not torch.equal(evidence.rng.get_state(), before)


def permute_hidden(network: Sensitivity, order: Tensor) -> None:
    """Put the hidden neurons in another order, with all that belongs to them. Changes `network`."""
    assert isinstance(network.model, Tiny)
    layer, head = network.model.hidden, network.model.head
    for module in (layer.affine, layer.norm):
        for value in module.state_dict().values():
            if value.dim():
                value.copy_(value[order])
    head.weight.data = head.weight.data[:, order]


def silence_first(network: Sensitivity) -> None:
    """Take all weights and all signal from neuron 0 of each layer. Changes `network`."""
    model = network.model
    assert isinstance(model, Tiny)
    with torch.no_grad():
        for layer in (model.conv, model.hidden):
            for parameter in layer.own:
                parameter[0] = 0
        positions = model.hidden.weight.shape[1] // len(model.conv.keep)
        model.hidden.weight[:, :positions] = 0
        model.head.weight[:, 0] = 0


def expect_scores(scores: Tensor, shape: torch.Size | tuple[int, ...], where: str) -> None:
    """Raise `BrokenLaw` for scores of another shape, or that are not finite."""
    expect(scores.shape == shape, f"scores of shape {tuple(shape)} {where}", tuple(scores.shape))
    wrong = int((~scores.isfinite()).sum())
    expect(wrong == 0, f"finite scores {where}", f"{wrong} of {scores.numel()} that are not")


def expect_close(found: Tensor, wanted: Tensor, what: str) -> None:
    """Raise `BrokenLaw` unless two tensors of scores agree to their last digits."""
    close = torch.allclose(found, wanted, rtol=1e-8, atol=1e-12)
    difference = float((found - wanted).abs().max()) if found.shape == wanted.shape else "shapes"
    expect(close, what, f"scores that differ by up to {difference}")
