"""Reactivation: a neuron that comes back changes nothing at that instant, and then can live."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nvp.config.trial_config import OptimConfig, PruneConfig
from nvp.data.batches import normalise_pixels
from nvp.network.groups import find_readers, input_columns, maskable_layers, prunable_groups
from nvp.network.neuron_masks import mask_units
from nvp.network.weight_masks import live_weights
from nvp.pruning import MeasuringPoint, Moment, plan_pruning, prune_point
from nvp.pruning.regrowth.candidates import rank_by_gradient
from nvp.pruning.regrowth.reactivation import (
    find_masked_units,
    reactivate_units,
    revive_units,
)
from nvp.training.optim import build_optimizer
from nvp.vitality import observe_images
from tests.pruning.test_pruning import BUSY, model_of, probe, train

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)


def point_of(model: nn.Module, optimizer: torch.optim.Optimizer, **more: Any) -> MeasuringPoint:
    observed = observe_images(model, probe(), bins=8)
    return MeasuringPoint(
        model=model,
        optimizer=optimizer,
        observation=observed,
        images=probe(),
        moment=Moment(0.1),
        idle={
            path: torch.zeros(len(a.mean), dtype=torch.int64) for path, a in observed.layers.items()
        },
        confirm=lambda: observed.layers,
        memory=more.pop("memory", {}),
        ties=torch.Generator().manual_seed(0),
        regrow=torch.Generator().manual_seed(1),
    )


def with_masked(name: str, norm: str = "batch") -> tuple[nn.Module, torch.optim.Optimizer]:
    """Return a trained network of which every third unit of each group is masked."""
    model = model_of(name, norm=norm, width=0.5)
    optimizer = build_optimizer(model, BUSY)
    train(model, optimizer, OptimConfig(lr=0.05), 5)
    for group, paths in prunable_groups(model).items():
        width = len(maskable_layers(model)[paths[0]].keep)
        mask_units(model, optimizer, group, torch.arange(0, width, 3))
    return model, optimizer


def logits(model: nn.Module) -> Tensor:
    model.eval()
    with torch.no_grad():
        return model(normalise_pixels(probe().pixels, probe()))


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("name", ["mlp", "convnet", "resnet18", "resnet20", "resnet50"])
def test_the_output_does_not_change_at_that_instant(name: str, norm: str) -> None:
    model, optimizer = with_masked(name, norm)
    before = logits(model)
    point = point_of(model, optimizer)
    revive_units(point, find_masked_units(point, "all", {}))
    assert torch.equal(logits(model), before)
    for group, paths in prunable_groups(model).items():
        width = len(maskable_layers(model)[paths[0]].keep)
        back = torch.arange(0, width, 3)
        for affine in find_readers(model, group):
            assert not affine.weight.detach()[:, input_columns(affine, back, width)].any()
        for path in paths:
            layer = maskable_layers(model)[path]
            assert bool(layer.keep.all())
            for parameter in layer.own:
                moment = optimizer.state[parameter]["momentum_buffer"]
                assert not moment[back].any()
            if isinstance(layer.norm, nn.BatchNorm1d | nn.BatchNorm2d):
                assert bool((layer.norm.weight[back] == 1).all())
                assert not layer.norm.bias[back].any()


@pytest.mark.parametrize("name", ["mlp", "convnet"])
def test_a_reactivated_neuron_fires_and_its_outgoing_weights_move(name: str) -> None:
    model, optimizer = with_masked(name)
    point = point_of(model, optimizer)
    candidates = find_masked_units(point, "all", {})
    revive_units(point, candidates)
    live = live_weights(model)
    assert all(mask.all() for mask in live.values())
    incoming = {p: m.affine.weight[::3].clone() for p, m in maskable_layers(model).items()}
    train(model, optimizer, OptimConfig(lr=0.05), 20)
    seen = observe_images(model, probe(), bins=8).layers
    for group, index in candidates.items():
        assert float((seen[group].maximum[index] > 0).double().mean()) > 0.8, group
        width = len(maskable_layers(model)[group].keep)
        for affine in find_readers(model, group):
            columns = affine.weight.detach()[:, input_columns(affine, index, width)]
            assert bool(columns.flatten(1).any(0).all()), f"{group} is not read"
        moved = maskable_layers(model)[group].affine.weight[::3] != incoming[group]
        assert bool(moved.flatten(1).any(1).all()), f"{group} does not learn"


def test_candidates_have_different_gradients() -> None:
    model, optimizer = with_masked("convnet")
    point = point_of(model, optimizer)
    candidates = find_masked_units(point, "all", {})
    revive_units(point, candidates)
    for group, score in rank_by_gradient(point, candidates).items():
        assert len(score) == len(candidates[group])
        heard = score[score > 0]
        assert len(heard) > len(score) / 2, "some fire for none of the images"
        assert len(heard.unique()) == len(heard) > 1, group


@pytest.mark.parametrize("ranking", ["gradient", "redo"])
def test_the_share_that_is_due_comes_back_and_what_rounding_leaves_is_due_next(
    ranking: str,
) -> None:
    model, optimizer = with_masked("convnet")
    plan = plan_pruning(PruneConfig(method="dnr", regrow=ranking))
    point = point_of(model, optimizer)  # at a tenth of training: 0.3 / 2 * (1 + cos(...)) = 0.287
    pruned = {"conv1": torch.tensor([0, 3])}
    assert reactivate_units(point, plan, pruned) == {}, "0.57 of a neuron"
    back = reactivate_units(point, plan, pruned)
    assert sum(len(index) for index in back.values()) == 1, "1.15"
    assert not {0, 3} & set(back.get("conv1", torch.tensor([])).tolist()), "just removed"
    assert float(point.memory["regrow_due"]) == pytest.approx(0.148, abs=1e-3)
    masked = sum(len(i) for i in find_masked_units(point, plan.config.sites, {}).values())
    total = sum((len(m.keep) + 2) // 3 for m in maskable_layers(model).values())
    assert masked == total - 1
    for name, parameter in model.named_parameters():
        assert not parameter.detach()[~live_weights(model)[name]].any(), name


def test_the_gradient_chooses_those_with_the_largest() -> None:
    model, optimizer = with_masked("mlp")
    point = point_of(model, optimizer)
    plan = plan_pruning(PruneConfig(method="dnr", regrow_fraction=1.0))
    pruned = {"hidden.0": torch.arange(0, 64, 3)[:10]}
    back = reactivate_units(point, plan, pruned)
    again, optimizer = with_masked("mlp")
    point = point_of(again, optimizer)
    candidates = find_masked_units(point, plan.config.sites, pruned)
    revive_units(point, candidates)
    scores = rank_by_gradient(point, candidates)
    chosen = {(g, int(i)) for g, index in back.items() for i in index}
    ranked = sorted(
        (
            (float(s), g, int(i))
            for g in scores
            for s, i in zip(scores[g], candidates[g], strict=True)
        ),
        reverse=True,
    )
    assert {(g, i) for _, g, i in ranked[: len(chosen)]} == chosen
    assert len(chosen) > 3


def test_dying_recovering_and_removal_by_hand() -> None:
    model = model_of("mlp", norm="none")
    optimizer = build_optimizer(model, BUSY)
    plan = plan_pruning(PruneConfig(method="dnr", patience=2, regrow="none"))
    memory: dict[str, Tensor] = {}
    first = model.hidden[0]

    def step() -> tuple[set[int], set[int], set[int]]:
        pruned = prune_point(point_of(model, optimizer, memory=memory), plan)
        states = pruned.states["hidden.0"]
        masked = set(pruned.masked.get("hidden.0", torch.tensor([])).tolist())
        dying, recovered = (
            set(states[s].nonzero().flatten().tolist()) for s in ("dying", "recovered")
        )
        return dying, recovered, masked

    usual, _, _ = step()
    with torch.no_grad():
        first.affine.bias[[1, 2]] = -1e4
    began, _, _ = step()
    assert {1, 2} - usual <= began
    with torch.no_grad():
        first.affine.bias[1] = 5.0
    began, recovered, masked = step()
    assert not began & {1, 2}
    assert 1 in recovered
    assert 2 in masked
    assert 1 not in masked
    _, recovered, _ = step()
    assert 2 not in recovered, "it is gone, it did not recover"
