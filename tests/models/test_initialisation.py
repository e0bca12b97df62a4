"""Laws of initial weights: their variances, biases, what stays, and how many neurons are born dead.

The formula of the born dead is derived for wide ReLU networks with biases, and a few images.
"""

import math

import pytest
import torch
from torch import Tensor, nn

from nvp.config.seed import derive_seed
from nvp.config.trial_config import ModelConfig, TrialConfig
from nvp.models import build_model
from nvp.models.initialisation import LAWS, initialise
from nvp.network.groups import neuron_layers
from nvp.network.tap import tap
from nvp.remedies.initial_law import Law, find_law, remember_spread
from nvp.trial.settings_read import find_unread
from nvp.trial.validation import check_trial

torch.set_num_threads(1)
SHAPE = (3, 16, 16)
ALL = ("torch", *LAWS)


def make(shape: tuple[int, int, int] = SHAPE, seed: int = 0, **settings) -> nn.Module:
    return build_model(ModelConfig(**settings), shape, 10, seed=seed)


def find_maps(model: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


def expect_variance(law: str, weight: Tensor) -> float:
    fan_in, fan_out = weight[0].numel(), len(weight) * weight[0][0].numel()
    return {
        "torch": 1 / (3 * fan_in),
        "kaiming": 2 / fan_in,
        "xavier": 2 / (fan_in + fan_out),
        "orthogonal": 2 / max(fan_in, len(weight)),
    }[law]


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("law", ALL)
def test_the_variances_and_the_biases_of_a_law(law: str, norm: str) -> None:
    maps = find_maps(make(init=law, norm=norm))
    assert len(maps) == 5
    for module in maps:
        weight = module.weight.detach()
        expected = expect_variance(law, weight)
        deviation = 4 * expected * math.sqrt(2 / weight.numel())  # more than of a uniform law
        assert weight.square().mean().item() == pytest.approx(expected, abs=deviation)
        if module.bias is not None:
            assert bool(module.bias.any()) == (law == "torch")
            assert module.bias.abs().max() <= 1 / math.sqrt(weight[0].numel())


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("law", ["", *ALL])
def test_a_neuron_that_is_reset_has_the_variance_of_its_layer_s_law(law: str, norm: str) -> None:
    config = ModelConfig(init=law, norm=norm, init_bias=0.25)
    model = build_model(config, SHAPE, 10, seed=0)
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    memory = remember_spread(config, model)
    for path, layer in neuron_layers(model).items():
        drawn = find_law(config, f"{path}.affine.weight", shapes, memory)
        expected = expect_variance(law or "torch", layer.weight)
        deviation = 4 * expected * math.sqrt(2 / layer.weight.numel())
        assert drawn.mean == 0
        assert drawn.bound**2 / 3 == pytest.approx(expected, abs=deviation)
        bias = f"{path}.{'affine' if norm == 'none' else 'norm'}.bias"
        assert find_law(config, bias, shapes, memory) == Law(0.25)


def test_an_orthogonal_weight_has_orthogonal_rows_or_columns() -> None:
    for module in find_maps(make(init="orthogonal")):
        weight = module.weight.detach().flatten(1)
        few = weight if len(weight) <= weight.shape[1] else weight.T
        assert torch.allclose(few @ few.T, 2 * torch.eye(len(few)), atol=1e-4)


def test_torch_s_law_is_what_torch_draws_and_the_default_draws_nothing() -> None:
    model = make()
    torch.manual_seed(5)
    expected = nn.Linear(1024, 128, bias=False).weight
    torch.manual_seed(5)
    single = nn.Sequential(nn.Linear(1024, 128, bias=False))
    before = {name: p.clone() for name, p in model.named_parameters()}
    random = torch.get_rng_state()
    initialise(model, ModelConfig())
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())
    torch.manual_seed(5)
    initialise(single, ModelConfig(init="torch"))
    assert torch.equal(single[0].weight, expected)


def test_a_law_is_of_the_seed_alone_and_leaves_scales_alone() -> None:
    one, again, other = (make(init="kaiming", seed=seed) for seed in (1, 1, 2))
    for name, parameter in one.named_parameters():
        assert torch.equal(parameter, again.get_parameter(name))
        moved = not torch.equal(parameter, other.get_parameter(name))
        assert moved == name.endswith(("affine.weight", "head.weight")), name
    assert derive_seed(1, "init") != derive_seed(2, "init")


@pytest.mark.parametrize("norm", ["batch", "none", "layer", "group", "psbn"])
def test_the_bias_of_a_neuron_is_added_last(norm: str) -> None:
    plain, model = make(norm=norm), make(norm=norm, init_bias=-0.25)
    place = "affine.bias" if norm == "none" else "norm.bias"
    for name, parameter in model.named_parameters():
        if name.endswith(place):
            assert torch.equal(parameter, torch.full_like(parameter, -0.25)), name
        else:
            assert torch.equal(parameter, plain.get_parameter(name)), name


def test_a_bias_of_0_is_not_the_default() -> None:
    assert not any(layer.affine.bias.any() for layer in
                   neuron_layers(make(norm="none", init_bias=0.0)).values())  # fmt: skip
    assert all(layer.affine.bias.any() for layer in neuron_layers(make(norm="none")).values())


def test_laws_are_not_read_where_weights_are_those_of_a_file() -> None:
    assert not {"model.init", "model.init_bias"} & find_unread(TrialConfig())
    with pytest.raises(ValueError, match=r"init: expected one of '', torch, kaiming"):
        check_trial(TrialConfig().with_overrides({"model.init": "kaimin"}))


# --- born dead


def find_born_dead(law: str, seed: int) -> list[float]:
    """Return the fraction of each layer of 10 x 128 that is 0 on all of 2,000 images.

    Two images have the correlation .6, and a pixel has the power .681: pixels in +-1.
    """
    rng = torch.Generator().manual_seed(seed)
    shared = torch.randn(1, 1, 28, 28, generator=rng)
    own = torch.randn(2000, 1, 28, 28, generator=rng)
    images = math.sqrt(0.681) * (math.sqrt(0.6) * shared + math.sqrt(0.4) * own)
    model = make((1, 28, 28), seed, name="mlp", depth=10, norm="none", init=law)
    seen: list[float] = []

    def look(path: str, output: Tensor) -> Tensor:
        seen.append((output == 0).all(0).double().mean().item())
        return output

    with torch.no_grad(), tap(model, look):
        model(images)
    return seen


def expect_born_dead(gain: float, of_biases: float) -> list[float]:
    """Return P_l = Phi(-g sqrt((1 - rho_l) / rho_l)) of each layer, in the limit of wide layers.

    g is the expected maximum of 2,000 normals; q is the power of a map, rho the correlation of two
    images there; gain is fan_in times the variance of a weight, of_biases that of a bias.
    """
    few = math.log(2000)
    g = math.sqrt(2 * few) - math.log(4 * math.pi * few) / (2 * math.sqrt(2 * few))
    q, shared = gain * 0.681 + of_biases / 784, gain * 0.6 * 0.681 + of_biases / 784
    found = []
    for _ in range(10):
        rho = shared / q
        found.append(math.erfc(g * math.sqrt((1 - rho) / rho) / math.sqrt(2)) / 2)
        kept = math.sqrt(1 - rho**2) + rho * (math.pi - math.acos(rho))
        shared = gain * q * kept / (2 * math.pi) + of_biases / 128
        q = gain * q / 2 + of_biases / 128
    return found


def test_half_of_deep_layers_is_born_dead_by_torch_s_law_and_few_by_kaiming_s() -> None:
    of_torch, of_kaiming = (
        torch.tensor([find_born_dead(law, seed) for seed in range(3)]).mean(0)
        for law in ("", "kaiming")
    )
    assert of_torch[0] <= 0.02
    for found, expected in (
        (of_torch, expect_born_dead(1 / 3, 1 / 3)),
        (of_kaiming, expect_born_dead(2, 0)),
    ):
        assert found.tolist() == pytest.approx(expected, abs=0.13)
        assert found.mean().item() == pytest.approx(sum(expected) / 10, abs=0.03)
    assert expect_born_dead(2, 0)[-1] < 0.15 < 0.49 < expect_born_dead(1 / 3, 1 / 3)[-1]
