"""The laws of adopted networks: nothing changes, masked is removed, watching leaves no trace."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

import nvp
from nvp.network.adopted.adopted import Adopted
from nvp.network.adopted.watched_heads import watch_heads
from nvp.network.groups import find_groups, neuron_layers
from nvp.network.neuron_masks import mask_units, release_masks, soften_units
from nvp.network.tap import tap
from nvp.network.weight_masks import live_weights
from tests.network.adopting.masks import OPTIMS, difference, learn, make_optimizer
from tests.network.adopting.networks import KNOWN, PRUNABLE, make_images, make_known

pytestmark = pytest.mark.one_in(3)

torch.set_num_threads(1)
IMAGES = make_images(6, seed=1)
WATCHED = [name for name, known in KNOWN.items() if known.units]
Trained = tuple[Adopted, Optimizer]


def train_adopted(name: str, optim: str = "sgd") -> Trained:
    """Return an adopted network that has taken two steps, so that its moments are there."""
    network = nvp.adopt(make_known(name), make_images(2))
    trained = network, make_optimizer(network, optim)
    learn(trained, IMAGES, 2)
    return trained


def mask_half(trained: Trained) -> None:
    network, optimizer = trained
    rng = torch.Generator().manual_seed(0)
    for name, group in find_groups(network).items():
        index = torch.randperm(len(group.keep), generator=rng)[: len(group.keep) // 2]
        mask_units(network, optimizer, name, index)


def masked_entries(network: Adopted) -> list[Tensor]:
    live = live_weights(network)
    return [p.detach()[~live[name]] for name, p in network.named_parameters()]


# --- adoption changes nothing


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", WATCHED)
def test_adoption_changes_no_output_and_no_tensor(name: str, training: bool) -> None:
    module = make_known(name).train(training)
    parameters = list(module.parameters())
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    twin, random = copy.deepcopy(module), torch.get_rng_state()
    network = nvp.adopt(module, make_images(2))
    assert torch.equal(torch.get_rng_state(), random)
    assert network.module is module
    assert network.training == training
    assert all(one is two for one, two in zip(module.parameters(), parameters, strict=True))
    assert module.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[key]) for key, tensor in module.state_dict().items())
    assert torch.equal(network(IMAGES), twin(IMAGES))


# --- masks


@pytest.mark.parametrize("name", PRUNABLE)
def test_a_masked_unit_contributes_nothing(name: str) -> None:
    network, optimizer = train_adopted(name)
    mask_half((network, optimizer))
    layers = neuron_layers(network)

    def shout(path: str, output: Tensor) -> Tensor:
        masked = ~layers[path].keep.view(1, -1, *[1] * (output.dim() - 2))
        return torch.where(masked, 7.0, output)

    expected = network.eval()(IMAGES)
    with torch.no_grad(), tap(network, shout):
        assert (network(IMAGES) - expected).abs().max() < 1e-12
    with torch.no_grad(), tap(network, lambda path, output: output + 7.0):
        assert (network(IMAGES) - expected).abs().max() > 1e-3  # the tap does replace


@pytest.mark.one_in(3)
@pytest.mark.parametrize("optim", OPTIMS)
@pytest.mark.parametrize("name", PRUNABLE)
def test_masked_is_removed_now_and_after_five_steps(name: str, optim: str) -> None:
    trained = train_adopted(name, optim)
    mask_half(trained)
    network, optimizer = copy.deepcopy(trained)
    removed = nvp.shrink(network, optimizer)
    assert removed
    assert not nvp.shrink(network, optimizer)
    for path, layer in network.layers.items():
        assert layer.width == trained[0].layers[path].width - removed.get(path, 0)
    assert difference(trained[0], network, IMAGES) < 1e-10
    for one in (trained, (network, optimizer)):
        learn(one, IMAGES, 5)
    assert difference(trained[0], network, IMAGES) < 1e-10
    entries = masked_entries(trained[0])
    assert sum(map(len, entries)) > 0
    assert not any(bool(values.any()) for values in entries)  # in a loop that knows of no masks


@pytest.mark.parametrize("name", PRUNABLE)
def test_a_prunable_layer_is_removed_down_to_one_unit(name: str) -> None:
    network, optimizer = train_adopted(name)
    twin = copy.deepcopy(network)
    for one in (network, twin):
        for key, group in find_groups(one).items():
            mask_units(one, None, key, torch.arange(1, len(group.keep)))
    nvp.shrink(network, optimizer)
    assert difference(twin, network, IMAGES) < 1e-10
    for group in find_groups(network).values():
        assert int(group.keep.sum()) == 1
        assert group.origin[0] == 0


@pytest.mark.parametrize("name", PRUNABLE)
def test_soft_masks_silence_until_they_are_released(name: str) -> None:
    network, _ = train_adopted(name)
    before = {key: p.detach().clone() for key, p in network.named_parameters()}
    hard = copy.deepcopy(network)
    chosen = {key: torch.arange(len(g.keep) // 2) for key, g in find_groups(network).items()}
    for key, index in chosen.items():
        soften_units(network, key, index)
        mask_units(hard, None, key, index)
    assert difference(hard, network, IMAGES) < 1e-10
    release_masks(network)
    assert all(bool(group.keep.all()) for group in find_groups(network).values())
    changed = {key for key, p in network.named_parameters() if not torch.equal(p, before[key])}
    assert changed  # the rows of what was masked are 0, and grow from there
    groups = find_groups(network)
    made = {s.name for g in groups.values() for s in g.slots if not s.reads}
    assert changed <= made  # what only reads them has its values again


def test_a_copy_and_a_loaded_state_hold_their_masks_too() -> None:
    trained = train_adopted("functional")
    mask_half(trained)
    copied = copy.deepcopy(trained)
    loaded = nvp.adopt(make_known("functional"), make_images(2))
    loaded.load_state_dict(trained[0].state_dict())
    for network, optimizer in (copied, (loaded, make_optimizer(loaded, "sgd"))):
        learn((network, optimizer), IMAGES, 3)
        assert not any(bool(values.any()) for values in masked_entries(network))
        assert sum(map(len, masked_entries(network))) > 0
    assert any(bool((a != b).any()) for a, b in zip(
        copied[0].parameters(), trained[0].parameters(), strict=True))  # fmt: skip


# --- watching


@pytest.mark.parametrize("name", WATCHED)
def test_observing_leaves_no_trace(name: str) -> None:
    network, _ = train_adopted(name)
    network.train()
    next(m for m in network.modules() if not list(m.children())).eval()  # modes are of modules
    modes = [module.training for module in network.modules()]
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    network.zero_grad(set_to_none=True)
    random = torch.get_rng_state()
    nvp.observe(network, IMAGES, bins=4)
    assert torch.equal(torch.get_rng_state(), random)
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks
                   for module in network.modules())  # fmt: skip


@pytest.mark.parametrize("name", WATCHED)
def test_each_layer_is_seen_with_as_many_neurons_as_it_says(name: str) -> None:
    network, _ = train_adopted(name)
    shapes: dict[str, torch.Size] = {}

    def note(path: str, out: Tensor) -> None:
        shapes[path] = out.shape

    with torch.no_grad(), tap(network, note), watch_heads(network, note):
        network(IMAGES)
    assert {path: tuple(shape[:2]) for path, shape in shapes.items()} == {
        path: (len(IMAGES), row.width) for path, row in network.layers.items()
    }
    seen = nvp.observe(network, IMAGES, bins=4)
    for path, layer in neuron_layers(network).items():
        assert len(layer.weight) == len(seen.layers[path].mean) == len(layer.keep)


def test_adopting_is_refused_with_the_remedy() -> None:
    network, _ = train_adopted("functional")
    with pytest.raises(ValueError, match="not adopted yet"):
        nvp.adopt(network, IMAGES)
    with pytest.raises(ValueError, match="found no neurons"):
        nvp.adopt(nn.Sequential(nn.Flatten(), nn.Linear(768, 3)).double(), IMAGES)
    with pytest.raises(ValueError, match="expected a torch"):
        nvp.adopt("resnet18", IMAGES)  # type: ignore[arg-type]
