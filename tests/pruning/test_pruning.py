"""Pruning: laws that every row of METHODS keeps; a new row is tested here.

Methods and criteria are tried on networks in turn. Not covered: each law of each method on each
network (no method has a rule for one network; groups and streams are tested of the masks). Every
method keeps its laws on random small networks; the laws of larger ones and of longer training are
tried with one method of each kind, because a criterion only says which are masked.
"""

from dataclasses import replace
from functools import cache
from math import ceil
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig, OptimConfig, PruneConfig
from nvp.data import DATASETS
from nvp.data.batches import normalise_pixels
from nvp.data.splits import Images
from nvp.network.groups import maskable_layers, neuron_layers, prunable_groups
from nvp.network.neuron_masks import release_masks
from nvp.network.weight_masks import (
    live_weights,
    parameter_masks,
    prunable_weights,
    weight_sparsity,
)
from nvp.pruning import (
    CRITERIA,
    METHODS,
    SOFT,
    WEIGHT_CRITERIA,
    MeasuringPoint,
    Moment,
    Pruned,
    count_masked_units,
    has_reached,
    plan_pruning,
    prune_point,
)
from nvp.pruning.scoring import choose_kept
from nvp.training.gradient_rule import GradientRule
from nvp.training.optim import build_optimizer
from nvp.vitality import nvi, observe_images
from tests.in_turn import in_turn
from tests.short_models import build_short

torch.set_num_threads(1)
ALL = [name for name, method in METHODS.items() if method.aim != "none"]
TARGET = [name for name in ALL if METHODS[name].aim == "target"]
EMERGENT = [name for name in ALL if METHODS[name].aim == "emergent"]
HARD = [name for name in ALL if METHODS[name].schedule not in SOFT]
PLAIN = [name for name in HARD if METHODS[name].regrow == "none"]
NEURON_TARGET = [name for name in TARGET if METHODS[name].granularity == "neuron"]


def one_of_each(methods: list[str], *parts: str) -> list[str]:
    """Return the first method with each combination of those parts of a row."""
    found: dict[tuple[object, ...], str] = {}
    for name in methods:
        found.setdefault(tuple(getattr(METHODS[name], part) for part in parts), name)
    return list(found.values())


MASKING = ("granularity", "schedule", "trigger", "in_rounds", "regrow", "rewinds")
MODELS_TRIED = ["convnet", "resnet20"]
BUSY = OptimConfig(lr=0.05, momentum=0.9, weight_decay=5e-3, noise=1.0, l1=1e-4, l1_scale=1e-4)
ADAMW = OptimConfig(name="adamw", lr=0.005, weight_decay=0.1, noise=1.0)
POINTS = (0.0, 0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@cache
def probe() -> Images:
    return DATASETS["digits"].load(Path()).probe(16)


def model_of(name: str, *, norm: str = "batch", width: float = 0.2, seed: int = 0) -> nn.Module:
    width = width / 2 if name == "resnet18" else width
    return build_short(ModelConfig(name=name, width=width, norm=norm), (1, 8, 8), 10, seed=seed)


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    config: OptimConfig,
    steps: int,
    method: PruneConfig | None = None,
) -> None:
    rule = GradientRule(model, config, live_weights(model), method)
    rng = torch.Generator().manual_seed(0)
    images = probe()
    model.train()
    for _ in range(steps):
        loss = F.cross_entropy(model(normalise_pixels(images.pixels, images)), images.labels)
        optimizer.zero_grad()
        loss.backward()
        rule(rng)
        optimizer.step()


def kill_every_third(model: nn.Module) -> None:
    """Let every third neuron of the layers without a residual fall silent."""
    for layer in neuron_layers(model).values():
        with torch.no_grad():
            third = torch.arange(len(layer.keep)) % 3 == 0
            layer.own[-1].masked_fill_(third & layer.keep, -1e4)


def prune_at(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    config: PruneConfig,
    progress: float,
    *,
    last: float | None = None,
    seed: int = 0,
    memory: dict[str, Tensor] | None = None,
    idle: dict[str, Tensor] | None = None,
) -> Pruned:
    """Prune once; where nothing is said of idleness, who is silent now was idle for long."""
    observed = observe_images(model, probe(), bins=8)
    silent = {path: (seen.mean_abs == 0).long() * 9 for path, seen in observed.layers.items()}
    point = MeasuringPoint(
        model=model,
        optimizer=optimizer,
        observation=observed,
        images=probe(),
        moment=Moment(progress, progress - 0.1 if last is None else last),
        idle=silent if idle is None else idle,
        confirm=lambda: observed.layers,
        memory={} if memory is None else memory,
        ties=torch.Generator().manual_seed(seed),
        regrow=torch.Generator().manual_seed(seed + 1),
    )
    return prune_point(point, plan_pruning(config))


def run_through(
    model: nn.Module,
    config: PruneConfig,
    optim: OptimConfig = BUSY,
    *,
    seed: int = 0,
    points: tuple[float, ...] = POINTS,
    steps: int = 2,
) -> list[Pruned]:
    """Train and prune from the initial network to the end; return what each step did."""
    optimizer = build_optimizer(model, optim)
    memory: dict[str, Tensor] = {}
    done = []
    last = -1.0
    for k, progress in enumerate(points):
        if config_soft(config):
            release_masks(model)
        train(model, optimizer, optim, steps if progress else 0, plan_pruning(config))
        if METHODS[config.method].aim == "emergent" and progress == 0.5:
            kill_every_third(model)
        done.append(
            prune_at(model, optimizer, config, progress, last=last, seed=seed + k, memory=memory)
        )
        last = progress
    return done


def config_soft(config: PruneConfig) -> bool:
    return plan_pruning(config).is_soft


def masks_of(model: nn.Module) -> dict[str, Tensor]:
    """Return every mask of a network: of neurons and of weights."""
    neurons = {path: layer.keep.clone() for path, layer in maskable_layers(model).items()}
    return neurons | {name: mask.clone() for name, mask in parameter_masks(model).items()}


def masked_of(model: nn.Module, method: str) -> tuple[int, int]:
    """Return (masked, all) of what a method prunes."""
    weights = METHODS[method].granularity == "weight"
    return weight_sparsity(model) if weights else count_masked_units(model, "all")


def free_units(model: nn.Module, config: PruneConfig) -> int:
    """Units that no floor protects."""
    layers = maskable_layers(model)
    widths = [len(layers[paths[0]].keep) for paths in prunable_groups(model, config.sites).values()]
    return sum(n - min(n, max(1, ceil(config.floor * n))) for n in widths)


# --- criteria


def point_for_scores(model: nn.Module, seed: int = 0) -> MeasuringPoint:
    observed = observe_images(model, probe(), bins=8)
    return MeasuringPoint(
        model=model,
        optimizer=build_optimizer(model, BUSY),
        observation=observed,
        images=probe(),
        moment=Moment(0.5),
        idle={path: (seen.mean_abs == 0).long() * 9 for path, seen in observed.layers.items()},
        confirm=lambda: observed.layers,
        memory={},
        ties=torch.Generator().manual_seed(seed),
        regrow=torch.Generator().manual_seed(seed),
    )


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("criterion", "name", "width"),
    [
        (criterion, *network)
        for criterion, network in in_turn(
            [*CRITERIA, *(f"weight {c}" for c in WEIGHT_CRITERIA)],
            [("mlp", 0.01), ("convnet", 0.2), ("resnet20", 0.2)],
        )
    ],
)
def test_scores_are_finite_shaped_and_repeatable(criterion: str, name: str, width: float) -> None:
    model = model_of(name, width=width)
    train(model, build_optimizer(model, BUSY), BUSY, 2)
    method = "gmp" if criterion.startswith("weight ") else "nvp"
    if method == "nvp":
        kill_every_third(model)
    plan = plan_pruning(PruneConfig(method=method, criterion=criterion.removeprefix("weight ")))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    _, scores = choose_kept(point_for_scores(model), plan, 0.5)
    _, again = choose_kept(point_for_scores(model), plan, 0.5)
    if method == "gmp":
        assert {n: s.shape for n, s in scores.items()} == {
            n: w.shape for n, w in prunable_weights(model).items()
        }
    else:
        layers = maskable_layers(model)
        assert {g: len(s) for g, s in scores.items()} == {
            g: len(layers[paths[0]].keep) for g, paths in prunable_groups(model).items()
        }
    for group, score in scores.items():
        assert bool(score.isfinite().all()), group
        assert torch.equal(score, again[group])
    after = model.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.one_in(2)
@pytest.mark.parametrize("criterion", [name for name in CRITERIA if name != "random"])
def test_permuted_neurons_have_permuted_scores(criterion: str) -> None:
    model = model_of("mlp")
    train(model, build_optimizer(model, BUSY), OptimConfig(lr=0.05), 2)
    kill_every_third(model)
    plan = plan_pruning(PruneConfig(method="nvp", criterion=criterion))
    _, scores = choose_kept(point_for_scores(model), plan, 0.5)
    first, second = model.hidden
    order = torch.randperm(len(first.keep), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for tensor in (*first.own, first.norm.running_mean, first.norm.running_var):
            tensor.copy_(tensor[order])
        second.affine.weight.copy_(second.affine.weight[:, order])
    _, permuted = choose_kept(point_for_scores(model), plan, 0.5)
    for found, expected in (
        (permuted["hidden.0"], scores["hidden.0"][order]),
        (permuted["hidden.1"], scores["hidden.1"]),
    ):
        assert torch.allclose(found, expected, rtol=1e-3, atol=1e-5 * float(expected.abs().max()))


def test_a_dead_neuron_has_no_vitality_and_scores_lowest() -> None:
    model = model_of("mlp")
    kill_every_third(model)
    plan = plan_pruning(PruneConfig(method="nvp"))
    _, scores = choose_kept(point_for_scores(model), plan, 0.5)
    for score in scores.values():
        assert not score[::3].any()
        assert float(score.max()) > 0
    assert not nvi(torch.zeros(3), torch.ones(3)).any()


# --- laws


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("method", "name", "percent", "sites"),
    [
        (method, *case)
        for method, case in in_turn(
            one_of_each(TARGET, "allocation", *MASKING),
            [("convnet", 90, "all"), ("resnet18", 30, "internal")],
        )
    ],
)
def test_the_target_is_reached_exactly_unless_a_floor_binds(
    method: str, name: str, percent: int, sites: str
) -> None:
    row = METHODS[method]
    if sites == "internal" and row.granularity == "weight":
        sites = "all"
    model = model_of(name)
    config = PruneConfig(method=method, sparsity=percent / 100, sites=sites)
    points = (0.0,) if row.schedule in ("at_init", "zero_at_init") else (0.0, 0.7, 1.0)
    done = run_through(model, config, points=points, steps=1)
    weights = row.granularity == "weight"
    masked, pool = weight_sparsity(model) if weights else count_masked_units(model, sites)
    wanted = percent * pool // 100
    assert done[-1].target == percent / 100
    if weights or row.allocation == "layerwise":
        assert masked == wanted or (masked < wanted and done[-1].floored)
    else:
        assert masked == min(wanted, free_units(model, config))
    if sites == "internal":
        streams = [m for m in maskable_layers(model).values() if m.site == "stream"]
        assert all(layer.keep.all() for layer in streams)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("method", "name"), in_turn(EMERGENT, ["mlp", "resnet18"]))
def test_an_emergent_method_masks_something_and_says_no_target(method: str, name: str) -> None:
    model = model_of(name)
    done = run_through(model, PruneConfig(method=method))
    assert all(pruned.target is None for pruned in done)
    masked, _ = masked_of(model, method)
    assert masked > 0
    if METHODS[method].granularity == "neuron":
        gone = sum(len(i) for pruned in done for i in pruned.masked.values())
        back = sum(len(i) for pruned in done for i in pruned.grown.values())
        assert gone - back == masked


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("method", "name"), in_turn(one_of_each(PLAIN, "allocation", *MASKING), MODELS_TRIED)
)
def test_sparsity_never_falls_and_no_layer_is_emptied(method: str, name: str) -> None:
    model = model_of(name)
    config = PruneConfig(method=method, sparsity=0.95, start=0.0, end=0.8)
    optimizer = build_optimizer(model, BUSY)
    memory: dict[str, Tensor] = {}
    before, last = masks_of(model), -1.0
    for k, progress in enumerate(POINTS[::2]):
        train(model, optimizer, BUSY, 1)
        prune_at(model, optimizer, config, progress, last=last, seed=k, memory=memory)
        now, last = masks_of(model), progress
        for key, mask in now.items():
            assert mask.any() or METHODS[method].criterion == "nn_relief", f"{key} is empty"
            assert not bool((mask & ~before.get(key, torch.ones_like(mask))).any())
        before = now


@pytest.mark.one_in(2)
@pytest.mark.parametrize("method", [name for name in HARD if METHODS[name].regrow != "none"])
def test_what_comes_back_is_recorded(method: str) -> None:
    model = model_of("convnet", width=0.5)
    optimizer = build_optimizer(model, BUSY)
    memory: dict[str, Tensor] = {}
    before, last, returns = masks_of(model), -1.0, 0
    config = PruneConfig(method=method, patience=1, regrow_fraction=1.0)
    for k, progress in enumerate(POINTS):
        train(model, optimizer, BUSY, 1)
        if progress in (0.1, 0.3):
            kill_every_third(model)
        pruned = prune_at(model, optimizer, config, progress, last=last, seed=k, memory=memory)
        now, last = masks_of(model), progress
        for key, mask in now.items():
            new = int((mask & ~before.get(key, torch.ones_like(mask))).sum())
            if METHODS[method].granularity == "neuron":
                assert new == len(pruned.grown.get(key, ())), key
            elif key.endswith("weight"):
                path = key.removesuffix(".affine.weight").removesuffix(".weight")
                assert new == pruned.weights.get(path, (0, 0))[1], key
            returns += new
        before = now
    assert returns > 0
    if METHODS[method].granularity == "weight":
        assert masked_of(model, method)[0] == masked_of(model, method)[1] // 2


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("method", "name", "optim"),
    [
        (method, *case)
        for method, case in in_turn(
            one_of_each(HARD, "scale_l1_schedule", "live_noise", *MASKING),
            [("convnet", ADAMW), ("resnet20", BUSY)],
        )
    ],
)
def test_masked_weights_stay_exactly_zero_over_twenty_steps(
    method: str, name: str, optim: OptimConfig
) -> None:
    model = model_of(name)
    config = PruneConfig(method=method, sparsity=0.6)
    run_through(model, config, optim, points=(0.0, 0.3, 0.5, 0.7, 1.0), steps=1)
    live = live_weights(model)
    assert not all(mask.all() for mask in live.values())
    optimizer = build_optimizer(model, optim)
    train(model, optimizer, optim, 20, plan_pruning(config))
    for parameter_name, parameter in model.named_parameters():
        assert not parameter.detach()[~live[parameter_name]].any(), parameter_name
        assert bool(parameter.detach().isfinite().all())


def test_momentum_gathered_before_the_mask_moves_nothing() -> None:
    for method in ("gmp", "magnitude"):
        model = model_of("convnet")
        optimizer = build_optimizer(model, BUSY)
        train(model, optimizer, BUSY, 5)
        prune_at(model, optimizer, PruneConfig(method=method), 1.0)
        live = live_weights(model)
        train(model, optimizer, BUSY, 20)
        for name, parameter in model.named_parameters():
            assert not parameter.detach()[~live[name]].any(), name


@pytest.mark.one_in(3)
@pytest.mark.parametrize("method", one_of_each(ALL, "criterion", "allocation", "regrow"))
def test_the_same_seed_gives_the_same_masks(method: str) -> None:
    found, draws = [], plan_pruning(PruneConfig(method=method)).criterion == "random"
    for seed in (3, 3, 40) if draws else (3, 3):
        model = model_of("mlp")
        run_through(model, PruneConfig(method=method), seed=seed, points=(0.0, 0.5, 1.0))
        found.append(masks_of(model) | {"w": torch.cat([p.flatten() for p in model.parameters()])})
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0] | found[1])
    if plan_pruning(PruneConfig(method=method)).criterion == "random":
        assert any(not torch.equal(found[0][key], found[2][key]) for key in found[0])


@pytest.mark.one_in(3)
@settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # a failing network need not be shrunk
    suppress_health_check=list(HealthCheck),
)
@given(
    name=st.sampled_from(["mlp", "convnet"]),
    width=st.sampled_from([0.01, 0.03, 0.1]),
    activation=st.sampled_from(["relu", "leaky_relu", "silu", "gelu", "tanh", "elu"]),
    percent=st.integers(0, 99),
    seed=st.integers(0, 1000),
)
@pytest.mark.parametrize("method", ALL)
def test_laws_on_random_small_networks(
    method: str, name: str, width: float, activation: str, percent: int, seed: int
) -> None:
    activation = "relu" if "relu" in METHODS[method].needs else activation
    shape = ModelConfig(name=name, width=width, activation=activation)
    model = build_short(shape, (1, 8, 8), 10, seed=seed)
    config = PruneConfig(method=method, sparsity=percent / 100)
    optim = replace(BUSY, lr=0.01)
    done = run_through(model, config, optim, seed=seed, points=(0.0, 0.3, 0.5, 0.7, 1.0))
    masked, pool = masked_of(model, method)
    if METHODS[method].aim == "target" and METHODS[method].schedule != "zero_at_init":
        wanted = percent * pool // 100
        assert masked == wanted or (masked < wanted and any(p.floored for p in done))
    for parameter_name, live in live_weights(model).items():
        masked_weights = model.get_parameter(parameter_name).detach()[~live]
        assert method not in HARD or not masked_weights.any(), parameter_name
    for group, paths in prunable_groups(model).items():
        keep = maskable_layers(model)[paths[0]].keep
        assert keep.any() or METHODS[method].criterion == "nn_relief", f"{group} is empty"
    logits = model(normalise_pixels(probe().pixels, probe()))
    assert bool(logits.isfinite().all())


@pytest.mark.one_in(3)
@pytest.mark.parametrize("method", [name for name in NEURON_TARGET if not METHODS[name].trigger])
def test_the_soft_schedule_holds_the_target_and_lets_units_come_back(method: str) -> None:
    model = model_of("convnet")
    optim = OptimConfig(lr=0.2)
    optimizer = build_optimizer(model, optim)
    config = PruneConfig(method=method, sparsity=0.4, schedule="soft", regrow="none")
    masks = []
    memory: dict[str, Tensor] = {}
    for seed in range(4):
        release_masks(model)
        train(model, optimizer, optim, 3)
        prune_at(model, optimizer, config, progress=0.1, seed=seed, memory=memory)
        masked, units = count_masked_units(model, "all")
        assert masked == 40 * units // 100
        masks.append(masks_of(model))
    if method == "random":
        assert any(not torch.equal(m[k], masks[0][k]) for m in masks[1:] for k in m)
    release_masks(model)
    train(model, optimizer, optim, 2)
    assert all(live.all() for live in live_weights(model).values())


def test_soft_weights_come_back_too() -> None:
    model = model_of("convnet")
    optimizer = build_optimizer(model, BUSY)
    prune_at(model, optimizer, PruneConfig(method="gmp", schedule="soft"), progress=0.2)
    live = live_weights(model)
    masked, pool = weight_sparsity(model)
    assert masked == pool // 2
    assert all(not model.get_parameter(n).detach()[~mask].any() for n, mask in live.items())
    release_masks(model)
    train(model, optimizer, BUSY, 3)
    assert any(model.get_parameter(n).detach()[~mask].any() for n, mask in live.items())


def test_the_dead_are_removed_and_nobody_else() -> None:
    model = model_of("mlp", norm="none")
    optimizer = build_optimizer(model, OptimConfig())
    first, second = model.hidden
    with torch.no_grad():
        first.affine.bias[[1, 5]] = -1e4
        second.affine.bias[[0]] = -1e4
    observed = observe_images(model, probe(), bins=8)
    idle = {path: (a.maximum <= 0).long() * 3 for path, a in observed.layers.items()}
    counts = [int((count > 0).sum()) for count in idle.values()]
    prune_at(model, optimizer, PruneConfig(method="dead", patience=4), 0.5, idle=idle)
    assert count_masked_units(model, "all")[0] == 0, "patience was not over"
    prune_at(model, optimizer, PruneConfig(method="dead", patience=3), 0.5, idle=idle)
    for path, layer in neuron_layers(model).items():
        assert torch.equal(~layer.keep, idle[path] > 0)
    assert count_masked_units(model, "all")[0] == sum(counts) >= 3


def test_the_fraction_is_the_same_in_every_layer_of_the_random_control() -> None:
    model = model_of("convnet")
    optimizer = build_optimizer(model, OptimConfig())
    prune_at(model, optimizer, PruneConfig(method="random", sparsity=0.5), progress=1.0)
    for layer in neuron_layers(model).values():
        assert abs(int((~layer.keep).sum()) - 0.5 * len(layer.keep)) < 1


@pytest.mark.parametrize("method", ["nvp", "magnitude", "random", "l1", "taylor", "dnr_budget"])
def test_a_binding_floor_is_named_and_a_slack_one_is_not(method: str) -> None:
    model = model_of("mlp")
    optimizer = build_optimizer(model, OptimConfig())
    pruned = prune_at(model, optimizer, PruneConfig(method=method, sparsity=0.2), 1.0)
    assert pruned.floored == ()
    pruned = prune_at(model, optimizer, PruneConfig(method=method, sparsity=0.99), 1.0)
    assert set(pruned.floored) == {"hidden.0", "hidden.1"}
    again = prune_at(model, optimizer, PruneConfig(method=method, sparsity=0.99), 1.0)
    assert not again.masked
    assert set(again.floored) == {"hidden.0", "hidden.1"}, "the floors bind still"


# --- plans


@pytest.mark.one_in(2)
@pytest.mark.parametrize("method", METHODS)
def test_a_plan_has_the_parts_of_its_method_and_an_override_wins(method: str) -> None:
    row = METHODS[method]
    plan = plan_pruning(PruneConfig(method=method))
    assert (plan.criterion, plan.allocation, plan.schedule) == (
        row.criterion,
        row.allocation,
        row.schedule,
    )
    assert len(row.summary) > 10
    assert plan.scale_l1 == row.scale_l1
    assert plan_pruning(PruneConfig(method=method, scale_l1=0.5)).scale_l1 == 0.5
    if row.aim != "none":
        other = plan_pruning(PruneConfig(method=method, criterion="magnitude", schedule="one_shot"))
        assert (other.criterion, other.schedule) == ("magnitude", "one_shot")
        assert other.allocation == row.allocation


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        (PruneConfig(method="nvpp"), r"prune\.method: .*did you mean 'nvp'"),
        (
            PruneConfig(method="nvp", criterion="magnitud"),
            r"prune\.criterion of a neuron method: .*'magnitude'\?",
        ),
        (PruneConfig(method="nvp", allocation="networks"), r"prune\.allocation: .*'network'\?"),
        (PruneConfig(method="nvp", schedule="cubik"), r"prune\.schedule: .*'cubic'\?"),
        (
            PruneConfig(method="nvp", start=0.5, end=0.4),
            r"prune\.end: .*prune\.start=0\.5, got 0\.4",
        ),
    ],
)
def test_what_does_not_exist_is_refused_and_the_nearest_named(config, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        plan_pruning(config)


# --- triggers


def test_a_trigger_that_never_fires_is_recorded() -> None:
    model = model_of("convnet")
    config = PruneConfig(method="early_snap", sparsity=0.9, end=0.5)  # its limit is negative
    done = run_through(model, replace(config, sparsity=0.95))
    pruned = [(point, p) for point, p in zip(POINTS, done, strict=True) if p.masked]
    assert [point for point, _ in pruned] == [0.5]
    assert pruned[0][1].forced
    assert not any(p.forced for point, p in zip(POINTS, done, strict=True) if point != 0.5)


def test_a_trigger_fires_when_the_weights_settle() -> None:
    model = model_of("convnet")
    optimizer = build_optimizer(model, BUSY)
    memory: dict[str, Tensor] = {}
    config = PruneConfig(method="early_snap", sparsity=0.3, end=1.0)
    assert not prune_at(model, optimizer, config, 0.0, memory=memory).masked
    train(model, optimizer, BUSY, 3)
    assert not prune_at(model, optimizer, config, 0.1, memory=memory).masked
    train(model, optimizer, BUSY, 3)
    assert not prune_at(model, optimizer, config, 0.2, memory=memory).masked
    pruned = prune_at(model, optimizer, config, 0.3, memory=memory)  # not a step since
    assert pruned.masked
    assert not pruned.forced


def test_early_bird_waits_for_five_steady_masks() -> None:
    model = model_of("convnet")
    with torch.no_grad():
        for layer in neuron_layers(model).values():  # scales far apart: their ranking stays
            layer.norm.weight.copy_(torch.linspace(1, 9, len(layer.keep)))
    done = run_through(model, PruneConfig(method="early_bird", end=1.0), OptimConfig(lr=1e-4))
    assert [bool(p.masked) for p in done] == [False] * 5 + [True] + [False] * 3
    assert not any(p.forced for p in done)


@pytest.mark.parametrize("method", ["ds_kl", "taylor", "dnr_budget"])
def test_a_criterion_that_remembers_sees_the_points_before_pruning_starts(method: str) -> None:
    memory: dict[str, Tensor] = {}
    model = model_of("convnet")
    optimizer = build_optimizer(model, BUSY)
    config = PruneConfig(method=method, start=0.5)
    prune_at(model, optimizer, config, 0.0, memory=memory)
    assert any(key.startswith("conv1/") for key in memory)
    before = {key: value.clone() for key, value in memory.items()}
    train(model, optimizer, BUSY, 3)
    prune_at(model, optimizer, config, 0.1, memory=memory)
    assert count_masked_units(model, "all")[0] == 0
    if method != "dnr_budget":
        assert any(not torch.equal(memory[key], before[key]) for key in before)


def test_the_scale_penalty_ends_when_the_target_is_reached() -> None:
    model = model_of("convnet")
    plan = plan_pruning(PruneConfig(method="slimming"))
    assert not has_reached(model, plan, plan.config.sparsity)
    run_through(model, PruneConfig(method="slimming"))
    assert has_reached(model, plan, plan.config.sparsity)
