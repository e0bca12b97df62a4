"""NeuronLayer: where we look is where we cut. Groups, and who reads them."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.network.groups import find_readers, maskable_layers, neuron_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer, Shortcut


class Pair(nn.Module):
    """Stem -> one residual block -> head, by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = NeuronLayer(nn.Conv2d(1, 3, 1), None, nn.ReLU(), group="s")
        self.inside = NeuronLayer(nn.Conv2d(3, 2, 1), None, nn.ReLU())
        self.out = NeuronLayer(nn.Conv2d(2, 3, 1), None, nn.ReLU(), group="s")
        self.shortcut = Shortcut(nn.Conv2d(3, 3, 1), None, group="s")
        self.head = nn.Linear(3, 2)
        self.reads = {"inside": "s", "shortcut": "s", "out": "inside", "head": "s"}


def test_a_linear_layer_by_hand() -> None:
    layer = NeuronLayer(nn.Linear(2, 3), None, nn.ReLU())
    with torch.no_grad():
        layer.affine.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, -1.0], [1.0, 1.0]]))
        layer.affine.bias.copy_(torch.tensor([0.5, 0.0, -10.0]))
    x = torch.tensor([[2.0, 3.0], [-1.0, -4.0]])
    assert layer(x).tolist() == [[2.5, 0.0, 0.0], [0.0, 4.0, 0.0]]
    layer.keep[0] = False
    assert layer(x).tolist() == [[0.0, 0.0, 0.0], [0.0, 4.0, 0.0]]
    assert layer(x, torch.ones(2, 3)).tolist() == [[1.0, 0.0, 0.0], [1.0, 5.0, 0.0]]


def test_the_order_is_affine_norm_mask_residual_activation() -> None:
    torch.manual_seed(0)
    layer = NeuronLayer(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Tanh()).eval()
    nn.init.normal_(layer.norm.weight)
    nn.init.normal_(layer.norm.bias)
    layer.keep[2] = False
    x, residual = torch.randn(5, 2, 6, 6), torch.randn(5, 4, 6, 6)
    y = F.conv2d(x, layer.affine.weight, layer.affine.bias, padding=1)
    y = F.batch_norm(y, torch.zeros(4), torch.ones(4), layer.norm.weight, layer.norm.bias)
    y[:, 2] = 0
    assert torch.allclose(layer(x, residual), torch.tanh(y + residual), atol=1e-6)


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_nothing_passes_a_mask(poison: float) -> None:
    layer = NeuronLayer(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU())
    layer.keep[1] = False
    with torch.no_grad():
        layer.affine.weight[1] = poison
    x = torch.randn(6, 3)
    assert torch.equal(layer(x)[:, 1], torch.zeros(6))
    assert bool(layer(x).isfinite().all())


def test_keep_travels_with_the_state() -> None:
    model = Pair()
    model.inside.keep[1] = False
    other = Pair()
    other.load_state_dict(model.state_dict())
    assert other.inside.keep.tolist() == [True, False]
    assert other.stem.keep.all()


def test_shortcuts_are_masked_but_not_watched() -> None:
    model = Pair()
    assert list(maskable_layers(model)) == ["stem", "inside", "out", "shortcut"]
    assert list(neuron_layers(model)) == ["stem", "inside", "out"]
    assert [layer.site for layer in maskable_layers(model).values()] == [
        "stream",
        "internal",
        "stream",
        "stream",
    ]


def test_groups_hold_every_writer_of_a_stream() -> None:
    model = Pair()
    assert prunable_groups(model) == {"s": ("stem", "out", "shortcut"), "inside": ("inside",)}
    assert prunable_groups(model, "internal") == {"inside": ("inside",)}


def test_consumers_are_the_affine_maps_that_read_a_group() -> None:
    model = Pair()
    expected = [model.inside.affine, model.shortcut.affine, model.head]
    assert [id(module) for module in find_readers(model, "s")] == [
        id(module) for module in expected
    ]
    assert find_readers(model, "inside") == [model.out.affine]
    assert find_readers(nn.Sequential(model.inside), "inside") == []


def test_own_parameters_are_indexed_by_the_neurons() -> None:
    layer = NeuronLayer(nn.Conv2d(2, 5, 3, bias=False), nn.BatchNorm2d(5), nn.ReLU())
    assert {id(p) for p in layer.own} == {id(p) for p in layer.parameters()}
    assert all(p.shape[0] == 5 for p in layer.own)
    weight: Tensor = layer.weight
    assert weight is layer.affine.weight
