"""Vitality: each quantity by hand, against a slow obvious reference, and under its laws."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.data.batches import normalise_pixels
from nvp.data.splits import Images
from nvp.models import build_model
from nvp.models.activations import ACTIVATIONS
from nvp.network.groups import maskable_layers, neuron_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer
from nvp.vitality import (
    DEATHS,
    Activity,
    dormancy,
    headline_death,
    judge_deaths,
    list_definitions,
    nvi,
    observe_images,
    weight_norms,
)
from nvp.vitality.activity import EXTREMES, find_extreme, reduce_positions
from nvp.vitality.death import ALWAYS, is_dormant
from nvp.vitality.entropy import count_histograms, entropy_bits, find_quantile, shared_edges
from nvp.vitality.rank import effective_rank, singular_values, srank, stable_rank
from tests.in_turn import in_turn
from tests.tiny import STRUCTURES

torch.set_num_threads(1)
REALS = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
BINS = 8
REAL_FIELDS = ("mean", "mean_abs", "maximum", "fire_rate", "variance")
EXTREME_OF = {name: ("max_abs",) for name in ("silu", "swish", "gelu")} | {"tanh": ("min_abs",)}
OWN_DEATHS = {
    "relu": ("dead", "rare"),
    "leaky_relu": ("negative_side", "rare"),
    "elu": ("negative_side", "rare"),
    "silu": ("saturated",),
    "swish": ("saturated",),
    "gelu": ("saturated",),
    "tanh": ("saturated",),
}


def tensor(*values) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def activity_of(y: Tensor, bins: int = BINS, activation: str = "relu") -> Activity:
    """The slow obvious way: plain numpy over one neuron after another."""
    values = y.double().numpy().reshape(y.shape[0], y.shape[1], -1)
    means = y.flatten(2).mean(2).numpy() if y.dim() > 2 else y.numpy()
    low, high = np.quantile(means.astype(np.float64), [0.001, 0.999])
    edges = (low + (high - low) * np.arange(bins + 1) / bins).astype(np.float32)
    names = [*REAL_FIELDS, "counts", *EXTREME_OF.get(activation, ())]
    columns: dict[str, list] = {name: [] for name in names}
    for neuron in range(y.shape[1]):
        own = values[:, neuron]
        columns["mean"].append(own.mean())
        columns["mean_abs"].append(np.abs(own).mean())
        columns["maximum"].append(own.max())
        columns["fire_rate"].append((own > 0).mean())
        columns["variance"].append(own.mean(1).var())
        clamped = np.clip(means[:, neuron], edges[0], edges[-1])
        columns["counts"].append(np.histogram(clamped, edges)[0])
        for name in EXTREME_OF.get(activation, ()):
            columns[name].append(getattr(np.abs(own), name.removesuffix("_abs"))())
    arrays = {name: torch.tensor(np.array(column)) for name, column in columns.items()}
    counts = arrays.pop("counts").long()
    return Activity(**{name: array.float() for name, array in arrays.items()}, counts=counts)


# --- quantiles, edges, histograms


def test_quantile_by_hand() -> None:
    values = tensor(4, 1, 3, 2, 0)
    assert float(find_quantile(values, 0.25, largest=False)) == 1.0
    assert float(find_quantile(values, 0.875, largest=True)) == 3.5
    assert float(find_quantile(tensor(7), 0.999, largest=True)) == 7.0


@given(
    hnp.arrays(np.float32, st.integers(1, 60), elements=REALS),
    st.floats(0, 1, allow_subnormal=False),
    st.booleans(),
)
@settings(deadline=None, max_examples=60)
def test_quantile_is_numpy_s(values: np.ndarray, q: float, largest: bool) -> None:
    found = float(find_quantile(torch.from_numpy(values), q, largest=largest))
    expected = np.quantile(values.astype(np.float64), q)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6 * float(np.abs(values).max()))


def test_quantiles_of_a_large_layer_are_numpy_s() -> None:
    values = torch.randn(200_000, generator=torch.Generator().manual_seed(0))
    for q, largest in ((0.001, False), (0.999, True)):
        expected = np.quantile(values.double().numpy(), q)
        assert float(find_quantile(values, q, largest=largest)) == pytest.approx(expected, rel=1e-6)


def test_edges_by_hand() -> None:
    means = torch.arange(1001.0).view(143, 7)
    assert shared_edges(means, 2).tolist() == [1.0, 500.0, 999.0]
    assert shared_edges(torch.full((5, 3), 2.5), 4).tolist() == [2.5] * 5


@given(hnp.arrays(np.float32, (20, 3), elements=REALS), st.integers(2, 40))
@settings(deadline=None, max_examples=50)
def test_edges_rise_evenly_between_the_layer_s_quantiles(means: np.ndarray, bins: int) -> None:
    edges = shared_edges(torch.from_numpy(means), bins).double().numpy()
    low, high = np.quantile(means.astype(np.float64), [0.001, 0.999])
    scale = max(np.abs(means).max(), 1e-6)
    assert len(edges) == bins + 1
    assert (np.diff(edges) >= 0).all()
    np.testing.assert_allclose(edges, np.linspace(low, high, bins + 1), atol=2e-6 * scale)


def test_histograms_by_hand() -> None:
    means = torch.tensor([[-1.0, 0.5], [0.0, 1.0], [1.0, 1.5], [9.0, 2.0]])
    edges = torch.tensor([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]])
    assert count_histograms(means, edges).tolist() == [[2, 2], [1, 3]]


def numpy_histograms(means: np.ndarray, edges: np.ndarray) -> list[list[int]]:
    clamped = np.clip(means, edges[:, 0], edges[:, -1])
    return [np.histogram(column, own)[0].tolist() for column, own in zip(clamped.T, edges)]  # noqa: B905


@given(hnp.arrays(np.float32, (25, 4), elements=REALS), st.integers(2, 33))
@settings(deadline=None, max_examples=60)
@example(np.array([[-1.0, 0.0, 0.0, 0.0]] + [[0.0] * 4] * 1500, np.float32), 8)
@example(np.array([[1.0, 0.0, 0.0, 0.0]] + [[0.0] * 4] * 1500, np.float32), 8)
def test_histograms_are_numpy_s_of_the_clamped_values(means: np.ndarray, bins: int) -> None:
    edges = shared_edges(torch.from_numpy(means), bins).expand(means.shape[1], -1)
    found = count_histograms(torch.from_numpy(means), edges)
    assert found.tolist() == numpy_histograms(means, edges.numpy())
    assert (found.sum(1) == len(means)).all()


@given(
    hnp.arrays(np.float32, (10, 3), elements=REALS),
    hnp.arrays(np.float32, (3, 6), elements=REALS),
)
@settings(deadline=None, max_examples=50)
def test_histograms_are_numpy_s_whatever_the_edges(means: np.ndarray, edges: np.ndarray) -> None:
    edges = np.sort(edges, axis=1)
    found = count_histograms(torch.from_numpy(means), torch.from_numpy(edges))
    assert found.tolist() == numpy_histograms(means, edges)


# --- entropy


def test_entropy_by_hand() -> None:
    counts = torch.tensor([[4, 0, 0, 0], [2, 2, 0, 0], [1, 1, 1, 1], [2, 1, 1, 0]])
    assert entropy_bits(counts).tolist() == pytest.approx([0.0, 1.0, 2.0, 1.5], abs=1e-6)
    blank = torch.zeros(4)
    normalised = Activity(blank, blank, blank, blank, blank, counts).entropy
    assert normalised.tolist() == pytest.approx([0.0, 0.5, 1.0, 0.75], abs=1e-6)


@given(hnp.arrays(np.int64, (3, 6), elements=st.integers(0, 1000)))
@settings(deadline=None, max_examples=50)
def test_entropy_is_the_obvious_sum(counts: np.ndarray) -> None:
    counts[:, 0] += 1
    expected = []
    for row in counts.tolist():
        shares = [n / sum(row) for n in row if n]
        expected.append(-sum(p * math.log2(p) for p in shares))
    found = entropy_bits(torch.from_numpy(counts)).tolist()
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert all(-1e-6 <= h <= math.log2(6) + 1e-5 for h in found)


def test_constant_and_dead_neurons_and_a_layer_without_range_have_no_entropy() -> None:
    means = torch.rand(100, 3)
    means[:, 1], means[:, 2] = 0.5, 0.0
    edges = shared_edges(means, 8).expand(3, -1)
    entropy = entropy_bits(count_histograms(means, edges))
    assert float(entropy[0]) > 1
    assert entropy[1:].abs().tolist() == [0.0, 0.0]
    flat = torch.full((10, 3), 0.7)
    edges = shared_edges(flat, 8).expand(3, -1)
    assert not entropy_bits(count_histograms(flat, edges)).any()


def test_a_silent_neuron_scores_below_a_lively_one_of_its_layer() -> None:
    lively = torch.randn(2000, 1, generator=torch.Generator().manual_seed(0)).relu()
    means = torch.cat([lively, 0.1 * lively, 0.01 * lively], 1)
    entropy = entropy_bits(count_histograms(means, shared_edges(means, 32).expand(3, -1)))
    assert entropy[0] > 2 * entropy[1] > 4 * entropy[2]


# --- reductions and deaths


def test_reductions_by_hand() -> None:
    y = torch.tensor([[[[1.0, -3.0], [0.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]]])
    mean, maximum, mean_abs, fires = reduce_positions(y)
    assert mean.tolist() == [[0.5, 0.0]]
    assert maximum.tolist() == [[4.0, 0.0]]
    assert mean_abs.tolist() == [[2.0, 0.0]]
    assert fires.tolist() == [[0.5, 0.0]]
    assert reduce_positions(tensor([-2.0, 3.0]))[:, 0].tolist() == [
        [-2, 3],
        [-2, 3],
        [2, 3],
        [0, 1],
    ]


def made(**columns: list[float]) -> Activity:
    width = len(next(iter(columns.values())))
    extremes = [name for name in columns if name in ("max_abs", "min_abs")]
    names = (*REAL_FIELDS, *extremes)
    filled = {name: tensor(*columns.get(name, [1.0] * width)) for name in names}
    return Activity(**filled, counts=torch.ones(width, 4, dtype=torch.int64))


@pytest.mark.parametrize(
    ("definition", "column", "values", "verdict"),
    [
        ("dead", "maximum", [0.0, 1e-30, -0.1, 2.0], [True, False, True, False]),
        ("negative_side", "maximum", [0.0, 1e-30, -0.1, 2.0], [True, False, True, False]),
        ("saturated", "max_abs", [0.0, 0.01, 0.011, 2.0], [True, True, False, False]),
        ("saturated", "min_abs", [0.0, 0.98, 0.99, 1.0], [False, False, True, True]),
        ("rare", "fire_rate", [0.0, 0.009, 0.01, 1.0], [True, True, False, False]),
        ("dormant_0025", "mean_abs", [0.0, 0.02, 0.03, 3.95], [True, True, False, False]),
        ("dormant_01", "mean_abs", [0.0, 0.05, 0.11, 3.84], [True, True, False, False]),
        ("low_variance", "variance", [0.0, 0.005, 0.015, 3.98], [True, True, False, False]),
    ],
)
def test_each_death_by_hand(definition: str, column: str, values, verdict) -> None:
    assert DEATHS[definition](made(**{column: values})).tolist() == verdict


def test_every_activation_has_the_deaths_that_mean_something_for_it() -> None:
    assert set(OWN_DEATHS) == set(ACTIVATIONS)
    for name, own in OWN_DEATHS.items():
        activation = ACTIVATIONS[name](0.01)
        assert list_definitions(activation) == (*own, *ALWAYS)
        assert headline_death(activation) == ("dead" if name == "relu" else "dormant_0025")
        assert EXTREMES.get(type(activation)) == next(iter(EXTREME_OF.get(name, ())), None)
    assert {name for own in OWN_DEATHS.values() for name in own} | set(ALWAYS) == set(DEATHS)
    assert list_definitions(torch.sin) == ALWAYS
    assert headline_death(torch.sin) == "dormant_0025"


def verdicts_by_hand(y: Tensor, keep: list[bool], activation: str) -> dict[str, list[bool]]:
    """The slow obvious way: each neuron's values against each definition's own words."""
    values = [y[:, i].double().flatten().numpy() for i in range(y.shape[1])]
    spatial = [y[:, i].double().reshape(len(y), -1).mean(1).numpy() for i in range(y.shape[1])]
    kept = [i for i, k in enumerate(keep) if k]
    size = sum(np.abs(values[i]).mean() for i in kept) / max(len(kept), 1)
    spread = sum(spatial[i].var() for i in kept) / max(len(kept), 1)
    words = {
        "dead": lambda i: all(values[i] <= 0),
        "negative_side": lambda i: all(values[i] <= 0),
        "rare": lambda i: sum(values[i] > 0) < 0.01 * len(values[i]),
        "saturated": lambda i: (
            all(abs(values[i]) >= 0.99) if activation == "tanh" else all(abs(values[i]) <= 0.01)
        ),
        "dormant_0025": lambda i: np.abs(values[i]).mean() <= 0.025 * size,
        "dormant_01": lambda i: np.abs(values[i]).mean() <= 0.1 * size,
        "low_variance": lambda i: spatial[i].var() <= 0.01 * spread,
    }
    names = (*OWN_DEATHS[activation], *ALWAYS)
    return {name: [k and bool(words[name](i)) for i, k in enumerate(keep)] for name in names}


@pytest.mark.parametrize("shape", [(150, 24), (30, 24, 3, 3)], ids=["linear", "conv"])
@pytest.mark.parametrize("activation", OWN_DEATHS)
def test_each_death_is_what_its_words_say(activation: str, shape: tuple[int, ...]) -> None:
    rng = torch.Generator().manual_seed(0)
    per_neuron = (-1, *[1] * (len(shape) - 2))
    # of the 24: silent, all above, all below, rarely above, tiny, and lively ones
    shift = tensor(-40, 40, -3, -2.4, 0, 0).repeat(4).view(per_neuron)
    scale = tensor(1, 1, 0.2, 1, 0.002, 1).repeat(4).view(per_neuron)
    y = ACTIVATIONS[activation](0.01)(torch.randn(shape, generator=rng) * scale + shift)
    keep = [i not in (0, 7, 11) for i in range(24)]
    found = judge_deaths(measured(y, activation), torch.tensor(keep), ACTIVATIONS[activation](0.01))
    expected = verdicts_by_hand(y, keep, activation)
    assert {name: which.tolist() for name, which in found.items()} == expected
    for name in OWN_DEATHS[activation]:
        assert found[name].any(), name
        assert not found[name].all(), name


def measured(y: Tensor, activation: str) -> Activity:
    """The activity of one layer, through the functions that the library measures with."""
    stats = reduce_positions(y)
    found = {name: find_extreme(y, name) for name in EXTREME_OF.get(activation, ())}
    counts = count_histograms(stats[0], shared_edges(stats[0], BINS).expand(y.shape[1], -1))
    columns = (stats[0].mean(0), stats[2].mean(0), stats[1].amax(0), stats[3].mean(0))
    return Activity(*columns, stats[0].var(0, correction=0), counts, **found)


def test_extremes_by_hand() -> None:
    y = torch.tensor([[[[1.0, -3.0]], [[0.0, 0.5]]], [[[2.0, -0.5]], [[0.25, -0.1]]]])
    assert find_extreme(y, "max_abs").tolist() == [3.0, 0.5]
    assert find_extreme(y, "min_abs").tolist() == [0.5, 0.0]
    assert find_extreme(tensor([-2.0, 3.0], [1.0, -4.0]), "max_abs").tolist() == [2.0, 4.0]


def test_dormancy_by_hand() -> None:
    assert dormancy(tensor(0, 1, 2, 5)).tolist() == pytest.approx([0, 0.5, 1, 2.5])
    assert dormancy(tensor(0, 0)).tolist() == [0, 0]
    assert is_dormant(tensor(0, 1, 2, 5), tau=0.5).tolist() == [True, True, False, False]
    assert is_dormant(tensor(0, 0), tau=0.0).tolist() == [True, True]


@pytest.mark.parametrize("tau", [-0.1, 1.0])
def test_tau_is_a_fraction(tau: float) -> None:
    with pytest.raises(ValueError, match=rf"tau is .* in \[0, 1\), got {tau}"):
        is_dormant(tensor(1), tau=tau)


@given(
    hnp.arrays(
        np.float32, st.integers(1, 9), elements=st.floats(0, 100, width=32, allow_subnormal=False)
    )
)
@settings(deadline=None, max_examples=50)
def test_dormancy_has_layer_mean_one_and_range_zero_to_width(mean_abs: np.ndarray) -> None:
    found = dormancy(torch.from_numpy(mean_abs))
    assert bool((found >= 0).all())
    assert bool((found <= len(mean_abs) * (1 + 1e-5)).all())
    if mean_abs.mean() > 1e-3:
        assert float(found.mean()) == pytest.approx(1, rel=1e-4)


def test_verdicts_are_of_the_living() -> None:
    activity = made(mean_abs=[0.0, 100.0, 1.0, 0.05], maximum=[0.0, 100.0, 1.0, 0.0])
    keep = torch.tensor([False, False, True, True])
    relu = nn.ReLU()
    verdicts = judge_deaths(activity, keep, relu)
    assert verdicts["dead"].tolist() == [False, False, False, True]
    assert verdicts["dormant_01"].tolist() == [False, False, False, True]  # 0.05 / 0.525
    assert not any(v.any() for v in judge_deaths(activity, torch.zeros_like(keep), relu).values())
    assert "dead" not in judge_deaths(activity, keep, nn.LeakyReLU())


# --- NVI and ranks


def test_nvi_by_hand() -> None:
    found = nvi(tensor(0.5, 1.0, 0.0, 0.25), tensor(1, 2, 3, 2))
    assert found.tolist() == pytest.approx([0.25, 1.0, 0.0, 0.25])
    assert nvi(tensor(0.5, 1.0), tensor(0, 0)).tolist() == [0, 0]


def test_weight_norms_by_hand() -> None:
    layer = NeuronLayer(nn.Conv2d(1, 2, (1, 2), bias=False), nn.BatchNorm2d(2), nn.ReLU())
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[[[3.0, 4.0]]], [[[0.0, -2.0]]]]))
        layer.norm.weight.copy_(tensor(-2.0, 0.5))
        layer.norm.running_var.copy_(tensor(4.0, 0.25) - layer.norm.eps)
    assert weight_norms(layer, kind="raw").tolist() == [5.0, 2.0]
    assert weight_norms(layer, kind="folded").tolist() == pytest.approx([5.0, 2.0])
    plain = NeuronLayer(nn.Linear(2, 1), None, nn.ReLU())
    expected = float(plain.weight.detach().norm())
    assert weight_norms(plain, kind="folded").tolist() == pytest.approx([expected])


def test_folded_norms_are_those_of_the_folded_network() -> None:
    torch.manual_seed(0)
    layer = NeuronLayer(nn.Linear(6, 4, bias=False), nn.BatchNorm1d(4), nn.Identity()).eval()
    nn.init.normal_(layer.norm.weight)
    layer.norm.running_var.uniform_(0.1, 3)
    folded = layer(torch.eye(6)) - layer(torch.zeros(1, 6))  # columns of the linear map
    expected = folded.norm(dim=0)
    assert torch.allclose(weight_norms(layer, kind="folded"), expected, rtol=1e-5)


def test_ranks_by_hand() -> None:
    sigma = torch.tensor([2.0, 1.0, 1.0, 0.0])
    assert effective_rank(sigma) == pytest.approx(2**1.5)
    assert stable_rank(sigma) == pytest.approx(1.5)
    assert [srank(sigma, delta) for delta in (0.01, 0.3, 0.6)] == [3, 2, 1]
    for nothing in (torch.zeros(3), singular_values(torch.zeros(5, 0))):
        assert (effective_rank(nothing), srank(nothing), stable_rank(nothing)) == (0.0, 0, 0.0)


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 12), st.integers(1, 6)),
        elements=st.floats(-9, 9, width=16, allow_subnormal=False),
    )
)
@settings(deadline=None, max_examples=50)
def test_ranks_are_those_of_the_singular_value_decomposition(features: np.ndarray) -> None:
    values = np.linalg.svd(features.astype(np.float64), compute_uv=False)
    sigma = singular_values(torch.from_numpy(features))
    scale = max(values.max(), 1e-3)
    padded = np.zeros(features.shape[1])
    padded[: len(values)] = values
    np.testing.assert_allclose(sigma.numpy(), padded, atol=1e-6 * scale)
    if values.max() < 1e-3:
        return
    shares = values[values > 0] / values.sum()
    expected = math.exp(-float((shares * np.log(shares)).sum()))
    assert effective_rank(sigma) == pytest.approx(expected, rel=1e-4)
    assert stable_rank(sigma) == pytest.approx((values**2).sum() / values.max() ** 2, rel=1e-6)
    assert 1 <= srank(sigma) <= features.shape[1]


def test_srank_is_the_least_k_that_holds_the_share() -> None:
    sigma = torch.tensor([50.0, 30.0, 15.0, 4.5, 0.5])
    for delta in (0.01, 0.04, 0.06, 0.19, 0.21, 0.51):
        reached = [float(sigma[:k].sum()) >= (1 - delta) * 100 for k in range(1, 6)]
        assert srank(sigma, delta) == 1 + reached.index(True)


# --- observe


def images(count: int = 30, channels: int = 1) -> Images:
    rng = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (count, channels, 8, 8), generator=rng).to(torch.uint8)
    return Images(pixels, torch.zeros(count, dtype=torch.int64), (0.4,), (0.3,))


def model_of(name: str, *, norm: str = "batch", activation: str = "relu") -> nn.Module:
    config = ModelConfig(name=name, width=0.1, norm=norm, activation=activation)
    model = build_model(config, (1, 8, 8), 10, seed=0)
    rng = torch.Generator().manual_seed(2)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(generator=rng)
            module.bias.data.normal_(generator=rng)
    return model


def by_hand(name: str, model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Run the model layer by layer."""
    seen: dict[str, Tensor] = {}
    if name in ("mlp", "lenet300"):
        x = x.flatten(1)
        for depth, layer in enumerate(model.hidden):
            x = seen[f"hidden.{depth}"] = layer(x)
    elif name == "convnet":
        x = seen["conv1"] = model.conv1(x)
        x = seen["conv2"] = model.conv2(nn.functional.max_pool2d(x, 2))
        x = seen["conv3"] = model.conv3(x)
        seen["hidden"] = model.hidden(nn.functional.max_pool2d(x, 2).flatten(1))
    elif name == "lenet5":
        x = seen["conv1"] = model.conv1(x)
        x = seen["conv2"] = model.conv2(nn.functional.max_pool2d(x, 2))
        seen["hidden"] = model.hidden(nn.functional.max_pool2d(x, 2).flatten(1))
    elif name == "vgg_like":
        seen = vgg_by_hand(model, x)
    else:
        assert name.startswith("resnet"), "a new model: run it layer by layer here"
        seen = resnet_by_hand(name, model, x)
    return seen


def vgg_by_hand(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    seen: dict[str, Tensor] = {}
    for stage, layers in enumerate(model.stages):
        for index, layer in enumerate(layers):
            x = seen[f"stages.{stage}.{index}"] = layer(x)
        if stage < 3:  # 8x8 images
            x = nn.functional.max_pool2d(x, 2)
    seen["hidden.1"] = model.hidden[1](x.flatten(1))
    return seen


def resnet_by_hand(name: str, model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    x = model.stem(x)
    seen = {"stem": x}
    if name in ("resnet50", "resnet18_imagenet"):
        x = nn.functional.max_pool2d(x, 3, 2, 1)
    *inner, last = ("first", "second", "third") if name == "resnet50" else ("first", "second")
    for stage, blocks in enumerate(model.stages):
        for index, block in enumerate(blocks):
            y, residual = x, block.shortcut(x) if block.shortcut else x
            for layer in inner:
                y = seen[f"stages.{stage}.{index}.{layer}"] = getattr(block, layer)(y)
            x = seen[f"stages.{stage}.{index}.{last}"] = getattr(block, last)(y, residual)
    if name == "resnet18_dropout":
        x = seen["hidden.1"] = model.hidden[1](x.mean((2, 3)))
        seen["hidden.3"] = model.hidden[3](x)
    return seen


def assert_same(found: Activity, expected: Activity) -> None:
    assert found.counts.tolist() == expected.counts.tolist()
    for name in (*REAL_FIELDS, "max_abs", "min_abs"):
        one, two = getattr(found, name), getattr(expected, name)
        assert (one is None) == (two is None), name
        if one is None:
            continue
        assert torch.allclose(one, two, rtol=1e-4, atol=1e-6), name


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("name", "norm", "activation"),  # each structure with and without norm; activations in turn
    in_turn(
        [(name, norm) for name in STRUCTURES for norm in ("batch", "none")],
        ["relu", "leaky_relu", "silu", "tanh"],
    ),
)
def test_observe_is_the_layer_by_layer_pass(name: str, norm: str, activation: str) -> None:
    model, probe = model_of(name, norm=norm, activation=activation), images()
    seen = observe_images(model, probe, bins=BINS)
    with torch.no_grad():
        expected = by_hand(name, model.eval(), normalise_pixels(probe.pixels, probe))
    assert list(seen.layers) == list(expected)
    for path, output in expected.items():
        assert_same(seen.layers[path], activity_of(output, activation=activation))
    last = output.flatten(2).mean(2) if output.dim() > 2 else output
    assert torch.allclose(seen.features, last, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 7, 30])
def test_the_batch_size_changes_no_result(batch_size: int) -> None:
    model, probe = model_of("convnet"), images()
    whole = observe_images(model, probe, bins=BINS)
    parts = observe_images(model, probe, bins=BINS, batch_size=batch_size)
    for path, activity in whole.layers.items():
        assert torch.allclose(parts.layers[path].mean, activity.mean, atol=1e-6)
        assert torch.allclose(parts.layers[path].maximum, activity.maximum, atol=1e-6)
        moved = (parts.layers[path].counts - activity.counts).abs().sum()
        assert int(moved) <= 2  # a value on an edge may move with the last bit
    assert torch.allclose(parts.features, whole.features, atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "silu"])
def test_a_pass_without_histograms_has_all_else_bit_for_bit(activation: str) -> None:
    model, probe = model_of("convnet", activation=activation), images()
    whole = observe_images(model, probe, bins=BINS, batch_size=7)
    short = observe_images(model, probe, bins=0, batch_size=7)
    assert torch.equal(short.features, whole.features)
    for path, activity in whole.layers.items():
        own = short.layers[path]
        for name in (*REAL_FIELDS, *EXTREME_OF.get(activation, ())):
            assert torch.equal(getattr(own, name), getattr(activity, name)), name
        assert own.select(torch.tensor([0, 2])).mean.shape == (2,)
        with pytest.raises(ValueError, match="entropy: expected histograms, got an activity with"):
            _ = own.entropy


def mask(layer: NeuronLayer, *neurons: int) -> None:
    layer.keep[list(neurons)] = False


def test_masked_neurons_are_silent_and_do_not_count_in_the_edges_of_the_living() -> None:
    model = model_of("mlp")
    layer = model.hidden[1]
    with torch.no_grad():
        layer.norm.bias[3] = 1e4  # would stretch the edges of the whole layer
    mask(layer, 3)
    probe = images()
    seen = observe_images(model, probe, bins=BINS)
    with torch.no_grad():
        output = by_hand("mlp", model.eval(), normalise_pixels(probe.pixels, probe))["hidden.1"]
    expected = activity_of(output[:, layer.keep])
    assert_same(seen.layers["hidden.1"].select(layer.keep), expected)
    assert float(seen.layers["hidden.1"].mean_abs[3]) == 0.0
    assert torch.allclose(seen.features, output[:, layer.keep], atol=1e-6)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", STRUCTURES)
def test_ranks_are_of_the_living_and_a_silent_neuron_adds_nothing(name: str) -> None:
    model = model_of(name)
    *_, last = neuron_layers(model)
    group = neuron_layers(model)[last].group or last
    for path in prunable_groups(model)[group]:
        mask(maskable_layers(model)[path], 0, 2)
    seen = observe_images(model, images(64), bins=BINS)
    width = len(seen.layers[last].mean)
    assert seen.features.shape == (64, width - 2)
    values = np.linalg.svd(seen.features.double().numpy(), compute_uv=False)
    shares = values / values.sum()
    sigma = singular_values(seen.features)
    expected = math.exp(-float((shares * np.log(shares + 1e-300)).sum()))
    assert effective_rank(sigma) == pytest.approx(expected, rel=1e-4)
    assert stable_rank(sigma) == pytest.approx((values**2).sum() / values[0] ** 2, rel=1e-5)
    silent = torch.cat([seen.features, torch.zeros(64, 2)], 1)
    assert srank(singular_values(silent)) == srank(sigma)
    assert effective_rank(singular_values(silent)) == pytest.approx(effective_rank(sigma), rel=1e-6)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", STRUCTURES)
def test_a_layer_masked_altogether_has_numbers_and_no_nan(name: str) -> None:
    model = model_of(name)
    path = list(neuron_layers(model))[-2]
    layer = neuron_layers(model)[path]
    layer.keep.fill_(False)
    seen = observe_images(model, images(), bins=BINS)
    activity = seen.layers[path]
    assert all(getattr(activity, name).isfinite().all() for name in (*REAL_FIELDS, "counts"))
    if not layer.group:
        assert not activity.mean_abs.any()
        assert not activity.entropy.abs().any()


def test_a_penultimate_layer_masked_altogether_has_rank_zero() -> None:
    model = model_of("mlp")
    model.hidden[-1].keep.fill_(False)
    features = observe_images(model, images(), bins=BINS).features
    assert features.shape == (30, 0)
    assert effective_rank(singular_values(features)) == 0


@pytest.mark.parametrize("activation", ["silu", "tanh"])
def test_extremes_are_over_all_batches(activation: str) -> None:
    model, probe = model_of("convnet", activation=activation), images()
    whole = observe_images(model, probe, bins=BINS).layers
    parts = observe_images(model, probe, bins=BINS, batch_size=7).layers
    for path, activity in whole.items():
        for name in EXTREME_OF[activation]:
            found = getattr(parts[path], name)
            assert torch.allclose(found, getattr(activity, name), atol=1e-6), path


def test_layers_of_one_neuron() -> None:
    model = build_model(ModelConfig(name="convnet", width=0.001), (1, 8, 8), 10, seed=0)
    probe = images()
    seen = observe_images(model, probe, bins=BINS)
    with torch.no_grad():
        expected = by_hand("convnet", model.eval(), normalise_pixels(probe.pixels, probe))
    for path, activity in seen.layers.items():
        assert activity.counts.shape == (1, BINS)
        assert_same(activity, activity_of(expected[path]))


def test_constant_layers_are_alive_without_entropy_and_dead_ones_dead() -> None:
    model = model_of("mlp", norm="none")
    with torch.no_grad():
        for layer, bias in zip(model.hidden, (0.5, -0.5), strict=True):
            layer.weight.zero_()
            layer.affine.bias.fill_(bias)
    seen = observe_images(model, images(), bins=BINS).layers
    constant, dead = seen["hidden.0"], seen["hidden.1"]
    assert constant.mean.tolist() == [0.5] * 13
    for activity in (constant, dead):
        assert not activity.entropy.any()
        assert not activity.variance.any()
    assert not DEATHS["dead"](constant).any()
    assert DEATHS["low_variance"](constant).all()
    keep = torch.ones(13, dtype=torch.bool)
    assert all(verdict.all() for verdict in judge_deaths(dead, keep, nn.ReLU()).values())


@pytest.mark.parametrize("name", ["mlp", "convnet"])
def test_a_bias_of_minus_ten_kills_a_network_without_norm(name: str) -> None:
    model = model_of(name, norm="none")
    for layer in neuron_layers(model).values():
        nn.init.constant_(layer.affine.bias, -10.0)
    for path, activity in observe_images(model, images(), bins=BINS).layers.items():
        keep = torch.ones_like(activity.mean > 0)
        assert judge_deaths(activity, keep, nn.ReLU())["dead"].all(), path
        assert not nvi(activity.entropy, torch.ones_like(activity.mean)).any()
