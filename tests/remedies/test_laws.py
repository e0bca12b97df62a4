"""Laws of remedies: strength 0 is none, masks are obeyed, resets are clean, runs go on exactly."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nvp.config.trial_config import TrialConfig
from nvp.network.adopted.adopt import adopt
from nvp.network.entries import find_moments
from nvp.network.groups import find_groups, neuron_layers
from nvp.network.neuron_masks import mask_units
from nvp.network.removal import remove_masked
from nvp.network.train_state import TrainState
from nvp.remedies import REMEDIES, Acting, Treated
from nvp.remedies.neuron_reset import RESETS, SINCE, NeuronReset
from nvp.remedies.neurons import find_resettable
from nvp.remedies.treatment import begin_remedy
from nvp.storage.store import Storage
from nvp.training.build import build
from nvp.training.length import Length
from nvp.training.loop import train
from nvp.training.optim import build_optimizer
from nvp.training.step import train_epoch
from nvp.trial.checkpoint import read_checkpoints, restore_state, save_checkpoint
from nvp.trial.rows import event_rows
from tests.continuing import plain
from tests.in_turn import in_turn
from tests.remedies.treated import config_of, data, run, same, treat

NOTHING = {
    "cbp": {"remedy__rho": 0.0},
    "redo": {"remedy__tau": -1.0, "remedy__every": 2},
    "snr": {"remedy__silence": 4000, "remedy__update": 9},  # no limit falls
    "shrink_perturb_steps": {"remedy__shrink": 1.0, "remedy__sigma": 0.0},
    "l2_init": {"remedy__strength": 0.0},
    "ln_decay": {"remedy__weight_decay": 0.0},
}
BUSY: dict[str, dict[str, Any]] = {
    "cbp": {"remedy__rho": 0.05, "remedy__maturity": 2},
    "redo": {"remedy__tau": 0.6, "remedy__every": 3},
    "snr": {"remedy__silence": 1, "remedy__update": 9, "data__batch_size": 8},
    "shrink_perturb_steps": {"remedy__sigma": 1e-3},
    "l2_init": {},
    "ln_decay": {"model__norm": "layer", "remedy__weight_decay": 0.3},
}
RESETTING = ("cbp", "redo", "snr")
MODELS = {
    "mlp": {},
    "conv": {"model__name": "convnet", "model__norm": "batch", "optim__name": "sgd"},
    "residual": {"model__name": "resnet20", "model__norm": "batch", "optim__name": "adamw"},
}


# --- strength 0


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("name", "form"), [*in_turn(NOTHING, ("loss",)), ("l2_init", "decoupled")])
def test_a_remedy_of_strength_0_is_none(name: str, form: str) -> None:
    more = NOTHING[name] | ({"remedy__form": form} if name == "l2_init" else {})
    records, state = run(config_of(name, epochs=2, **more))
    bare, alone = run(config_of(epochs=2))
    assert same(state.model, alone.model)
    assert [plain(one) for one in records] == [plain(one) for one in bare]


def test_shrink_and_perturb_of_strength_0_changes_nothing_at_a_border() -> None:
    config = config_of("shrink_perturb", remedy__shrink=1.0, remedy__sigma=0.0)
    trial, bare = treat(config), treat(config_of())
    REMEDIES["shrink_perturb"].start(trial).at_border(1)
    assert same(trial.state.model, bare.state.model)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", BUSY)
def test_a_remedy_at_work_changes_the_network_and_leaves_no_hook(name: str) -> None:
    _, state = run(config_of(name, epochs=2, **BUSY[name]))
    _, alone = run(config_of(epochs=2, model__norm=BUSY[name].get("model__norm", "none")))
    assert not same(state.model, alone.model)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in state.model.modules())


# --- the reset of a neuron


def pixels() -> Tensor:
    return torch.randn(6, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def train_a_little(config: TrialConfig) -> TrainState:
    state = build(config, data(), "cpu")
    train_epoch(config, data().train, state, 1, length=Length())
    return state


def kill(state: TrainState, path: str, index: int) -> None:
    """Make a neuron dead for all images. Changes the state."""
    layer = neuron_layers(state.model)[path]
    norm = isinstance(layer.norm, nn.Identity)
    with torch.no_grad():
        (layer.affine if norm else layer.norm).bias[index] = -1000.0


@pytest.mark.one_in(2)
@pytest.mark.parametrize("model", MODELS)
def test_the_reset_of_a_dead_neuron_leaves_the_logits_and_brings_it_back(model: str) -> None:
    config = config_of(model__width=0.3, **MODELS[model])
    state = train_a_little(config)
    layers = find_resettable(state.model)
    assert layers
    for path in layers:
        kill(state, path, 1)
    state.model.eval()
    before = state.model(pixels()).detach()
    NeuronReset(Treated(config, state, data().train))(
        dict.fromkeys(layers, torch.tensor([1])), torch.Generator().manual_seed(3)
    )
    assert torch.equal(state.model(pixels()), before), "bit for bit"
    for path, resettable in layers.items():
        layer = resettable.layer
        assert 0 < layer.weight[1].abs().max() <= layer.weight[1].numel() ** -0.5
        if isinstance(layer.norm, nn.BatchNorm1d | nn.BatchNorm2d):
            norm = layer.norm
            values = norm.weight[1], norm.bias[1], norm.running_mean[1], norm.running_var[1]
            assert [value.item() for value in values] == [1.0, 0.0, 0.0, 1.0], path
        else:
            assert 0 < layer.affine.bias[1].abs() <= layer.weight[1].numel() ** -0.5
        for slots in resettable.group.slots:
            if slots.name in dict(state.model.named_parameters()):
                parameter = state.model.get_parameter(slots.name)
                mine = slots.entries[slots.units == 1]
                for moment in find_moments(parameter, state.optimizer).values():
                    assert not moment.index_select(slots.dim, mine).any()
                    assert moment.any(), "those of others stay"
                if slots.reads:
                    assert not parameter.index_select(slots.dim, mine).any()


def test_the_streams_of_a_residual_network_are_left_alone() -> None:
    model = build(config_of(**MODELS["residual"]), data(), "cpu").model
    assert find_resettable(model)
    assert all(each.layer.site == "internal" for each in find_resettable(model).values())


def test_new_incoming_weights_have_the_law_of_the_layer() -> None:
    config = config_of(model__width=4.0)
    trial = treat(config)
    layer = trial.state.model.hidden[1]
    every = torch.arange(len(layer.keep))
    old = layer.affine.weight.detach().clone()
    NeuronReset(trial)({"hidden.1": every}, torch.Generator().manual_seed(0))
    fresh, bound = layer.affine.weight.detach(), layer.affine.weight.shape[1] ** -0.5
    assert not torch.isclose(fresh, old).float().mean() > 0.01
    assert fresh.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert fresh.std().item() == pytest.approx(bound / 3**0.5, rel=0.01)
    assert layer.affine.bias.detach().std().item() == pytest.approx(bound / 3**0.5, rel=0.1)


def test_a_reset_obeys_masks_of_neurons_and_of_weights() -> None:
    config = config_of(
        model__width=0.3, prune__method="magnitude_weight", prune__schedule="at_init"
    )
    state = build(config, data(), "cpu")
    for _ in zip(train(config, data(), state), range(2), strict=False):
        pass
    mask_units(state.model, state.optimizer, "hidden.0", torch.tensor([2]))
    before = {n: p.detach() == 0 for n, p in state.model.named_parameters()}
    NeuronReset(Treated(config, state, data().train))(
        {"hidden.1": torch.tensor([1])}, torch.Generator().manual_seed(3)
    )
    weight = state.model.hidden[1].affine.weight.detach()
    assert before["hidden.1.affine.weight"][1].any()
    assert torch.equal(weight[1] == 0, before["hidden.1.affine.weight"][1])


@pytest.mark.parametrize(("name", "choice"), in_turn(RESETTING, ("random", "rule")))
def test_masked_neurons_are_never_reset_and_shrunk_runs_equal_masked_ones(
    name: str, choice: str
) -> None:
    """In float64, over steps with resets, in a network that lost a third of its neurons."""
    config = config_of(
        name, epochs=3, model__width=0.2, optim__lr=0.003, remedy__choice=choice, **BUSY[name]
    )
    logits, counts = [], []
    for shrinks in (False, True):
        model = build(config, data(), "cpu").model.double()
        model.register_forward_pre_hook(lambda model, args: (args[0].double(),))
        state = TrainState(model, build_optimizer(model, config.optim))
        state.remedy = {}
        train_epoch(config, data().train, state, 1, length=Length())
        state.epoch = 1
        gone = torch.arange(0, 26, 3)
        for group in find_groups(model):
            mask_units(model, state.optimizer, group, gone)
        for key in [key for key in state.remedy if key.endswith(RESETS)]:
            del state.remedy[key]
        if shrinks:
            remove_masked(state)
        for epoch in (2, 3):
            train_epoch(config, data().train, state, epoch, length=Length())
            state.epoch = epoch
        model.eval()
        logits.append(model(pixels()).detach())
        total = {}
        for path, layer in neuron_layers(model).items():
            resets = state.remedy.get(path + RESETS, torch.zeros(len(layer.keep)))
            assert not resets[~layer.keep].any()
            total[path] = resets[layer.keep].tolist()
        counts.append(total)
    assert sum(map(sum, counts[0].values())) > 3
    assert counts[0] == counts[1]
    torch.testing.assert_close(logits[0], logits[1], rtol=1e-9, atol=1e-9)


def test_under_layer_norm_decay_shrinks_the_weights_and_their_size_changes_no_output() -> None:
    sizes, models = [], []
    for decay in (0.0, 3.0):
        config = config_of("ln_decay", model__norm="layer", remedy__weight_decay=decay)
        _, state = run(config)
        sizes.append([p.norm().item() for p in state.model.parameters() if p.dim() > 1])
        models.append(state.model.eval())
    assert all(small < whole for whole, small in zip(*sizes, strict=True))
    before = models[0](pixels()).detach()
    with torch.no_grad():
        for layer in neuron_layers(models[0]).values():
            layer.affine.weight.mul_(50.0)
    torch.testing.assert_close(models[0](pixels()).detach(), before, rtol=1e-2, atol=1e-3)


# --- continuing


CONTINUED = [
    ("cbp", {"remedy__rule": "lop"}),
    ("cbp", {"model__name": "convnet", "optim__name": "sgd", "remedy__choice": "random"}),
    ("redo", {"optim__name": "adamw"}),
    ("snr", {"prune__method": "magnitude", "prune__shrink": "always", "optim__lr": 0.05}),
    ("shrink_perturb_steps", {}),
    ("l2_init", {"prune__method": "magnitude", "prune__shrink": "always"}),
    ("ln_decay", {"model__name": "convnet"}),
]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("name", "changes"), CONTINUED)
def test_killed_and_continued_across_resets_is_unbroken(
    name: str, changes: dict, tmp_path: Path
) -> None:
    config = config_of(name, epochs=4, **BUSY[name] | changes)
    storage, records, state = Storage.at(str(tmp_path)), [], build(config, data(), "cpu")
    for record in train(config, data(), state):
        records.append(record)
        if record.epoch == 2:
            if name in RESETTING:
                assert any(key.endswith(SINCE) for key in state.remedy), "resets came before"
            save_checkpoint(storage, "one", state, {})
    again = build(config, data(), "cpu")
    restore_state(read_checkpoints(storage, "one")[0], again)
    after = list(train(config, data(), again))
    assert [plain(one) for one in after] == [plain(one) for one in records[3:]]
    assert same(again.model, state.model)
    assert again.remedy.keys() == state.remedy.keys()
    assert all(torch.equal(again.remedy[key], state.remedy[key]) for key in state.remedy)
    if name in RESETTING:
        assert any(layer.resets is not None for record in after for layer in record.layers.values())
        rows = [event_rows("t", r, "none", name).to_pylist() for r in after]
        resets = [row for part in rows for row in part if row["event"] == "reset"]
        assert {row["cause"] for row in resets} == {name}
        assert sum(row["count"] for row in resets) == sum(
            int(layer.resets.sum())
            for record in after
            for layer in record.layers.values()
            if layer.resets is not None
        )


# --- borders


def test_fresh_is_a_network_without_a_past() -> None:
    config = config_of("fresh", model__norm="batch")
    state = train_a_little(config)
    mask_units(state.model, state.optimizer, "hidden.0", torch.tensor([1]))
    twin = train_a_little(config_of("fresh", model__norm="batch", optim__lr=0.3))
    mask_units(twin.model, twin.optimizer, "hidden.0", torch.tensor([1]))
    for each in (state, twin):
        REMEDIES["fresh"].start(Treated(config, each, data().train, 10)).at_border(1)
        assert not each.optimizer.state
    assert same(state.model, twin.model)
    assert not state.model.hidden[0].affine.weight[1].any()
    assert state.remedy["hidden.0" + RESETS].tolist() == [1, 0, *[1] * 11]


def test_the_head_alone_is_drawn_anew() -> None:
    config = config_of("head")
    state = train_a_little(config)
    before = {name: p.detach().clone() for name, p in state.model.named_parameters()}
    REMEDIES["head"].start(Treated(config, state, data().train, 10)).at_border(2)
    moved = {n for n, p in state.model.named_parameters() if not torch.equal(p, before[n])}
    assert moved == {"head.weight", "head.bias"}
    cleared, kept = (
        state.optimizer.state[weight]
        for weight in (state.model.head.weight, state.model.hidden[0].affine.weight)
    )
    assert not any(value.any() for value in cleared.values())
    assert all(value.any() for value in kept.values())


# --- adopted networks


class Foreign(nn.Module):
    """A network that was not written for nvp."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6)
        self.hidden, self.drop = nn.Linear(6 * 36, 8), nn.Dropout(0.5)
        self.out = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.conv(x)))
        return self.out(self.drop(nn.functional.relu(self.hidden(x.flatten(1)))))


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", RESETTING)
def test_adopted_networks_are_treated_too(name: str) -> None:
    config = config_of(name, **BUSY[name] | ({"remedy__rho": 0.3} if name == "cbp" else {}))
    torch.manual_seed(0)
    network = adopt(Foreign(), torch.zeros(2, 1, 8, 8))
    state = TrainState(network, build_optimizer(network, config.optim))
    train_epoch(config, data().train, state, 1, length=Length())
    assert set(find_resettable(network)) == set(network.layers)
    assert sum(int(v.sum()) for k, v in state.remedy.items() if k.endswith(RESETS)) > 0
    path = next(iter(network.layers))
    reset = NeuronReset(Treated(config, state, data().train))
    reset({path: torch.tensor([2])}, torch.Generator().manual_seed(0))
    assert not network.module.hidden.weight[:, 2 * 36 : 3 * 36].any()
    assert network.module.hidden.weight[:, : 2 * 36].any()
    assert network.module.conv.weight[2].all()
    assert network.module.norm.weight[2] == 1.0


def test_watching_an_adopted_network_leaves_its_dropout_as_it_is() -> None:
    """Random numbers of a training pass are used up, watched or not."""
    network = adopt(Foreign(), torch.zeros(2, 1, 8, 8)).train()
    config = config_of("cbp")
    state = TrainState(network, build_optimizer(network, config.optim))
    acting = REMEDIES["cbp"].start(Treated(config, state, data().train))
    seen = []
    for watcher in (Acting(), acting):
        torch.manual_seed(5)
        with watcher.watching():
            network(pixels())
        with watcher.watching():
            seen.append(network(pixels()).detach())
    assert torch.equal(*seen)


@pytest.mark.parametrize("law", ["wide", "constant"])
def test_the_law_of_other_networks_is_that_of_their_initial_weights(law: str) -> None:
    torch.manual_seed(1)
    module = Foreign()
    with torch.no_grad():
        module.hidden.weight.uniform_(-3, 3)
        module.hidden.bias.fill_(0.7 if law == "constant" else 0.0)
    network = adopt(module, torch.zeros(2, 1, 8, 8))
    config = config_of("redo", model__name="tests.remedies.test_laws:Foreign")
    state = TrainState(network, build_optimizer(network, config.optim))
    state.remedy = begin_remedy(config, network)
    path = list(network.layers)[1]
    every = torch.arange(8)
    NeuronReset(Treated(config, state, data().train))(
        {path: every}, torch.Generator().manual_seed(0)
    )
    weight, bias = module.hidden.weight.detach(), module.hidden.bias.detach()
    assert weight.std().item() == pytest.approx(3**0.5, rel=0.05)
    assert weight.abs().max().item() == pytest.approx(3, rel=0.05)
    assert bias.tolist() == pytest.approx([0.7 if law == "constant" else 0.0] * 8)
