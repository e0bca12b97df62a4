"""observe, prune and shrink by themselves: all kinds of inputs, all networks, and refusals."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import nvp
from nvp.network.adopted.adopted import Adopted
from nvp.network.groups import find_groups
from nvp.network.weight_masks import parameter_masks
from nvp.testing.tiny import Tiny
from nvp.trial.plain_torch import Scaling
from tests.network.adopted.test_trials import Residual

torch.set_num_threads(1)
X = torch.randn(24, 3, 8, 8, generator=torch.Generator().manual_seed(0))
Y = torch.arange(24) % 3


def adopt() -> Adopted:
    torch.manual_seed(0)
    return nvp.adopt(Residual(), X[:2])


SOURCES: dict[str, Any] = {
    "pair": (X, Y),
    "loader": DataLoader(TensorDataset(X, Y), batch_size=7),
    "tensors": list(X.split(5)),
    "pairs": list(zip(X.split(5), Y.split(5), strict=True)),
    "generator": None,
}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_inputs_is_observed_alike(kind: str) -> None:
    source = (part for part in X.split(9)) if kind == "generator" else SOURCES[kind]
    network, random = adopt(), torch.get_rng_state()
    one, two = nvp.observe(network, X), nvp.observe(network, source)
    assert torch.equal(torch.get_rng_state(), random)
    for path, activity in one.layers.items():
        assert torch.allclose(activity.mean, two.layers[path].mean, atol=1e-6)
        assert torch.equal(activity.fire_rate > 0, two.layers[path].fire_rate > 0)


class Named(nn.Module):
    """Takes its inputs by name, as text classifiers do."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Residual()

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.body(pixel_values)


def test_inputs_by_name_are_observed_and_not_pruned() -> None:
    network = nvp.adopt(Named(), {"pixel_values": X[:2]})
    batches = [{"pixel_values": X[:12], "labels": Y[:12]}, {"pixel_values": X[12:]}]
    assert len(nvp.observe(network, batches).features) == 24
    with pytest.raises(ValueError, match="observed and monitored, and not pruned"):
        nvp.prune(network, images=batches)


class Tokens(nn.Module):
    """Puts out logits for each token, or for each text."""

    def __init__(self, *, whole: bool) -> None:
        super().__init__()
        self.words, self.hidden, self.head = nn.Embedding(9, 4), nn.Linear(4, 6), nn.Linear(6, 3)
        self.whole = whole

    def forward(self, tokens: Tensor) -> Tensor:
        logits = self.head(self.hidden(self.words(tokens)).relu())
        return logits.mean(1) if self.whole else logits


@pytest.mark.parametrize(
    ("method", "whole", "said"),
    [
        ("synflow", True, "works on images: expected inputs of floating point, got int64"),
        (
            "hrank",
            True,
            "ranks maps of height and width, and the neurons of forward lie over tokens",
        ),
        ("snip", False, "puts out a tensor of logits, (inputs, classes), got a tensor of shape"),
    ],
)
def test_a_method_that_tokens_do_not_fit_is_refused_with_what_works(
    method: str, whole: bool, said: str
) -> None:
    tokens = torch.arange(40).view(8, 5) % 9
    network = nvp.adopt(Tokens(whole=whole), tokens[:2])
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(ValueError, match="take a method without|set another method") as refused:
        nvp.prune(network, images=(tokens, Y[:8]), method=method)
    assert said in str(refused.value)
    assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
    works, images = ("snip", (tokens, Y[:8])) if whole else ("magnitude", tokens)
    assert sum(nvp.prune(network, images=images, method=works, sparsity=0.5).values()) > 0


@pytest.mark.parametrize("method", ["nvp", "magnitude_weight", "snip", "taylor"])
@pytest.mark.parametrize("kind", ["adopted", "own"])
def test_what_is_pruned_stays_so_in_ones_own_loop(kind: str, method: str) -> None:
    network = adopt() if kind == "adopted" else Tiny(norm=True).float()
    images = X if kind == "adopted" else X[:, :1, :4, :4]
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.05)

    def step() -> None:
        network.train()
        loss = F.cross_entropy(network(images), Y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    step()
    found = nvp.prune(network, optimizer, method=method, images=[(images, Y)])
    assert sum(found.values()) > 0
    for _ in range(3):
        step()
    masks = parameter_masks(network)
    assert bool(masks) == (method in ("magnitude_weight", "snip"))
    for name, keep in masks.items():
        assert not network.get_parameter(name)[~keep].any()
    masked = sum(int((~group.keep).sum()) for group in find_groups(network).values())
    before = network.eval()(images).detach()
    removed = nvp.shrink(network, optimizer)
    assert bool(removed) == bool(masked)
    assert torch.allclose(network.eval()(images), before, atol=1e-5)
    loss = F.cross_entropy(network.train()(images), Y)  # a loss from before is still alive
    loss.backward()
    step()


def test_a_loss_that_is_alive_does_not_stop_the_next_step() -> None:
    network = adopt()
    loss = F.cross_entropy(network(X), Y)
    loss.backward()
    nvp.prune(network, images=X)
    nvp.shrink(network)
    other = F.cross_entropy(network(X), Y)
    other.backward()
    assert loss.isfinite()


def test_what_cannot_be_done_is_refused_with_the_remedy() -> None:
    plain, network = Residual(), adopt()
    for call in (lambda: nvp.observe(plain, X), lambda: nvp.prune(plain, images=X),
                 lambda: nvp.shrink(plain)):  # fmt: skip
        with pytest.raises(ValueError, match="network = nvp.adopt"):
            call()
    for images, what in ((X[:0], "at least one batch"), (3, "got int"), (["x"], "got str")):
        with pytest.raises(ValueError, match=what):
            nvp.observe(network, images)
    for method, what in (("snip", "expected labels"), ("ds", "several measuring points"),
                         ("none", "a method that prunes"), ("nvpp", "nvp")):  # fmt: skip
        with pytest.raises(ValueError, match=what):
            nvp.prune(network, method=method, images=X)


def test_a_network_inside_of_a_parallel_module_is_seen() -> None:
    assert nvp.observe(nn.DataParallel(adopt()), X).layers.keys() == adopt().layers.keys()


def test_an_adopted_network_is_exported_as_a_program(tmp_path: Path) -> None:
    network, scaling = adopt(), Scaling((0.5,) * 3, (0.25,) * 3)
    nvp.prune(network, images=X)
    nvp.export(network, (3, 8, 8), tmp_path, scaling=scaling)
    pixels = torch.rand(7, 3, 8, 8)
    loaded = torch.export.load(tmp_path / "network.pt2").module()
    assert torch.allclose(loaded(pixels), network.eval()(scaling(pixels)), atol=1e-5)
    nvp.shrink(network)
    tensors = load_file(tmp_path / "network.safetensors")
    expected = network.module.state_dict()
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[key], tensor) for key, tensor in expected.items())
