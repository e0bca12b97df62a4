"""Reactivation of neurons: some of those that were removed get another chance.

A reactivated unit starts anew: incoming weights as at initialisation, scale 1, shift 0, outgoing
weights 0 and no optimizer moments. So the output of the network does not change at that instant,
and the gradient of its outgoing weights brings it to life.
Source: "DNR-Pruning", TMLR 2025; the share as in Evci et al., "Rigging the lottery", 2020;
`redo` as in Sokar et al., "The dormant neuron phenomenon", 2023.
Differs: their code has none of it, and their algorithm could not be read. The gradient of a masked
neuron is 0, and with outgoing weights 0 so is that of its incoming ones: candidates are ranked by
the gradient of the outgoing.
"""

import math

import torch
from jaxtyping import Int64
from torch import Tensor, nn

from nvp.data.batches import normalise_pixels
from nvp.network.adopting.anatomy import Slots
from nvp.network.entries import zero_entries
from nvp.network.group import find_entries
from nvp.network.groups import find_groups, own_layers
from nvp.network.neuron_masks import mask_units
from nvp.network.subsample import Subsample
from nvp.network.weight_masks import live_weights
from nvp.network.wiring import trace_wiring
from nvp.pruning.measuring_point import MeasuringPoint, Units
from nvp.pruning.plan import PruningPlan
from nvp.pruning.regrowth.candidates import find_reactivation
from nvp.pruning.regrowth.exchange import compute_exchanged_fraction
from nvp.vitality.observe import in_eval_mode

FRESH = {"running_mean": 0.0, "running_var": 1.0}  # statistics of a fresh normalisation


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
    scores = find_reactivation(plan.regrow)(point, plan, candidates)
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
    found = {}
    for name, group in find_groups(point.model, sites).items():
        masked = ~group.keep
        masked[but.get(name, [])] = False
        if bool(masked.any()):
            found[name] = masked.nonzero().flatten()
    return found


def revive_units(point: MeasuringPoint, units: Units) -> None:
    """Unmask units and start them anew, read by nobody yet."""
    groups = find_groups(point.model)
    for name, index in units.items():
        groups[name].set_keep(index, True)
    live = live_weights(point.model)  # what still masked neurons feed stays 0
    for name, index in units.items():
        for slots in groups[name].slots:
            if not slots.reads:
                entries = find_entries(slots, index)
                reset_entries(point.model, slots, entries, live, point.regrow)
    for name, index in units.items():
        for slots in groups[name].slots:
            if slots.reads:
                parameter = point.model.get_parameter(slots.name)
                entries = find_entries(slots, index)
                zero_entries(parameter, point.optimizer, entries, dim=slots.dim)
    cut_shortcuts(point, units)


def reset_entries(
    model: nn.Module,
    slots: Slots,
    entries: Int64[Tensor, "k"],
    live: dict[str, Tensor],
    rng: torch.Generator,
) -> None:
    """Give neurons fresh incoming weights and a fresh norm; bias and shift are 0 already.

    Changes the entries of one parameter or buffer of `model`.
    """
    leaf = slots.name.rpartition(".")[2]
    if slots.name in live and live[slots.name].dim() > 1:
        weight = model.get_parameter(slots.name).data.movedim(slots.dim, 0)
        bound = 1 / math.sqrt(weight[0].numel())
        fresh = torch.rand(weight[entries].shape, generator=rng).to(weight)
        mask = live[slots.name].movedim(slots.dim, 0)[entries]
        weight[entries] = (fresh * 2 * bound - bound) * mask
    elif leaf == "weight":
        model.get_parameter(slots.name).data[entries] = 1.0
    elif leaf in FRESH:
        model.get_buffer(slots.name)[entries] = FRESH[leaf]


def cut_shortcuts(point: MeasuringPoint, units: Units) -> None:
    """Keep units that come back out of the shortcuts without parameters that carried them.

    There is no weight there that could be 0: so their way on is through the convolutions alone.
    """
    if not any(isinstance(module, Subsample) for module in point.model.modules()):
        return
    layers = own_layers(point.model)
    with in_eval_mode(point.model), torch.no_grad():
        wiring = trace_wiring(point.model, normalise_pixels(point.images.pixels[:1], point.images))
    for adder, maker in wiring.adds.items():
        module = point.model.get_submodule(maker)
        if isinstance(module, Subsample):
            source = wiring.reads[maker]
            index = units.get(layers[source].group or source)
            if index is not None:
                layers[adder].residual_keep[module.carried.start + index] = False
