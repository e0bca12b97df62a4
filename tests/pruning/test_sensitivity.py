"""Sensitivity: finite differences, explicit Hessians, and a model that is left untouched."""

import copy
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from nvp.data import batches
from nvp.data.batches import normalise_pixels
from nvp.network.weight_masks import register_mask
from nvp.pruning.derivatives import join_single
from nvp.pruning.sensitivity import Sensitivity
from nvp.testing.tiny import Tiny, tiny_images

torch.set_num_threads(1)
IMAGES = tiny_images()
PIXELS, LABELS = normalise_pixels(IMAGES.pixels, IMAGES).double(), IMAGES.labels
WEIGHTS = ["conv.affine.weight", "hidden.affine.weight", "head.weight"]
GATED = ["conv", "hidden"]
MEASURES: dict[str, Callable[[Sensitivity], dict[str, Tensor]]] = {
    "gradients": lambda network: network.gradients,
    "hessian_gradients": lambda network: network.hessian_gradients(),
    "grasp": lambda network: network.hessian_gradients(200.0),
    "gates": lambda network: network.gates,
    "gate_hessian_gradients": lambda network: network.gate_hessian_gradients,
    "synflow": lambda network: network.synflow,
    "maps": lambda network: {path: network.maps(path) for path in GATED},
}


def loss_of(model: nn.Module) -> Tensor:
    with torch.no_grad():
        return F.cross_entropy(model.eval()(PIXELS), LABELS)


def joined(tensors: dict[str, Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors.values()])


def explicit(loss: Callable[[Tensor], Tensor], at: Tensor, live: Tensor | None = None) -> Tensor:
    """H g from the whole Hessian; both over the live entries only, 0 elsewhere in g."""
    slope = torch.autograd.functional.jacobian(loss, at)
    assert isinstance(slope, Tensor)
    hessian = torch.autograd.functional.hessian(loss, at)
    assert isinstance(hessian, Tensor)
    return hessian @ (slope if live is None else slope * live)


def of_weights(model: Tiny, temperature: float) -> Callable[[Tensor], Tensor]:
    sizes = [model.get_parameter(name).shape for name in WEIGHTS]

    def loss(flat: Tensor) -> Tensor:
        parts = flat.split([size.numel() for size in sizes])
        named = {n: p.view(s) for n, p, s in zip(WEIGHTS, parts, sizes, strict=True)}
        logits = functional_call(model.eval(), named, (PIXELS,))
        return F.cross_entropy(logits / temperature, LABELS)

    return loss


def of_gates(model: Tiny) -> Callable[[Tensor], Tensor]:
    def loss(flat: Tensor) -> Tensor:
        first, second = flat.split([len(model.conv.keep), len(model.hidden.keep)])
        x = model.eval().pool(model.conv(PIXELS) * first.view(-1, 1, 1))
        return F.cross_entropy(model.head(model.hidden(x.flatten(1)) * second), LABELS)

    return loss


@pytest.mark.parametrize("norm", [False, True])
def test_gradients_are_finite_differences(norm: bool) -> None:
    model, step = Tiny(norm=norm), 1e-5
    found = Sensitivity(model, IMAGES).gradients
    assert list(found) == WEIGHTS
    for name, slopes in found.items():
        flat = model.get_parameter(name).data.view(-1)
        for i, slope in enumerate(slopes.flatten().tolist()):
            value = float(flat[i])
            sides = []
            for side in (value + step, value - step):
                flat[i] = side
                sides.append(float(loss_of(model)))
            flat[i] = value
            assert slope == pytest.approx((sides[0] - sides[1]) / (2 * step), abs=1e-8)


@pytest.mark.parametrize("norm", [False, True])
def test_gates_are_finite_differences(norm: bool) -> None:
    model, step = Tiny(norm=norm), 1e-5
    found = Sensitivity(model, IMAGES).gates
    assert list(found) == GATED
    loss, ones = of_gates(model), torch.ones(7, dtype=torch.float64)
    with torch.no_grad():
        for i, slope in enumerate(joined(found).tolist()):
            nudge = step * F.one_hot(torch.tensor(i), 7)
            difference = (loss(ones + nudge) - loss(ones - nudge)) / (2 * step)
            assert slope == pytest.approx(float(difference), abs=1e-8)


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_hessian_gradients_are_those_of_the_whole_hessian(norm: bool, temperature: float) -> None:
    model = Tiny(norm=norm)
    found = Sensitivity(model, IMAGES).hessian_gradients(temperature)
    assert list(found) == WEIGHTS
    at = joined({name: model.get_parameter(name).detach() for name in WEIGHTS})
    expected = explicit(of_weights(model, temperature), at)
    torch.testing.assert_close(joined(found), expected, rtol=1e-8, atol=1e-12)


def test_gate_hessian_gradients_are_those_of_the_whole_hessian() -> None:
    model = Tiny()
    found = joined(Sensitivity(model, IMAGES).gate_hessian_gradients)
    expected = explicit(of_gates(model), torch.ones(7, dtype=torch.float64))
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-12)


def test_masked_weights_take_no_part_in_the_gradient_flow() -> None:
    model = Tiny()
    for name in WEIGHTS:
        mask, weight = register_mask(model, name), model.get_parameter(name)
        mask.view(-1)[::3] = False
        weight.data.masked_fill_(~mask, 0)
    network = Sensitivity(model, IMAGES)
    live = joined({name: register_mask(model, name).double() for name in WEIGHTS})
    at = joined({name: model.get_parameter(name).detach() for name in WEIGHTS})
    expected = explicit(of_weights(model, 1.0), at, live)
    torch.testing.assert_close(joined(network.hessian_gradients()), expected)
    assert bool((joined(network.gradients)[live == 0] != 0).any())  # dense: to regrow by
    assert not joined(network.synflow)[live == 0].any()


def test_a_masked_neuron_has_no_sensitivity() -> None:
    model = Tiny(norm=True)
    model.conv.keep[1] = False
    network = Sensitivity(model, IMAGES)
    assert float(network.gates["conv"][1]) == float(network.gate_hessian_gradients["conv"][1]) == 0
    for name, measure in MEASURES.items():
        found = measure(network)
        own = found["conv"] if "conv" in found else found["conv.affine.weight"]
        silent = own[:, 1] if name == "maps" else own[1]
        assert not silent.any(), name
        assert bool(own.any()), name


@pytest.mark.parametrize("norm", [False, True])
def test_synflow_is_that_of_a_network_of_absolute_values(norm: bool) -> None:
    model = Tiny(norm=norm, activation=nn.ReLU)
    found = Sensitivity(model, IMAGES).synflow
    absolute = copy.deepcopy(model).eval()
    with torch.no_grad():
        for tensor in absolute.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.abs())
    absolute(torch.ones(1, 1, 4, 4, dtype=torch.float64)).sum().backward()
    for name in WEIGHTS:
        weight = absolute.get_parameter(name)
        assert weight.grad is not None
        torch.testing.assert_close(found[name], weight.grad * weight.detach())


def test_synflow_is_conserved_from_layer_to_layer_without_biases() -> None:
    model = Tiny(bias=False, activation=nn.ReLU)
    totals = [float(flow.sum()) for flow in Sensitivity(model, IMAGES).synflow.values()]
    assert totals == pytest.approx([totals[0]] * 3)
    assert totals[0] > 0


def test_synflow_is_float64_where_float32_overflows() -> None:
    model = Tiny(bias=False, activation=nn.ReLU).float()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1e20)
    for flow in Sensitivity(model, IMAGES).synflow.values():
        assert flow.dtype == torch.float64
        assert bool(flow.isfinite().all())
        assert float(flow.max()) > 1e50


def test_maps_are_the_outputs_of_each_layer() -> None:
    model = Tiny(norm=True).eval()
    network = Sensitivity(model, IMAGES)
    first = model.conv(PIXELS)
    torch.testing.assert_close(network.maps("conv"), first.detach())
    hidden = model.hidden(model.pool(first).flatten(1))
    torch.testing.assert_close(network.maps("hidden"), hidden.detach())


@pytest.mark.parametrize("name", MEASURES)
def test_batches_change_memory_not_what_is_measured(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, model = tiny_images(150), Tiny(norm=True)
    at_once = MEASURES[name](Sensitivity(model, images))
    monkeypatch.setattr(batches, "CPU_EVAL_PIXELS", 1)
    assert len(list(batches.eval_batches(images))) == 3
    in_parts = MEASURES[name](Sensitivity(model, images))
    for path, expected in at_once.items():
        torch.testing.assert_close(in_parts[path], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", MEASURES)
def test_the_model_is_left_as_it_was_even_without_gradients(name: str) -> None:
    model = Tiny(norm=True).train()
    model.conv.affine.weight.grad = torch.full_like(model.conv.affine.weight, 7.0)
    model.hidden.affine.weight.requires_grad_(False)
    before = copy.deepcopy(model)
    rng = torch.get_rng_state()
    with torch.no_grad():
        found = MEASURES[name](Sensitivity(model, IMAGES))
    assert torch.equal(torch.get_rng_state(), rng)
    assert all(bool(value.isfinite().all()) for value in found.values())
    assert not any(value.requires_grad for value in found.values())
    for own, old in zip(model.modules(), before.modules(), strict=True):
        assert own.training == old.training
        assert not own._forward_hooks
    for (key, own), old in zip(
        model.state_dict().items(), before.state_dict().values(), strict=True
    ):
        assert torch.equal(own, old), key
    for own, old in zip(model.parameters(), before.parameters(), strict=True):
        assert own.requires_grad == old.requires_grad
    grads = {n: parameter.grad for n, parameter in model.named_parameters()}
    assert [n for n, grad in grads.items() if grad is not None] == ["conv.affine.weight"]
    assert bool((grads["conv.affine.weight"] == 7).all())


@pytest.mark.parametrize("name", MEASURES)
def test_each_is_measured_once_in_the_dtype_of_the_model(name: str) -> None:
    network, exact = (
        Sensitivity(Tiny().float(), IMAGES),
        MEASURES[name](Sensitivity(Tiny(), IMAGES)),
    )
    found = MEASURES[name](network)
    network.model.forward = None  # a second pass would fail
    again = MEASURES[name](network)
    for path, value in found.items():
        assert value.dtype == (torch.float64 if name == "synflow" else torch.float32)
        assert again[path] is value
        torch.testing.assert_close(value.double(), exact[path], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(("norm", "sizes"), [(True, [4, 5]), (False, [4, 4, 1])])
def test_a_last_batch_of_one_image_joins_the_one_before_where_it_must(
    norm: bool, sizes: list[int]
) -> None:
    """Batch normalisation in train mode takes two values of a neuron at least."""
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2) if norm else nn.Identity()).train()
    pixels, labels = torch.arange(27.0).view(9, 3), torch.arange(9)
    batches = list(join_single(zip(pixels.split(4), labels.split(4), strict=True), model))
    assert [len(labels) for _, labels in batches] == sizes
    assert torch.equal(torch.cat([pixels for pixels, _ in batches]), pixels)
    assert torch.equal(torch.cat([labels for _, labels in batches]), labels)
