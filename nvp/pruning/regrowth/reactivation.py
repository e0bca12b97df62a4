"""Reactivation of neurons: some of those that were removed get another chance.

A reactivated unit starts anew: incoming weights as at initialisation, scale 1, shift 0, outgoing
weights 0 and no optimizer moments. So the output of the network does not change at that instant,
and the gradient of its outgoing weights brings it to life.
Source: "DNR-Pruning", TMLR 2025; the share as in Evci et al., "Rigging the lottery", 2020;
`redo` as in Sokar et al., "The dormant neuron phenomenon", 2023.
Differs: their code was never published. The gradient of a masked neuron is 0, and with outgoing
weights 0 so is that of its incoming ones: candidates are ranked by the gradient of the outgoing.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from nvp.data.batches import normalise_pixels
from nvp.network.groups import find_readers, input_columns, maskable_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.neuron_masks import mask_units, zero_entries
from nvp.network.subsample import Subsample
from nvp.network.weight_masks import live_weights
from nvp.network.wiring import trace_wiring
from nvp.pruning.measuring_point import MeasuringPoint, Units
from nvp.pruning.plan import PruningPlan
from nvp.pruning.regrowth.exchange import compute_exchanged_fraction
from nvp.vitality.observe import in_eval_mode


def rank_by_gradient(point: MeasuringPoint, candidates: Units) -> dict[str, Float[Tensor, "_"]]:
    """Return the norm of the loss gradient of each candidate's outgoing weights."""
    point.forget()
    gradients = point.network.gradients
    names: dict[Tensor, str] = {p: name for name, p in point.model.named_parameters()}
    scores = {}
    for group, index in candidates.items():
        width = len(maskable_layers(point.model)[prunable_groups(point.model)[group][0]].keep)
        total = torch.zeros(len(index), dtype=torch.float64)
        for affine in find_readers(point.model, group):
            gradient = gradients[names[affine.weight]].transpose(0, 1)
            columns = gradient[input_columns(affine, index, width)].flatten(1)
            total += columns.double().square().sum(1).view(len(index), -1).sum(1).cpu()
        scores[group] = total.sqrt()
    return scores


def rank_by_chance(point: MeasuringPoint, candidates: Units) -> dict[str, Float[Tensor, "_"]]:
    """Return random scores."""
    return {g: torch.rand(len(i), generator=point.regrow) for g, i in candidates.items()}


REACTIVATIONS: dict[str, Callable[[MeasuringPoint, Units], dict[str, Tensor]]] = {
    "gradient": rank_by_gradient,
    "redo": rank_by_chance,
}


def reactivate_units(point: MeasuringPoint, plan: PruningPlan, pruned: Units) -> Units:
    """Let the share that is due of the units `pruned` at this point come back, of the others.

    What a rounding leaves over is due at the next point.

    Returns:
        {group: the units that came back}.
    """
    fraction = compute_exchanged_fraction(plan.config, point.moment.progress)
    due = fraction * sum(len(index) for index in pruned.values())
    due += float(point.memory.get("regrow_due", torch.zeros(())))
    candidates = find_masked_units(point, plan.config.sites, pruned)
    count = min(int(due), sum(len(index) for index in candidates.values()))
    point.memory["regrow_due"] = torch.tensor(due - count, dtype=torch.float64)
    if not count:
        return {}
    revive_units(point, candidates)
    scores = REACTIVATIONS[plan.regrow](point, candidates)
    chosen = torch.cat(list(scores.values())).argsort(descending=True, stable=True)[:count]
    lucky = torch.zeros(sum(map(len, candidates.values())), dtype=torch.bool)
    lucky[chosen] = True
    back = {}
    for (group, index), wanted in zip(
        candidates.items(), lucky.split([len(i) for i in candidates.values()]), strict=True
    ):
        mask_units(point.model, point.optimizer, group, index[~wanted.to(index.device)])
        if bool(wanted.any()):
            back[group] = index[wanted.to(index.device)]
    point.forget()
    return back


def find_masked_units(point: MeasuringPoint, sites: str, but: Units) -> Units:
    """Return the units that are masked, except those in `but`."""
    layers, found = maskable_layers(point.model), {}
    for group, paths in prunable_groups(point.model, sites).items():
        masked = ~layers[paths[0]].keep
        masked[but.get(group, [])] = False
        if bool(masked.any()):
            found[group] = masked.nonzero().flatten()
    return found


def revive_units(point: MeasuringPoint, units: Units) -> None:
    """Unmask units and start them anew, read by nobody yet."""
    model, layers, groups = point.model, maskable_layers(point.model), prunable_groups(point.model)
    for group, index in units.items():
        for path in groups[group]:
            layers[path].keep[index] = True
    names: dict[Tensor, str] = {p: name for name, p in model.named_parameters()}
    live = live_weights(model)  # what still masked neurons feed stays 0
    for group, index in units.items():
        for path in groups[group]:
            reset_neurons(
                layers[path], index, live[names[layers[path].affine.weight]], point.regrow
            )
    for group, index in units.items():
        for affine in find_readers(model, group):
            columns = input_columns(affine, index, len(layers[groups[group][0]].keep))
            zero_entries(affine.weight, point.optimizer, columns, dim=1)
    cut_shortcuts(point, units)


def reset_neurons(
    layer: NeuronLayer, index: Int64[Tensor, "k"], live: Tensor, rng: torch.Generator
) -> None:
    """Give neurons fresh incoming weights and a fresh norm; bias and shift are 0 already."""
    weight = layer.affine.weight
    bound = 1 / math.sqrt(weight[0].numel())
    fresh = torch.rand(weight[index].shape, generator=rng).to(weight)
    weight.data[index] = (fresh * 2 * bound - bound) * live[index]
    if isinstance(layer.norm, nn.BatchNorm1d | nn.BatchNorm2d):
        layer.norm.weight.data[index] = 1.0
        assert layer.norm.running_mean is not None
        assert layer.norm.running_var is not None
        layer.norm.running_mean[index] = 0.0
        layer.norm.running_var[index] = 1.0


def cut_shortcuts(point: MeasuringPoint, units: Units) -> None:
    """Keep units that come back out of the shortcuts without parameters that carried them.

    There is no weight there that could be 0: so their way on is through the convolutions alone.
    """
    layers = maskable_layers(point.model)
    with in_eval_mode(point.model), torch.no_grad():
        wiring = trace_wiring(point.model, normalise_pixels(point.images.pixels[:1], point.images))
    for adder, maker in wiring.adds.items():
        module = point.model.get_submodule(maker)
        if isinstance(module, Subsample):
            source = wiring.reads[maker]
            index = units.get(layers[source].group or source)
            if index is not None:
                layers[adder].residual_keep[module.carried.start + index] = False
