"""What is measured on request: duplicates, gradient dormancy, the size of weights.

Each by hand, against a slow obvious reference, and without a trace in the network.
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import nvp
from nvp.config.trial_config import ModelConfig
from nvp.data.batches import normalise_pixels
from nvp.data.splits import Images
from nvp.models import build_model
from nvp.network.groups import neuron_layers
from nvp.network.neuron_masks import mask_units
from nvp.network.tap import tap
from nvp.network.weight_masks import mask_weights
from nvp.vitality import is_inactive, measure_gradients, measure_magnitudes, observe_images
from nvp.vitality.duplicates import WIDEST, find_constant, find_duplicates
from nvp.vitality.gradient_dormancy import score_gradients
from tests.references import vitality as slow

torch.set_num_threads(1)
ALL = torch.ones(4, dtype=torch.bool)


def columns(*values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values).T


def images_of(count: int = 24, classes: int = 10) -> Images:
    rng = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (count, 1, 8, 8), generator=rng, dtype=torch.uint8)
    labels = torch.randint(0, classes, (count,), generator=rng)
    return Images(pixels, labels, (0.4,), (0.3,))


def network_of(name: str = "mlp", **settings) -> nn.Module:
    config = ModelConfig(name=name, width=0.1, **{"norm": "none"} | settings)
    return build_model(config, (1, 8, 8), 10, seed=0)


class Foreign(nn.Module):
    """A network of torch's own modules, which writes into what its activation put out."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Conv2d(1, 5, 3), nn.Linear(180, 7), nn.Linear(7, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        x *= 2
        return self.last(torch.tanh(self.second(x.flatten(1))))


def adopted() -> nn.Module:
    torch.manual_seed(0)
    return nvp.adopt(Foreign(), torch.zeros(2, 1, 8, 8))


def state_of(model: nn.Module) -> tuple[object, ...]:
    tensors = [(name, t.clone()) for name, t in model.state_dict().items()]
    return tensors, [m.training for m in model.modules()], torch.get_rng_state()


def assert_same_state(model: nn.Module, before: tuple[object, ...]) -> None:
    now = state_of(model)
    pairs = zip(now[0], before[0], strict=True)  # type: ignore[call-overload]
    assert all(a == b and torch.equal(one, two) for (a, one), (b, two) in pairs)
    assert now[1] == before[1]
    assert torch.equal(now[2], before[2])  # type: ignore[arg-type]
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


# --- duplicates


@pytest.mark.parametrize(
    ("means", "duplicate", "constant"),
    [
        (columns((1, 2, 3), (2, 4, 6)), [False, True], [False, False]),
        (columns((10, 11, 12), (12, 11, 10)), [False, False], [False, False]),
        (columns((5, 5, 5), (5, 5, 5), (0, 0, 0)), [False] * 3, [True] * 3),
        (
            columns((0.1, 0.1, 0.1), (1, 2, 4), (1, 2, 3)),
            [False, False, True],
            [True, False, False],
        ),
        (columns((0, 1, 0), (0, 2, 0), (0, 3, 0)), [False, True, True], [False] * 3),
    ],
)
def test_duplicates_by_hand(means: Tensor, duplicate: list[bool], constant: list[bool]) -> None:
    assert find_duplicates(means.float(), 0.95).tolist() == duplicate
    assert find_constant(means.float()).tolist() == constant


def test_a_correlation_that_is_the_threshold_makes_no_duplicate() -> None:
    means = columns((0, 0, 1, 1), (0, 1, 0, 1), (0, 0, 1, 2))  # the last: 0.905 with the first
    assert find_duplicates(means.float(), 0.9).tolist() == [False, False, True]
    assert not find_duplicates(means.float(), 0.91).any()


def test_duplicates_are_the_slow_ones_whatever_scale_and_shift_a_neuron_has() -> None:
    rng = torch.Generator().manual_seed(0)
    total = 0
    for _ in range(20):
        means = torch.randn(12, 9, generator=rng).relu()
        means[:, 5] = means[:, 1] + 0.1 * torch.randn(12, generator=rng)
        means[:, 7] = 0.25
        found = find_duplicates(means, 0.6).tolist()
        expected, constant = slow.duplicates(means.double().numpy(), 0.6)
        assert (found, find_constant(means).tolist()) == (expected, constant)
        assert find_duplicates(means * torch.rand(9, generator=rng) + 3, 0.6).tolist() == found
        total += sum(found)
    assert total > 20


def test_of_feature_maps_the_mean_over_positions_counts() -> None:
    model, probe = network_of("convnet"), images_of()
    outputs: dict[str, Tensor] = {}
    with torch.no_grad(), tap(model.eval(), lambda p, y: outputs.update({p: y.clone()})):
        model(normalise_pixels(probe.pixels, probe))
    found = observe_images(model, probe, bins=8, duplicates=0.7).layers
    for path, output in outputs.items():
        means = output.flatten(2).mean(2) if output.dim() > 2 else output
        expected, constant = slow.duplicates(means.double().numpy(), 0.7)
        assert found[path].duplicate.tolist() == expected
        assert found[path].constant.tolist() == constant
    assert any(each.duplicate.any() for each in found.values())


def test_clones_are_duplicates_but_the_first_and_masked_neurons_are_not_compared() -> None:
    model = network_of()
    layer = model.hidden[0]
    with torch.no_grad():
        layer.affine.bias.fill_(2.0)  # it fires
        layer.affine.weight.copy_(layer.affine.weight[:1].expand_as(layer.affine.weight))
    mask_units(model, None, "hidden.0", torch.tensor([0, 4]))
    found = observe_images(model, images_of(), bins=8, duplicates=0.95).layers["hidden.0"]
    assert found.duplicate.nonzero().flatten().tolist() == [2, 3, *range(5, 13)]
    assert not found.constant.any(), "a masked neuron is not constant either"


def test_nothing_is_compared_unless_asked_for() -> None:
    for activity in observe_images(network_of(), images_of(), bins=8).layers.values():
        assert activity.duplicate is None
        assert activity.constant is None


def test_the_piece_compares_too_and_refuses_what_is_none() -> None:
    network, inputs = adopted(), torch.randn(16, 1, 8, 8)
    found = nvp.observe(network, inputs, duplicates=0.5)
    assert all(each.duplicate is not None for each in found.layers.values())
    with pytest.raises(ValueError, match=r"duplicates >= 0 and < 1, got 1\.5"):
        nvp.observe(network, inputs, duplicates=1.5)
    wide = nn.Sequential(nn.Flatten(), nn.Linear(64, WIDEST + 1), nn.ReLU(), nn.Linear(2049, 2))
    wide = nvp.adopt(wide, inputs)
    with pytest.raises(ValueError, match=r"at most 2,048 neurons.*got \S+ with 2,049"):
        nvp.observe(wide, inputs, duplicates=0.95)
    assert nvp.observe(wide, inputs).layers


# --- gradient dormancy


def test_scores_of_four_gradients() -> None:
    scores = score_gradients(torch.tensor([4.0, 1.0, 0.01, 2.99]), ALL)
    assert scores is not None
    assert scores.tolist() == pytest.approx([2, 0.5, 0.005, 1.495])
    assert is_inactive(scores, ALL).tolist() == [False, False, True, False]
    keep = torch.tensor([True, True, False, False])
    scores = score_gradients(torch.tensor([3.0, 1.0, 7.0, 0.0]), keep)
    assert scores is not None
    assert scores.tolist() == [1.5, 0.5, 0.0, 0.0]
    assert not is_inactive(scores, keep).any(), "masked ones are not inactive"


@pytest.mark.parametrize("values", [[0.0] * 4, [1e-13] * 4, [float("inf")] * 4, [float("nan")] * 4])
def test_where_nothing_is_learned_there_is_no_score(values: list[float]) -> None:
    assert score_gradients(torch.tensor(values), ALL) is None
    assert score_gradients(torch.ones(4), ~ALL) is None


def test_scores_of_a_network_are_those_of_gradients_by_hand() -> None:
    model, probe = network_of(depth=1).double(), images_of()
    model.register_forward_pre_hook(lambda module, args: (args[0].double(),))
    layer = model.hidden[0]
    with torch.no_grad():
        layer.affine.bias[3] = -40.0  # dead
        model.head.weight[:, 5] = 0.0  # nobody reads it
    numbers = [layer.affine.weight, layer.affine.bias, model.head.weight, model.head.bias]
    inputs = normalise_pixels(probe.pixels, probe).flatten(1).double().numpy()
    arrays = [tensor.detach().numpy() for tensor in numbers]
    expected = slow.gradient_magnitudes(inputs, probe.labels.tolist(), *arrays)
    (found,) = measure_gradients(model, probe, batch_size=7).values()
    for scores, magnitudes in zip((found.grama, found.grama_weight), expected, strict=True):
        assert scores is not None
        np.testing.assert_allclose(scores, np.array(magnitudes) / np.mean(magnitudes), rtol=1e-10)
        assert scores.mean() == pytest.approx(1.0)
    assert found.grama is not None
    assert found.grama_weight is not None
    assert found.grama[3] > 0, "what reads a dead neuron has a wish"
    assert found.grama_weight[3] == 0, "which the neuron never hears of"
    assert (found.grama[5], found.grama_weight[5]) == (0, 0)


def one_image_after_another(model: nn.Module, probe: Images) -> dict[str, tuple[Tensor, Tensor]]:
    """The slow obvious way: one backward pass an image."""
    outputs: dict[str, Tensor] = {}
    totals: dict[str, Tensor] = {}

    def keep_output(path: str, output: Tensor) -> Tensor:
        outputs[path] = output.clone()
        return outputs[path].clone()

    whole = 0.0
    with tap(model.eval(), keep_output):
        for i in range(len(probe)):
            one = probe.select(slice(i, i + 1))
            loss = F.cross_entropy(model(normalise_pixels(one.pixels, one)), one.labels)
            whole = whole + loss / len(probe)
            slopes = torch.autograd.grad(loss, list(outputs.values()), retain_graph=True)
            for path, slope in zip(outputs, slopes, strict=True):
                own = slope.abs().flatten(2).mean(2)[0] if slope.dim() > 2 else slope.abs()[0]
                totals[path] = totals.get(path, 0) + own
    layers, names = neuron_layers(model), dict(model.named_parameters())
    slopes = torch.autograd.grad(whole, list(names.values()))  # type: ignore[arg-type]
    named = dict(zip(names, slopes, strict=True))
    return {
        path: (totals[path], layers[path].gather(named.__getitem__, path).flatten(1).abs().mean(1))
        for path in layers
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda: network_of("convnet", norm="batch", activation="gelu"),
        lambda: network_of("resnet18", norm="batch"),
        lambda: network_of("vit"),
        adopted,
    ],
    ids=["convnet", "resnet18", "vit", "adopted"],
)
def test_scores_are_those_of_one_image_after_another(make: Callable[[], nn.Module]) -> None:
    model, probe = make(), images_of(9)
    before = state_of(model.train())
    found = measure_gradients(model, probe)
    assert_same_state(model, before)
    for path, expected in one_image_after_another(model, probe).items():
        for scores, size in zip(vars(found[path]).values(), expected, strict=True):
            np.testing.assert_allclose(scores, size / size.mean(), rtol=2e-3, atol=1e-4)


def test_a_loss_over_the_classes_seen_and_a_perfect_fit() -> None:
    model, probe = network_of(), images_of(classes=3)
    seen = torch.arange(10) < 3
    probe = Images(probe.pixels, probe.labels, probe.mean, probe.std, seen=seen)
    found = measure_gradients(model, probe)["hidden.1"]
    with torch.no_grad():
        model.head.weight[3:] += 100.0  # of logits that do not count
    again = measure_gradients(model, probe)["hidden.1"]
    assert torch.equal(found.grama, again.grama)  # type: ignore[arg-type]
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(100.0 * F.one_hot(torch.tensor(1), 10))
    fit = Images(probe.pixels, torch.ones_like(probe.labels), probe.mean, probe.std)
    assert vars(measure_gradients(model, fit)["hidden.0"]) == {"grama": None, "grama_weight": None}


# --- the size of weights


def test_the_mean_of_two_weights_without_what_is_masked() -> None:
    model = network_of(depth=1)
    weight = model.hidden[0].affine.weight
    with torch.no_grad():
        weight[:, 0::2], weight[:, 1::2] = 1.0, -3.0
    assert measure_magnitudes(model) == {"hidden.0": pytest.approx(2.0)}
    keep = torch.ones_like(weight, dtype=torch.bool)
    keep[:, 1] = False
    mask_weights(model, None, "hidden.0.affine.weight", keep)
    mask_units(model, None, "hidden.0", torch.tensor([1, 2]))
    assert measure_magnitudes(model) == {"hidden.0": pytest.approx((32 + 31 * 3) / 63)}
    model.hidden[0].keep.fill_(False)
    assert measure_magnitudes(model) == {"hidden.0": None}
    assert set(measure_magnitudes(adopted())) == set(neuron_layers(adopted()))
