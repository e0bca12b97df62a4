"""Removal: the network that is left computes and learns what the masked one does, to 1e-10."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig, OptimConfig, PruneConfig
from nvp.data.splits import Images
from nvp.models import MODELS, build_model
from nvp.models.blocks import BasicBlock
from nvp.models.resnet import ResNet, Stages, make_cifar_stem
from nvp.network.dense_index import dense_indices
from nvp.network.groups import (
    find_groups,
    find_readers,
    maskable_layers,
    neuron_layers,
    prunable_groups,
)
from nvp.network.neuron_masks import mask_units
from nvp.network.removal import find_survivors, remove_masked
from nvp.network.subsample import Subsample
from nvp.network.train_state import TrainState
from nvp.network.weight_masks import (
    live_weights,
    mask_weights,
    parameter_masks,
    prunable_weights,
    weight_sparsity,
)
from nvp.pruning import MeasuringPoint, Moment, count_masked_units, plan_pruning
from nvp.pruning.nn_relief.relief_step import mask_by_relief
from nvp.pruning.removal_policy import measure_dense_size, measure_remaining_size
from nvp.testing.model_case import ModelCase
from nvp.testing.removal_laws import (
    check_next_steps,
    compare_outputs,
    every_layer_can_be_removed_down_to_one_unit,
    half_of,
    make_pair,
)
from nvp.training.gradient_rule import GradientRule
from nvp.training.noise import LiveNoise
from nvp.training.optim import build_optimizer
from nvp.vitality import Observation
from tests.in_turn import in_turn
from tests.short_models import build_short
from tests.tiny import ADOPTED, STRUCTURES

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)
SHAPE = (3, 16, 16)
X = torch.randn(8, *SHAPE, generator=torch.Generator().manual_seed(1)).double()
Y = torch.arange(8) % 5
OPTIMS = {
    "sgd": OptimConfig(lr=1e-3, momentum=0.9, weight_decay=1e-2),
    "adam": OptimConfig(name="adam", lr=1e-4, weight_decay=1e-2),
    "adamw": OptimConfig(name="adamw", lr=1e-4, weight_decay=1e-2),
}
MANY = [*STRUCTURES, "resnet20_b", "vgg11"]


def make(name: str, norm: str = "batch", activation: str = "relu", width: float = 0.1) -> nn.Module:
    config = ModelConfig(name=name, norm=norm, activation=activation, width=width)
    return build_short(config, SHAPE, 5).double()


def case_of(name: str, norm: str = "batch") -> ModelCase:
    config = ModelConfig(name=name, norm=norm, width=0.1)
    return ModelCase(config, SHAPE, 5, build=build_short)


def state_of(model: nn.Module, optim: str = "sgd") -> TrainState:
    """Return a state whose optimizer has moments already."""
    state = TrainState(model, build_optimizer(model, OPTIMS[optim]))
    learn(state, 2)
    return state


def learn(state: TrainState, steps: int, x: Tensor = X) -> list[float]:
    """Take plain steps in train mode; return their losses."""
    losses = []
    for step in range(steps):
        state.model.train()
        torch.manual_seed(step)  # of dropout
        loss = F.cross_entropy(state.model(x), Y)
        state.optimizer.zero_grad()
        loss.backward()
        state.optimizer.step()
        losses.append(loss.item())
    return losses


def mask_half(state: TrainState, sites: str = "all", seed: int = 0) -> None:
    rng = torch.Generator().manual_seed(seed)
    for group, paths in prunable_groups(state.model, sites).items():
        count = len(maskable_layers(state.model)[paths[0]].keep)
        index = torch.randperm(count, generator=rng)[: count // 2]
        mask_units(state.model, state.optimizer, group, index)


def pair(state: TrainState) -> tuple[TrainState, TrainState]:
    """Return (a masked copy, the state itself, shrunk)."""
    model, optimizer = copy.deepcopy((state.model, state.optimizer))
    remove_masked(state)
    return TrainState(model, optimizer), state


def distance(one: nn.Module, other: nn.Module) -> float:
    one.eval()
    other.eval()
    return (one(X) - other(X)).abs().max().item()


# --- exactness


@pytest.mark.one_in(3)
@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("name", MANY)
def test_the_output_is_that_of_the_masked_network(name: str, norm: str) -> None:
    case = case_of(name, norm)
    masked, shrunk = make_pair(case, OPTIMS["sgd"], half_of)
    compare_outputs(case, masked, shrunk)
    assert not find_survivors(shrunk.model)
    assert measure_remaining_size(masked.model, SHAPE) == measure_remaining_size(
        shrunk.model, SHAPE
    )
    assert (
        sum(p.numel() for p in shrunk.model.parameters())
        == measure_remaining_size(masked.model, SHAPE)[0]
    )
    assert measure_dense_size(shrunk.model, SHAPE) == measure_dense_size(masked.model, SHAPE)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("name", "optim"), in_turn(MANY, list(OPTIMS)))
def test_the_next_five_steps_are_those_of_the_masked_network(name: str, optim: str) -> None:
    check_next_steps(case_of(name), OPTIMS[optim])


@pytest.mark.parametrize(("name", "norm"), in_turn(MANY, ["batch", "none"]))
def test_one_unit_of_each_group_may_be_left(name: str, norm: str) -> None:
    every_layer_can_be_removed_down_to_one_unit(case_of(name, norm))


@pytest.mark.parametrize("activation", ["leaky_relu", "silu", "tanh"])
@pytest.mark.parametrize("sites", ["internal", "all"])
def test_whatever_the_activation_and_the_sites(sites: str, activation: str) -> None:
    state = state_of(make("resnet20", activation=activation))
    mask_half(state, sites)
    masked, shrunk = pair(state)
    assert distance(masked.model, shrunk.model) <= 1e-10
    streams = [m for m in neuron_layers(shrunk.model).values() if m.group]
    assert all(len(m.keep) < m.dense for m in streams) == (sites == "all")


@pytest.mark.parametrize("kind", ["relative", "absolute", "official"])
def test_noise_is_drawn_for_the_dense_network(kind: str) -> None:
    optim = OptimConfig(lr=1e-3, noise=0.5, noise_kind=kind, clip_norm=1.0, l1=1e-4, l1_scale=1e-4)
    state = state_of(make("resnet20"))
    mask_half(state)
    for one, other in zip(*(noisy(s, optim, "dense") for s in pair(state)), strict=True):
        assert abs(one - other) <= 1e-10


def test_noise_may_be_drawn_for_what_is_present_instead() -> None:
    optim = OptimConfig(lr=1e-3, noise=0.5)
    state = state_of(make("mlp"))
    mask_half(state)
    masked, shrunk = pair(state)
    assert noisy(masked, optim, "present")[-1] != pytest.approx(noisy(shrunk, optim, "present")[-1])


def noisy(state: TrainState, optim: OptimConfig, draws: str) -> list[float]:
    """Take steps with noise on gradients and living weights; return their losses."""
    prune = plan_pruning(PruneConfig(method="demp", live_noise=1e-3, scale_l1=0.0, draws=draws))
    live = live_weights(state.model)
    rule = GradientRule(state.model, optim, live, prune)
    shake, rng, losses = (
        LiveNoise(state.model, prune, live, state.dead), torch.Generator().manual_seed(3), [],
    )  # fmt: skip
    for _ in range(5):
        loss = F.cross_entropy(state.model.train()(X), Y)
        state.optimizer.zero_grad()
        loss.backward()
        rule(rng, 0.2)
        state.optimizer.step()
        shake(rng, 0.2)
        losses.append(loss.item())
    return losses


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    widths=st.lists(st.integers(1, 4), min_size=3, max_size=3),
    option=st.sampled_from("AB"),
    seed=st.integers(0, 999),
    share=st.sampled_from([0.3, 0.7, 1.0]),
)
def test_streams_of_any_width_with_anything_masked(widths, option, seed, share) -> None:
    model = crooked(sorted(widths), option)
    state = TrainState(model, build_optimizer(model, OPTIMS["sgd"]))
    rng = torch.Generator().manual_seed(seed)
    for group, paths in prunable_groups(model).items():
        count = len(maskable_layers(model)[paths[0]].keep)
        index = (torch.rand(count, generator=rng) <= share).nonzero().flatten()
        mask_units(model, state.optimizer, group, index)
    masked, shrunk = pair(state)
    assert distance(masked.model, shrunk.model) <= 1e-10
    assert learn(masked, 2) == pytest.approx(learn(shrunk, 2), abs=1e-9)
    assert count_masked_units(masked.model, "all") == count_masked_units(shrunk.model, "all")
    assert weight_sparsity(masked.model) == weight_sparsity(shrunk.model)


def crooked(widths: list[int], option: str) -> nn.Module:
    """Return a ResNet of three blocks whose streams have these widths."""

    def block(config: ModelConfig, fan_in: int, width: int, **more) -> BasicBlock:
        return BasicBlock(config, fan_in, widths[width.bit_length() - 1], option=option, **more)

    config = ModelConfig()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        stem = make_cifar_stem(config, SHAPE, widths[0])
        return ResNet(config, stem, 5, stages=Stages((1, 1, 1), 1, block)).double()


# --- what stays the same


def test_parameters_stay_the_same_objects_in_the_same_mode() -> None:
    state = state_of(make("convnet"))
    before = {name: id(p) for name, p in state.model.named_parameters()}
    groups = [id(p) for g in state.optimizer.param_groups for p in g["params"]]
    mask_half(state)
    state.model.conv1.eval()
    modes = {path: module.training for path, module in state.model.named_modules()}
    remove_masked(state)
    assert {name: id(p) for name, p in state.model.named_parameters()} == before
    assert [id(p) for g in state.optimizer.param_groups for p in g["params"]] == groups
    assert {path: module.training for path, module in state.model.named_modules()} == modes
    for parameter in state.model.parameters():
        assert parameter.grad is None or parameter.grad.shape == parameter.shape
    assert all(p.requires_grad for p in state.model.parameters())


@pytest.mark.parametrize("optim", OPTIMS)
@pytest.mark.parametrize("name", ["convnet", "resnet20", "resnet20_b"])
def test_the_memory_format_is_that_of_before_for_moments_too(name: str, optim: str) -> None:
    model = make(name, width=0.5).to(memory_format=torch.channels_last)
    state = state_of(model, optim)
    mask_half(state)
    remove_masked(state)
    for parameter in model.parameters():
        if parameter.dim() == 4:
            assert parameter.is_contiguous(memory_format=torch.channels_last)
        for moment in state.optimizer.state[parameter].values():
            if moment.shape == parameter.shape:
                assert moment.stride() == parameter.stride()


def test_fused_sgd_agrees_in_channels_last() -> None:
    states = []
    for fused in (True, False):
        model = make("resnet20_b", width=0.3).to(memory_format=torch.channels_last)
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, fused=fused)
        states.append(TrainState(model, optimizer))
        learn(states[-1], 2)
        mask_half(states[-1])
        remove_masked(states[-1])
    one, other = (learn(state, 4) for state in states)
    assert one == pytest.approx(other, abs=1e-10)


def test_shapes_and_sizes_agree() -> None:
    state = state_of(make("lenet5", width=0.4))
    mask_half(state)
    remove_masked(state)
    for module in state.model.modules():
        if isinstance(module, nn.Conv2d):
            assert module.weight.shape[:2] == (module.out_channels, module.in_channels)
        if isinstance(module, nn.Linear):
            assert module.weight.shape == (module.out_features, module.in_features)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert module.running_mean is not None
            assert len(module.running_mean) == len(module.weight) == module.num_features


def test_weight_masks_lose_the_same_entries() -> None:
    state = state_of(make("convnet"))
    model = state.model
    rng = torch.Generator().manual_seed(0)
    for name, weight in prunable_weights(model).items():
        mask_weights(model, state.optimizer, name, torch.rand(weight.shape, generator=rng) < 0.7)
    mask_half(state)
    masked, shrunk = pair(state)
    assert weight_sparsity(masked.model) == weight_sparsity(shrunk.model)
    for name, keep in parameter_masks(shrunk.model).items():
        assert keep.shape == shrunk.model.get_parameter(name).shape
        assert not shrunk.model.get_parameter(name)[~keep].any()
    assert distance(masked.model, shrunk.model) <= 1e-10


# --- the map to the original neurons


def test_two_removals_are_one() -> None:
    both = [state_of(make("resnet20", width=0.4)) for _ in range(2)]
    for state, between in zip(both, (True, False), strict=True):
        for seed in (1, 2):
            for group, paths in prunable_groups(state.model).items():
                layer = maskable_layers(state.model)[paths[0]]
                wanted = torch.randperm(layer.dense, generator=torch.Generator().manual_seed(seed))
                index = torch.isin(layer.origin, wanted[: layer.dense // 3]).nonzero().flatten()
                mask_units(state.model, state.optimizer, group, index)
            if between:
                remove_masked(state)
        remove_masked(state)
    for path, layer in maskable_layers(both[0].model).items():
        twin = maskable_layers(both[1].model)[path]
        assert torch.equal(layer.origin, twin.origin)
        assert layer.origin.diff().gt(0).all()
    assert distance(*(state.model for state in both)) <= 1e-10


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_entry_is_found_at_its_place_in_the_dense_network(name: str) -> None:
    state = state_of(make(name))
    mask_half(state)
    masked, shrunk = pair(state)
    for (path, dense_index), dense in zip(
        dense_indices(shrunk.model).items(), masked.model.parameters(), strict=True
    ):
        left = shrunk.model.get_parameter(path)
        assert dense_index.shape == tuple(dense.shape)
        assert torch.equal(dense_index.select(dense), left)
        assert torch.equal(dense_index.expand(left.detach()), dense)


def test_memories_follow_their_neurons() -> None:
    state = state_of(make("mlp"))
    layers = neuron_layers(state.model)
    state.idle = {path: layer.origin.clone() for path, layer in layers.items()}
    state.memory = {f"{path}/history": torch.stack([layer.origin] * 2, 1) for path, layer in
                    layers.items()} | {"drift": torch.ones(2)}  # fmt: skip
    mask_half(state)
    lost = remove_masked(state)
    for path, layer in layers.items():
        assert lost[path] == layer.dense - len(layer.keep) == layer.dense // 2
        assert torch.equal(state.idle[path], layer.origin)
        assert torch.equal(state.memory[f"{path}/history"][:, 1], layer.origin)
    assert len(state.memory["drift"]) == 2


# --- the corners


def test_an_emptied_layer_keeps_one_masked_neuron() -> None:
    state = state_of(make("convnet"))
    mask_units(state.model, state.optimizer, "conv2", torch.arange(6))
    masked, shrunk = pair(state)
    assert shrunk.model.conv2.keep.tolist() == [False]
    assert distance(masked.model, shrunk.model) <= 1e-10
    assert learn(masked, 3) == pytest.approx(learn(shrunk, 3), abs=1e-10)
    assert count_masked_units(shrunk.model, "all") == count_masked_units(masked.model, "all")


def test_what_nobody_is_known_to_read_stays() -> None:
    model = make("mlp")
    model.reads = {}
    state = TrainState(model, build_optimizer(model, OPTIMS["sgd"]))
    mask_half(state)
    assert remove_masked(state) == {}
    assert find_readers(model, "hidden.0") == []


@pytest.mark.parametrize("name", ["lenet5", "resnet20", "resnet20_b"])
def test_nn_relief_leaves_networks_that_shrink_exactly(name: str) -> None:
    model = make(name, width=0.3)
    state = TrainState(model, build_optimizer(model, OPTIMS["sgd"]))
    config = PruneConfig(method="nn_relief", alpha_conv=0.6, alpha_fc=0.6)
    mask_by_relief(point_of(state), config)
    masked, shrunk = pair(state)
    assert count_masked_units(masked.model, "all")[0] > 0
    assert distance(masked.model, shrunk.model) <= 1e-10
    assert learn_masked(masked) == pytest.approx(learn_masked(shrunk), abs=1e-9)


def point_of(state: TrainState) -> MeasuringPoint:
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (16, *SHAPE), generator=rng, dtype=torch.uint8)
    return MeasuringPoint(
        model=state.model,
        optimizer=state.optimizer,
        observation=Observation({}, torch.zeros(1, 1)),
        images=Images(pixels, torch.arange(16) % 5, (0.5,) * 3, (0.25,) * 3),
        moment=Moment(0.5),
        idle={},
        confirm=dict,
        memory={},
        ties=rng,
        regrow=rng,
    )


def learn_masked(state: TrainState) -> list[float]:
    """Take steps in which masked weights stay 0."""
    rule, losses = GradientRule(state.model, OPTIMS["sgd"], live_weights(state.model)), []
    for _ in range(3):
        loss = F.cross_entropy(state.model.train()(X), Y)
        state.optimizer.zero_grad()
        loss.backward()
        rule(torch.Generator())
        state.optimizer.step()
        losses.append(loss.item())
    return losses


def test_a_shortcut_without_parameters_carries_what_is_left_of_both_streams() -> None:
    shortcut = Subsample(2, 6, stride=1)
    x = torch.arange(1.0, 3.0).view(1, 2, 1, 1)
    dense = shortcut(x).flatten()
    assert dense.tolist() == [0, 0, 1, 2, 0, 0]
    for inputs, outputs in (([1], [0, 3, 5]), ([0, 1], [2]), ([0], [3, 4]), ([0, 1], [0, 2, 3])):
        shortcut.reroute(torch.tensor(inputs), torch.tensor(outputs))
        kept = torch.zeros(2)
        kept[inputs] = x.flatten()[inputs]
        whole = Subsample(2, 6, stride=1)(kept.view(1, 2, 1, 1)).flatten()
        assert torch.equal(shortcut(x[:, inputs]).flatten(), whole[outputs])
        carried = shortcut.carries(torch.ones(len(outputs), dtype=torch.bool), len(inputs))
        assert carried.tolist() == [i + 2 in outputs for i in inputs]


def test_every_model_declares_enough_to_shrink() -> None:
    for name in MODELS:
        model = build_model(ModelConfig(name=name, width=0.05), SHAPE, 5, seed=0)
        for group in prunable_groups(model):
            reads = [slots.reads for slots in find_groups(model)[group].slots]
            assert any(reads) if name in ADOPTED else find_readers(model, group), (name, group)
