"""Pruning: conformance suites over CRITERIA and METHODS; a new line there is tested here."""

from functools import cache
from math import ceil
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.config import ModelConfig, OptimConfig, PruneConfig
from nvp.data import DATASETS
from nvp.data.batches import normalise
from nvp.data.splits import Images
from nvp.models import MODELS, build_model
from nvp.neurons import maskable_layers, neuron_layers, prunable_groups
from nvp.optim import GradientRule, build_optimizer
from nvp.pruning import (
    CRITERIA,
    METHODS,
    Evidence,
    Pruned,
    live_weights,
    prune,
    release,
    resolve,
    sparsity,
)
from nvp.vitality import Activity, nvi, observe

torch.set_num_threads(1)
TARGET = [name for name, method in METHODS.items() if method.aim == "target"]
EMERGENT = [name for name, method in METHODS.items() if method.aim == "emergent"]
HARD = [*TARGET, *EMERGENT]
BUSY = OptimConfig(lr=0.05, momentum=0.9, weight_decay=5e-3, noise=1.0, l1=1e-4, l1_scale=1e-4)
ADAMW = OptimConfig(name="adamw", lr=0.005, weight_decay=0.1, noise=1.0)
WIDTH = 9


@cache
def probe() -> Images:
    return DATASETS["digits"].load(Path()).probe(32)


# --- criteria


def evidence_of(width: int = WIDTH, *, seed: int = 0, dead: int = 2) -> Evidence:
    """Made-up evidence; neuron `dead` never fired."""
    rng = torch.Generator().manual_seed(seed)
    counts = torch.randint(1, 20, (width, 8), generator=rng)
    counts[dead] = torch.tensor([int(counts[dead].sum()), *[0] * 7])
    rows = [torch.rand(width, generator=rng) + 0.1 for _ in range(5)]
    for row in rows:
        row[dead] = 0.0
    weight = torch.randn(width, 3, 2, 2, generator=rng)
    idle = torch.zeros(width, dtype=torch.int64)
    idle[dead] = 5
    return Evidence(
        weight=weight,
        norms=weight.flatten(1).norm(dim=1),
        activity=Activity(*rows, counts=counts),
        idle=idle,
        confirmed=lambda: idle > 0,
        rng=torch.Generator().manual_seed(7),
    )


def permuted(evidence: Evidence, order: Tensor) -> Evidence:
    return Evidence(
        weight=evidence.weight[order],
        norms=evidence.norms[order],
        activity=evidence.activity.select(order),
        idle=evidence.idle[order],
        confirmed=lambda: evidence.confirmed()[order],
        rng=torch.Generator().manual_seed(7),
    )


@pytest.mark.parametrize("name", CRITERIA)
@pytest.mark.parametrize("width", [1, 4, WIDTH])
def test_scores_are_finite_one_a_neuron_and_repeatable(name: str, width: int) -> None:
    criterion = CRITERIA[name](PruneConfig(method="nvp"))
    scores = criterion(evidence_of(width, dead=0))
    assert scores.shape == (width,)
    assert bool(scores.isfinite().all())
    assert torch.equal(criterion(evidence_of(width, dead=0)), scores)


@pytest.mark.parametrize("name", [name for name in CRITERIA if name != "random"])
def test_permuted_neurons_have_permuted_scores(name: str) -> None:
    criterion = CRITERIA[name](PruneConfig(method="nvp"))
    order = torch.randperm(WIDTH, generator=torch.Generator().manual_seed(1))
    expected = criterion(evidence_of())[order]
    assert torch.allclose(criterion(permuted(evidence_of(), order)), expected, rtol=1e-6)


def test_random_scores_come_from_the_stream_alone() -> None:
    criterion = CRITERIA["random"](PruneConfig(method="random"))
    assert torch.equal(criterion(evidence_of(seed=0)), criterion(evidence_of(seed=1)))
    evidence = evidence_of()
    assert not torch.equal(criterion(evidence), criterion(evidence))


def test_criteria_by_hand() -> None:
    counts = torch.tensor([[4, 0], [2, 2], [0, 4]])
    blank = torch.ones(3)
    evidence = Evidence(
        weight=torch.tensor([[3.0, 4.0], [0.0, 2.0], [0.0, 2.0]]),
        norms=torch.tensor([5.0, 2.0, 2.0]),
        activity=Activity(blank, blank, blank, blank, blank, counts=counts),
        idle=torch.tensor([0, 2, 3]),
        confirmed=lambda: torch.tensor([True, True, False]),
        rng=torch.Generator(),
    )
    config = PruneConfig(method="dead", patience=2)
    scores = {name: criterion(config)(evidence) for name, criterion in CRITERIA.items()}
    assert scores["magnitude"].tolist() == [5.0, 2.0, 2.0]
    assert scores["nvi"].tolist() == pytest.approx([0.0, 2 / 3, 0.0])
    assert scores["dead"].tolist() == [1.0, 0.0, 1.0]  # the third is not confirmed


def test_a_dead_neuron_scores_lowest_of_its_layer_in_nvi() -> None:
    scores = CRITERIA["nvi"](PruneConfig(method="nvp"))(evidence_of(dead=4))
    assert float(scores[4]) == 0.0
    assert int((scores > 0).sum()) == WIDTH - 1
    assert not nvi(torch.zeros(3), torch.ones(3)).any()


def test_nothing_is_confirmed_when_nothing_was_idle_long_enough() -> None:
    evidence = evidence_of()
    asked = []
    lively = Evidence(
        weight=evidence.weight,
        norms=evidence.norms,
        activity=evidence.activity,
        idle=torch.full((WIDTH,), 2),
        confirmed=lambda: asked.append(1) or torch.ones(WIDTH, dtype=torch.bool),
        rng=evidence.rng,
    )
    scores = CRITERIA["dead"](PruneConfig(method="dead", patience=3))(lively)
    assert scores.tolist() == [1.0] * WIDTH
    assert not asked, "the pass over all of train was made for nothing"


# --- methods


def model_of(name: str, *, norm: str = "batch") -> nn.Module:
    return build_model(ModelConfig(name=name, width=0.2, norm=norm), (1, 8, 8), 10, seed=0)


def train(model: nn.Module, optimizer: torch.optim.Optimizer, config: OptimConfig, steps: int):
    rule = GradientRule(model, config, live_weights(model))
    rng = torch.Generator().manual_seed(0)
    images = probe()
    model.train()
    for _ in range(steps):
        loss = F.cross_entropy(model(normalise(images.pixels, images)), images.labels)
        optimizer.zero_grad()
        loss.backward()
        rule(rng)
        optimizer.step()


def prune_at(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    config: PruneConfig,
    progress: float,
    *,
    idle: dict[str, Tensor] | None = None,
    seed: int = 0,
) -> Pruned:
    """Prune once; where nothing is said of idleness, every third neuron was idle for long."""
    layers = neuron_layers(model)
    every_third = {path: torch.arange(len(layer.keep)) % 3 == 0 for path, layer in layers.items()}
    idle = {p: third * 9 for p, third in every_third.items()} if idle is None else idle
    return prune(
        model,
        optimizer,
        observe(model, probe(), bins=8),
        resolve(config),
        progress=progress,
        idle=idle,
        confirm=lambda: {path: count > 0 for path, count in idle.items()},
        rng=torch.Generator().manual_seed(seed),
    )


def keeps(model: nn.Module) -> dict[str, list[bool]]:
    return {path: layer.keep.tolist() for path, layer in maskable_layers(model).items()}


def free_units(model: nn.Module, config: PruneConfig) -> int:
    """Units that no floor protects."""
    layers = maskable_layers(model)
    widths = [len(layers[paths[0]].keep) for paths in prunable_groups(model, config.sites).values()]
    return sum(n - min(n, max(1, ceil(config.floor * n))) for n in widths)


@pytest.mark.parametrize("sites", ["all", "internal"])
@pytest.mark.parametrize("percent", [0, 30, 90])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", TARGET)
def test_the_target_is_reached_exactly_unless_a_floor_binds(
    method: str, name: str, percent: int, sites: str
) -> None:
    model = model_of(name)
    optimizer = build_optimizer(model, OptimConfig())
    config = PruneConfig(method=method, sparsity=percent / 100, sites=sites)
    pruned = prune_at(model, optimizer, config, progress=1.0)
    masked, units = sparsity(model, sites)
    wanted = percent * units // 100
    assert pruned.target == percent / 100
    assert sum(len(index) for index in pruned.masked.values()) == masked
    if resolve(config).allocation == "network":
        assert masked == min(wanted, free_units(model, config))
    else:
        assert masked == wanted or (masked < wanted and pruned.floored)
    if sites == "internal":
        streams = [m for m in maskable_layers(model).values() if m.site == "stream"]
        assert all(layer.keep.all() for layer in streams)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", EMERGENT)
def test_an_emergent_method_masks_something_and_says_no_target(method: str, name: str) -> None:
    model = model_of(name)
    optimizer = build_optimizer(model, OptimConfig())
    pruned = prune_at(model, optimizer, PruneConfig(method=method), progress=0.1)
    assert pruned.target is None
    assert 0 < sparsity(model, "all")[0] == sum(len(i) for i in pruned.masked.values())


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", HARD)
def test_sparsity_never_falls_and_no_layer_is_emptied(method: str, name: str) -> None:
    model = model_of(name)
    optimizer = build_optimizer(model, BUSY)
    config = PruneConfig(method=method, sparsity=0.95, start=0.0, end=0.8)
    before = keeps(model)
    for progress in (0.1, 0.3, 0.5, 0.8, 0.9, 1.0):
        train(model, optimizer, BUSY, 2)
        prune_at(model, optimizer, config, progress, seed=int(100 * progress))
        now = keeps(model)
        for path, keep in now.items():
            assert any(keep), f"{path} is empty at {progress}"
            assert not any(new and not old for new, old in zip(keep, before[path], strict=True))
        before = now
    assert sparsity(model, "all")[0] > 0


@pytest.mark.parametrize("optim", [BUSY, ADAMW], ids=["sgd", "adamw"])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", HARD)
def test_masked_weights_stay_exactly_zero_over_twenty_steps(
    method: str, name: str, optim: OptimConfig
) -> None:
    model = model_of(name)
    optimizer = build_optimizer(model, optim)
    train(model, optimizer, optim, 2)
    config = PruneConfig(method=method, sparsity=0.6)
    prune_at(model, optimizer, config, progress=1.0)
    live = live_weights(model)
    assert not all(mask.all() for mask in live.values())
    train(model, optimizer, optim, 20)
    for parameter_name, parameter in model.named_parameters():
        assert not parameter.detach()[~live[parameter_name]].any(), parameter_name
        assert bool(parameter.detach().isfinite().all())


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", HARD)
def test_the_same_seed_gives_the_same_masks(method: str, name: str) -> None:
    found = []
    for seed in (3, 3, 4):
        model = model_of(name)
        optimizer = build_optimizer(model, OptimConfig())
        prune_at(model, optimizer, PruneConfig(method=method), progress=1.0, seed=seed)
        found.append(keeps(model))
    assert found[0] == found[1]
    assert (found[0] != found[2]) == (METHODS[method].criterion == "random")


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", TARGET)
def test_the_soft_schedule_holds_the_target_and_lets_units_come_back(
    method: str, name: str
) -> None:
    model = model_of(name)
    optim = OptimConfig(lr=0.2)
    optimizer = build_optimizer(model, optim)
    config = PruneConfig(method=method, sparsity=0.4, schedule="soft")
    masks = []
    for seed in range(4):
        release(model)
        train(model, optimizer, optim, 3)
        prune_at(model, optimizer, config, progress=0.1, seed=seed)
        masked, units = sparsity(model, "all")
        assert masked == 40 * units // 100
        masks.append(keeps(model))
    if method == "random":
        assert any(mask != masks[0] for mask in masks[1:])
    release(model)
    train(model, optimizer, optim, 2)
    assert all(live.all() for live in live_weights(model).values())


def test_the_dead_are_removed_and_nobody_else() -> None:
    model = model_of("mlp", norm="none")
    optimizer = build_optimizer(model, OptimConfig())
    first, second = model.hidden
    with torch.no_grad():
        first.affine.bias[[1, 5]] = -1e4
        second.affine.bias[[0]] = -1e4
    observed = observe(model, probe(), bins=8)
    idle = {path: (a.maximum <= 0).long() * 3 for path, a in observed.layers.items()}
    counts = [int((count > 0).sum()) for count in idle.values()]
    prune_at(model, optimizer, PruneConfig(method="dead", patience=4), 0.5, idle=idle)
    assert sparsity(model, "all")[0] == 0, "patience was not over"
    prune_at(model, optimizer, PruneConfig(method="dead", patience=3), 0.5, idle=idle)
    for path, layer in neuron_layers(model).items():
        assert torch.equal(~layer.keep, idle[path] > 0)
    assert sparsity(model, "all")[0] == sum(counts) >= 3


def test_the_fraction_is_the_same_in_every_layer_of_the_random_control() -> None:
    model = model_of("convnet")
    optimizer = build_optimizer(model, OptimConfig())
    prune_at(model, optimizer, PruneConfig(method="random", sparsity=0.5), progress=1.0)
    for layer in neuron_layers(model).values():
        assert abs(int((~layer.keep).sum()) - 0.5 * len(layer.keep)) < 1


@pytest.mark.parametrize("method", TARGET)
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


# --- resolve


@pytest.mark.parametrize("method", METHODS)
def test_a_method_resolves_to_its_own_parts_and_an_override_wins(method: str) -> None:
    row = METHODS[method]
    full = resolve(PruneConfig(method=method))
    assert (full.criterion, full.allocation, full.schedule) == (
        row.criterion,
        row.allocation,
        row.schedule,
    )
    assert len(row.summary) > 10
    if row.aim != "none":
        other = resolve(PruneConfig(method=method, criterion="magnitude", schedule="one_shot"))
        assert (other.criterion, other.schedule) == ("magnitude", "one_shot")
        assert other.allocation == row.allocation


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        (PruneConfig(method="nvpp"), r"prune\.method: .*did you mean 'nvp'"),
        (PruneConfig(method="nvp", criterion="magnitud"), r"prune\.criterion: .*'magnitude'\?"),
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
        resolve(config)
