"""The gradient-noise scale: by hand, of known gradients, against per-example gradients."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig, ProbeConfig, TrialConfig
from nvp.data import DATASETS
from nvp.data.batches import normalise_pixels
from nvp.data.splits import Images
from nvp.models import build_model
from nvp.network.groups import neuron_layers
from nvp.training.build import build
from nvp.training.measuring import measure_noise_scale
from nvp.vitality.noise_scale import gradient_noise_scale, simple_noise_scale

torch.set_num_threads(1)


def test_simple_noise_scale_by_hand() -> None:
    # |G|^2 = 2 and tr(Sigma) = 12: expected squares are 2 + 12 / 3 and 2 + 12 / 6
    assert simple_noise_scale(6.0, 4.0, small=3, large=6) == pytest.approx(12 / 2)
    assert simple_noise_scale(5.0, 5.0, small=1, large=16) == 0.0


@pytest.mark.parametrize("large_square", [0.5, 0.25, 0.0, float("nan"), float("inf")])
def test_without_a_signal_there_is_no_scale(large_square: float) -> None:
    small_square = 1.0 if large_square < 1 else float("inf")
    assert simple_noise_scale(small_square, large_square, small=1, large=2) is None


def test_the_estimate_is_right_for_normal_gradients_within_its_sampling_error() -> None:
    rng = np.random.default_rng(0)
    mean, deviation = rng.normal(size=20), rng.uniform(0.5, 3, size=20)
    small, large, repeats = 8, 128, 4000
    small_mean = mean + rng.normal(size=(repeats, 20)) * deviation / small**0.5
    large_mean = mean + rng.normal(size=(repeats, 20)) * deviation / large**0.5
    squares = [(one**2).sum(1).mean() for one in (small_mean, large_mean)]
    expected = (deviation**2).sum() / (mean**2).sum()
    found = simple_noise_scale(*squares, small=small, large=large)
    assert found == pytest.approx(expected, rel=0.03)


def images_of(labels: Tensor) -> Images:
    pixels = torch.full((len(labels), 1, 4, 4), 200, dtype=torch.uint8)
    return Images(pixels, labels, (0.4,), (0.3,))


def test_a_linear_model_of_known_covariance_has_its_scale() -> None:
    """At weight 0 a gradient is (1/K - one-hot) x pixels: its covariance is the labels'."""
    share = torch.tensor([0.5, 0.3, 0.2])
    rng = torch.Generator().manual_seed(0)
    draws = [torch.multinomial(share, 16 * 200, True, generator=rng) for _ in range(60)]
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3))
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    noise, signal = 1 - share.square().sum(), (share - 1 / 3).square().sum()
    found = [gradient_noise_scale(model, images_of(labels)) for labels in draws]
    # 15 of 16 parts, in two dimensions, leave an error of a quarter to each
    assert np.mean(found) == pytest.approx(float(noise / signal), rel=0.1)


def per_example(model: nn.Module, images: Images) -> np.ndarray:
    """The slow obvious way: one backward pass an image."""
    model.eval()
    rows = []
    for i in range(len(images)):
        one = images.select(slice(i, i + 1))
        loss = F.cross_entropy(model(normalise_pixels(one.pixels, one)), one.labels)
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        rows.append(torch.cat([g.flatten() for g in gradients]).double().numpy())
    return np.array(rows)


def scale_by_hand(rows: np.ndarray) -> float:
    """Sample covariance over squared mean, both unbiased."""
    noise = rows.var(axis=0, ddof=1).sum()
    return noise / ((rows.mean(0) ** 2).sum() - noise / len(rows))


def digits(count: int) -> Images:
    """The first digits, most of them called a 3, so that the gradient is not all noise."""
    images = DATASETS["digits"].load(Path()).probe(count)
    return replace(images, labels=torch.where(images.labels > 1, 3, images.labels))


def network(name: str = "convnet") -> nn.Module:
    config = ModelConfig(name=name, width=0.2, activation="silu")
    return build_model(config, (1, 8, 8), 10, seed=0)


@pytest.mark.parametrize("name", ["mlp", "convnet"])
def test_of_sixteen_images_it_is_the_scale_of_the_per_example_gradients(name: str) -> None:
    model, images = network(name), digits(16)
    expected = scale_by_hand(per_example(model, images))
    assert gradient_noise_scale(model, images) == pytest.approx(expected, rel=1e-3)


def test_of_many_images_it_is_near_that_scale() -> None:
    model, images = network(), digits(512)
    expected = scale_by_hand(per_example(model, images))
    assert gradient_noise_scale(model, images) == pytest.approx(expected, rel=0.5)


def test_what_does_not_divide_by_sixteen_is_left_over() -> None:
    model, images = network(), digits(47)
    assert gradient_noise_scale(model, images) == gradient_noise_scale(
        model, images.select(slice(0, 32))
    )
    with pytest.raises(ValueError, match="at least 16 images, got 15"):
        gradient_noise_scale(model, images.select(slice(0, 15)))


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training: bool) -> None:
    model, images = network().train(training), digits(32)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    state = torch.get_rng_state()
    gradient_noise_scale(model, images)
    assert all(module.training == training for module in model.modules())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_only_what_lives_counts() -> None:
    model, images = network("mlp"), digits(16)
    live = {name: torch.ones_like(p, dtype=torch.bool) for name, p in model.named_parameters()}
    assert gradient_noise_scale(model, images, live) == gradient_noise_scale(model, images)
    live["head.weight"][:, 3] = False
    flat = torch.cat([mask.flatten() for mask in live.values()]).numpy()
    expected = scale_by_hand(per_example(model, images)[:, flat])
    assert gradient_noise_scale(model, images, live) == pytest.approx(expected, rel=1e-3)


def test_a_trial_measures_it_only_when_asked() -> None:
    data = DATASETS["digits"].load(Path())
    config = TrialConfig(model=ModelConfig(name="mlp", width=0.2))
    state = build(config, data, "cpu")
    assert measure_noise_scale(config, data, state) is None
    asked = replace(config, probe=ProbeConfig(noise_scale=64))
    found = measure_noise_scale(asked, data, state)
    assert found == gradient_noise_scale(state.model, data.probe(64))
    for layer in neuron_layers(state.model).values():
        layer.keep[0] = False  # as pruning does, less the zeroing
    assert measure_noise_scale(asked, data, state) != found
