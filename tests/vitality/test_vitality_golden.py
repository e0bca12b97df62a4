"""Vitality against slow references: ours for small layers, and those of others where given."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nvp.network.neuron_layer import NeuronLayer
from nvp.vitality import DEATHS, Activity, dormancy, nvi, weight_norms
from nvp.vitality.activity import reduce_positions
from nvp.vitality.entropy import count_histograms, entropy_bits, shared_edges
from nvp.vitality.rank import effective_rank, singular_values, srank, stable_rank
from tests.golden_files import golden_files

FILES = golden_files("vitality")
INPUTS = {"activation", "weight", "bn_weight", "bn_var", "bn_eps", "act", "bins"}


def measure(given: dict[str, np.ndarray]) -> dict[str, object]:
    """Every quantity of one layer, through the functions that the library measures with."""
    stats = reduce_positions(torch.from_numpy(given["activation"]))
    means = stats[0]
    bins = int(given["bins"])
    edges = shared_edges(means, bins).expand(means.shape[1], -1)
    activity = Activity(
        mean=means.mean(0),
        mean_abs=stats[2].mean(0),
        maximum=stats[1].amax(0),
        fire_rate=stats[3].mean(0),
        variance=means.var(0, correction=0),
        counts=count_histograms(means, edges),
    )
    layer = layer_of(given)
    sigma = singular_values(means)
    return {
        "entropy_bits": entropy_bits(activity.counts),
        "entropy": activity.entropy,
        "nvi_raw": nvi(activity.entropy, weight_norms(layer, kind="raw")),
        "nvi_folded": nvi(activity.entropy, weight_norms(layer, kind="folded")),
        "fire_rate": activity.fire_rate,
        "mean_abs": activity.mean_abs,
        "dormancy": dormancy(activity.mean_abs),
        "effective_rank": effective_rank(sigma),
        "srank_001": srank(sigma),
        "stable_rank": stable_rank(sigma),
    } | {name: definition(activity) for name, definition in DEATHS.items() if name in given}


def layer_of(given: dict[str, np.ndarray]) -> NeuronLayer:
    width, fan_in = given["weight"].shape
    norm = torch.nn.BatchNorm1d(width, eps=float(given["bn_eps"]))
    layer = NeuronLayer(torch.nn.Linear(fan_in, width, bias=False), norm, torch.nn.ReLU())
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(given["weight"]))
        norm.weight.copy_(torch.from_numpy(given["bn_weight"]))
        norm.running_var.copy_(torch.from_numpy(given["bn_var"]))
    return layer


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_quantity_of_a_reference_layer_agrees(file: Path) -> None:
    with np.load(file) as archive:
        given = {key: archive[key] for key in archive}
    found = measure(given)
    expected = {key: value for key, value in given.items() if key not in INPUTS}
    assert set(expected) <= set(found), "a quantity that the library does not measure"
    assert len(expected) > 10
    for key, value in expected.items():
        own = np.asarray(found[key])
        assert own.shape == value.shape, key
        if value.dtype.kind in "bi":
            assert (own == value).all(), key
        else:
            np.testing.assert_allclose(own, value, rtol=1e-4, atol=1e-7, err_msg=key)
