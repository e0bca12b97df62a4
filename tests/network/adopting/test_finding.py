"""What is found in networks as people write them: layers, units, reasons, and where they are."""

from functools import cache

import pytest
import torch
from torch import nn

from nvp.network.adopting.anatomy import Anatomy
from nvp.network.adopting.finding import find_anatomy
from tests.network.adopting.networks import KNOWN, Encoder, make_images, make_known

torch.set_num_threads(1)


@cache
def find(name: str) -> Anatomy:
    return find_anatomy(make_known(name), make_images(2))


@pytest.mark.parametrize("name", KNOWN)
def test_the_layers_and_units_of_a_network_are_found(name: str) -> None:
    anatomy = find(name)
    found = {
        path: 0 if site.why else anatomy.groups[site.group].size
        for path, site in anatomy.layers.items()
    }
    assert found == KNOWN[name].units


@pytest.mark.parametrize("name", KNOWN)
def test_entries_ascend_and_each_unit_has_some(name: str) -> None:
    anatomy, network = find(name), make_known(name)
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    for group in anatomy.groups.values():
        seen = [torch.zeros(0, dtype=torch.int64)]
        for slots in group.slots:
            assert bool((slots.entries.diff() > 0).all())
            assert int(slots.entries.max()) < tensors[slots.name].shape[slots.dim]
            assert len(slots.entries) == len(slots.units)
            seen.append(slots.units)
        if not group.why:
            assert torch.equal(torch.cat(seen).unique(), torch.arange(group.size))


def test_reasons_say_what_stands_between() -> None:
    assert "LayerNorm" in find("layer norm").layers["forward"].why
    assert "RMSNorm" in find("rms").layers["forward"].why
    assert "one unit" in find("coupled").layers["forward"].why
    assert "removing them" in find("split mlp").layers["forward"].why
    assert "computed" in find("scaled").layers["forward"].why


def test_a_layer_names_its_weight_rows_and_norm() -> None:
    site = find("gated").layers["act#1"]
    assert (site.weight, site.normalisation, site.norm) == ("deep.weight", "batch", "deep_norm")
    assert (site.function, site.dim, site.call) == ("hardswish", 1, 1)
    assert site.rows.tolist() == list(range(8))
    assert find("gated mlp").layers["forward"].rows.tolist() == list(range(6))
    assert find("written").layers["forward"].weight == ""


def test_a_residual_stream_is_told_from_what_lies_inside_a_block() -> None:
    anatomy = find("gated")
    streams = {path: anatomy.groups[s.group].stream for path, s in anatomy.layers.items()}
    assert streams == {"act": True, "act#1": True, "forward": False, "forward#2": True}


def test_the_dimension_of_images_is_seen() -> None:
    assert {site.batch for site in find("encoder").layers.values()} == {0}
    assert {site.batch for site in find("time first").layers.values()} == {1}


def test_a_gate_is_no_neuron_but_a_sigmoid_between_layers_is() -> None:
    assert all(site.function != "sigmoid" for site in find("gated").layers.values())
    network = nn.Sequential(nn.Flatten(), nn.Linear(768, 4), nn.Sigmoid(), nn.Linear(4, 2))
    anatomy = find_anatomy(network.double(), make_images(2))
    assert [site.function for site in anatomy.layers.values()] == ["sigmoid"]


def test_units_that_are_outputs_are_only_watched() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(768, 4), nn.ReLU()).double()
    (site,) = find_anatomy(network, make_images(2)).layers.values()
    assert "outputs" in site.why


def test_an_operation_that_is_not_known_only_stops_the_removal() -> None:
    class Sorted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.head = nn.Linear(768, 6), nn.Linear(6, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(torch.relu(self.one(x.flatten(1))).sort(dim=1).values)

    (site,) = find_anatomy(Sorted().double(), make_images(2)).layers.values()
    assert "sort" in site.why


def test_one_image_named_inputs_and_tuples_find_the_same() -> None:
    network = Encoder().double()
    whole = find_anatomy(network, make_images(3))
    for example in (make_images(1), (make_images(1),), {"x": make_images(1)}):
        assert list(find_anatomy(network, example).layers) == list(whole.layers)


@pytest.mark.parametrize("example", ["an image", [], {"text": "a"}, 3])
def test_an_example_that_is_none_is_refused(example: object) -> None:
    with pytest.raises(ValueError, match="example"):
        find_anatomy(Encoder(), example)


class TwoReasons(nn.Module):
    """Its units meet a tensor without an axis of theirs, and then a sum over units."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(4, 6), nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down((torch.relu(self.up(x)) + torch.arange(6.0)).cumsum(1))


def test_of_several_reasons_the_first_in_the_forward_pass_is_told() -> None:
    """It was the first of a set, and so another one in each process."""
    (site,) = find_anatomy(TwoReasons(), torch.zeros(2, 4)).layers.values()
    assert site.why == "they meet a tensor with an entry for each of them that no weight makes"
