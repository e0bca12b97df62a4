"""From slots to layers, units and groups: what the labelled pass has found, put in order."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from nvp.network.adopting.activations import Call
from nvp.network.adopting.anatomy import Anatomy, Site, Slots, UnitGroup
from nvp.network.adopting.flow.slot_table import Numbers, SlotTable
from nvp.network.adopting.flow.trails import Norm, Trail, at_one_place, varying

ONE_UNIT = "all its neurons are one unit"


@dataclass(frozen=True)
class Seen:
    """An activation call, the dimension of its neurons, and the slot that made each of them."""

    call: Call
    dim: int
    slots: Numbers
    norm: Norm
    shape: tuple[int, ...]


def seen_at(call: Call, trail: Trail) -> Seen | None:
    """Return where the neurons of a call lie; None where they lie along no single dimension."""
    dims = varying(trail.slots)
    if len(dims) > 1 or not trail.slots.dim():
        return None
    if not dims:  # one unit only: the channel of a map, or the feature of a token
        dims = [1] if trail.slots.dim() > 3 else [trail.slots.dim() - 1]
        if trail.slots.shape[dims[0]] > 1 and not trail.slots.any():
            return None
    others = [dim for dim in range(trail.slots.dim()) if dim != dims[0]]
    slots = at_one_place(trail.slots, others).flatten().cpu().numpy().astype(np.int64)
    return Seen(call, dims[0], slots, trail.norm, tuple(trail.slots.shape))


def make_anatomy(table: SlotTable, seen: list[Seen], batch: list[int]) -> Anatomy:
    """Return the layers and groups of what was seen, and along which dimension images lie."""
    unit_of = find_units(table)
    reasons = find_reasons(table, unit_of)
    sums = unit_of[np.concatenate([np.zeros(0, dtype=np.int64), *table.sums])]
    paths = [path_of(one.call) for one in seen]
    members = find_groups([unit_of[one.slots] for one in seen])
    units = [np.unique(np.concatenate([unit_of[seen[i].slots] for i in own])) for own in members]
    layers, groups = {}, {}
    for own, numbers, slots in zip(members, units, find_slots(table, unit_of, units), strict=True):
        why = Counter(r for unit in numbers for r in reasons.get(int(unit), ())).most_common(1)
        text = why[0][0] if why else ONE_UNIT if len(numbers) < 2 else ""
        name = paths[own[0]]
        groups[name] = UnitGroup(len(numbers), slots, text, bool(np.isin(numbers, sums).any()))
        for i in own:
            index = np.searchsorted(numbers, unit_of[seen[i].slots])
            site = make_site(table, seen[i], name, index, text)
            layers[paths[i]] = replace(site, batch=batch[i])
    return Anatomy({path: layers[path] for path in paths}, groups)


def path_of(call: Call) -> str:
    """Return the name of a layer; calls that the network makes itself are named `forward`."""
    return (call.module or "forward") + (f"#{call.number}" if call.number else "")


def find_units(table: SlotTable) -> Numbers:
    """Return the unit of each slot."""
    pairs = np.concatenate([np.zeros((2, 0), dtype=np.int64), *table.pairs], axis=1)
    links = coo_array((np.ones(pairs.shape[1], dtype=bool), pairs), shape=(table.size, table.size))
    return connected_components(links, directed=False)[1].astype(np.int64)


def find_reasons(table: SlotTable, unit_of: Numbers) -> dict[int, dict[str, None]]:
    """Return {unit: the reasons why it must stay, as keys, in the order of the forward pass}.

    So the reason that is told is the same in each process; the order of a set is not.
    """
    reasons: dict[int, dict[str, None]] = defaultdict(dict)
    for slots, why in table.flags:
        for unit in np.unique(unit_of[slots]):
            reasons[int(unit)][why] = None
    return reasons


def find_groups(units: list[Numbers]) -> list[list[int]]:
    """Return lists of the layers that share units, directly or through others, in their order."""
    first: dict[int, int] = {}
    parent = list(range(len(units)))

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    for index, own in enumerate(units):
        for unit in np.unique(own):
            one, other = sorted((root(first.setdefault(int(unit), index)), root(index)))
            parent[other] = one
    groups: dict[int, list[int]] = defaultdict(list)
    for index in range(len(units)):
        groups[root(index)].append(index)
    return list(groups.values())


def find_slots(table: SlotTable, unit_of: Numbers, units: list[Numbers]) -> list[tuple[Slots, ...]]:
    """Return all slots of the units of each group, tensor by tensor."""
    group_of, index_in = np.full((2, len(unit_of)), -1)
    for group, numbers in enumerate(units):
        group_of[numbers], index_in[numbers] = group, np.arange(len(numbers))
    found: list[list[Slots]] = [[] for _ in units]
    for axis in table.axes:
        own = unit_of[axis.first : axis.first + axis.length]
        key = (axis.name, axis.dim)
        reads = key in table.reads and key not in table.makes
        for group in set(group_of[own].tolist()) - {-1}:
            entries = np.flatnonzero(group_of[own] == group)
            slots = torch.from_numpy(entries), torch.from_numpy(index_in[own[entries]])
            found[group].append(Slots(*key, *slots, reads))
    return [tuple(slots) for slots in found]


def make_site(table: SlotTable, seen: Seen, group: str, units: Numbers, why: str) -> Site:
    """Return a layer with the weight that made it, if it was one weight."""
    axes = np.unique(table.axes_of(seen.slots))
    whole = len(axes) == 1 and axes[0] >= 0
    axis = table.axes[axes[0]] if whole else None
    rows = seen.slots - axis.first if axis else np.zeros(0, dtype=np.int64)
    return Site(
        *(seen.call.module, seen.call.number, seen.call.function, seen.dim),
        *(group, torch.from_numpy(units)),
        weight=axis.name if axis else "",
        rows=torch.from_numpy(rows),
        normalisation=seen.norm[0],
        norm=seen.norm[1],
        why=why,
    )
