"""The anatomy of a network from which units were removed."""

from dataclasses import replace

import torch
from jaxtyping import Int64
from torch import Tensor

from nvp.network.adopting.anatomy import Anatomy, Site, Slots, UnitGroup
from nvp.network.adopting.removing import Place, find_gone


def narrow_anatomy(anatomy: Anatomy, name: str, stay: Int64[Tensor, "k"]) -> Anatomy:
    """Return the anatomy without all units of a group but `stay`: entries and units count anew.

    Args:
        anatomy: of the network before the removal.
        name: of the group.
        stay: indices of the units that stay, ascending.
    """
    gone = find_gone_entries(anatomy.groups[name], stay)
    groups = {
        key: narrow_group(group, gone, stay if key == name else None)
        for key, group in anatomy.groups.items()
    }
    layers = {}
    for path, site in anatomy.layers.items():
        row_dim = find_row_dim(anatomy, site)
        layers[path] = narrow_site(site, row_dim, gone, stay if site.group == name else None)
    return replace(anatomy, layers=layers, groups=groups)


def find_row_dim(anatomy: Anatomy, site: Site) -> int:
    """Return the dimension of a layer's weight that its neurons are rows of: 1 where transposed."""
    slots = anatomy.groups[site.group].slots
    return next((s.dim for s in slots if s.name == site.weight and not s.reads), 0)


def find_gone_entries(group: UnitGroup, stay: Int64[Tensor, "k"]) -> dict[Place, Tensor]:
    """Return {place: its entries that go, ascending} when only the units `stay` of a group stay."""
    return {place: lost.unique() for place, lost in find_gone(group.slots, stay).items()}


def narrow_group(
    group: UnitGroup, gone: dict[Place, Tensor], stay: Int64[Tensor, "k"] | None
) -> UnitGroup:
    """Return a group after a removal; `stay` are its own units that stay, None where all do."""
    slots = tuple(narrow_slots(slots, gone, stay) for slots in group.slots)
    return replace(group, size=group.size if stay is None else len(stay), slots=slots)


def narrow_slots(slots: Slots, gone: dict[Place, Tensor], stay: Int64[Tensor, "k"] | None) -> Slots:
    """Return slots after a removal."""
    entries, units = slots.entries, slots.units
    if stay is not None:
        present = torch.isin(units, stay)
        entries, units = entries[present], torch.searchsorted(stay, units[present])
    return replace(slots, entries=count_anew(entries, gone, slots.name, slots.dim), units=units)


def narrow_site(
    site: Site, row_dim: int, gone: dict[Place, Tensor], stay: Int64[Tensor, "k"] | None
) -> Site:
    """Return a layer after a removal; `stay` are the units of its group that stay, None for all."""
    units, rows = site.units, site.rows
    if stay is not None:
        present = torch.isin(units, stay)
        units = torch.searchsorted(stay, units[present])
        rows = rows[present] if len(rows) else rows
    return replace(site, units=units, rows=count_anew(rows, gone, site.weight, row_dim))


def count_anew(
    entries: Int64[Tensor, "s"], gone: dict[Place, Tensor], name: str, dim: int
) -> Int64[Tensor, "s"]:
    """Return where entries that stay are, after others of the same place went."""
    lost = gone.get((name, dim))
    return entries if lost is None else entries - torch.searchsorted(lost, entries)


def find_present(
    dense: Anatomy, origins: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]
) -> dict[Place, Int64[Tensor, "p"]]:
    """Return {place: its entries that are still there} of places that lost some.

    Args:
        dense: the anatomy before any removal.
        origins: {group: indices of the units that are still there}.
        shapes: {name of a tensor: its shape before any removal}.
    """
    present: dict[Place, Tensor] = {}
    for name, group in dense.groups.items():
        if len(origins[name]) == group.size:
            continue
        for (tensor, dim), lost in find_gone_entries(group, origins[name].cpu()).items():
            left = present.get((tensor, dim), torch.arange(shapes[tensor][dim]))
            present[tensor, dim] = left[~torch.isin(left, lost)]
    return present
