"""Adopted: somebody's network, and the masks and names by which its neurons are pruned.

The network inside is the user's own and computes what it always did: there is no module between
its modules, and no hook in its forward passes. A masked unit contributes nothing because all of its
slots are 0, the columns that read it included. They stay 0 in any training loop, because a hook on
each parameter makes their gradients 0.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.network.adopted.adopted_heads import WHY, AdoptedHeads
from nvp.network.adopted.adopted_layer import AdoptedLayer
from nvp.network.adopted.layer_table import LayerRow, LayerTable
from nvp.network.adopted.masked_entries import MaskedEntries
from nvp.network.adopted.named_tensors import NamedTensors, decode
from nvp.network.adopted.narrowing import find_present, narrow_anatomy
from nvp.network.adopting.anatomy import Anatomy, Slots
from nvp.network.adopting.removing import remove_slots

INSIDE = "module."  # before each name of the network inside


class Adopted(nn.Module):
    """A network that was not written for nvp; `adopt` makes one.

    Attributes:
        module: the user's network, unchanged; its `state_dict()` is the original's.
        anatomy: its layers and groups, less what was removed; names are as in `module`.
        dense_anatomy: the same before any removal.
        dense_shapes: {name of a parameter or buffer of `module`: its shape before any removal}.
        keeps: {group: True where a unit is not masked}.
        origins: {group: index of each unit before any removal}.
        weight_masks: {parameter: True where kept}, of those that have single weights masked.
        dense_flops: operations of one image of the example, before any removal; 0 = not counted.
        held: {parameter: what it was before its masked columns became 0}, until soft masks end.
    """

    keeps: NamedTensors
    origins: NamedTensors
    weight_masks: NamedTensors
    held: NamedTensors

    def __init__(self, module: nn.Module, anatomy: Anatomy, *, dense_flops: int = 0) -> None:
        super().__init__()
        self.module = module
        self.training = module.training
        self.anatomy = self.dense_anatomy = anatomy
        self.dense_flops = dense_flops
        tensors = [*module.named_parameters(), *module.named_buffers()]
        self.dense_shapes = {name: tuple(tensor.shape) for name, tensor in tensors}
        device = tensors[0][1].device if tensors else torch.device("cpu")
        sizes = {name: group.size for name, group in anatomy.groups.items()}
        keeps = {name: torch.ones(n, dtype=torch.bool) for name, n in sizes.items()}
        self.keeps = NamedTensors(keeps).to(device)
        self.origins = NamedTensors(
            {name: torch.arange(n) for name, n in sizes.items()}, persistent=False
        ).to(device)
        self.weight_masks, self.held = NamedTensors({}), NamedTensors({})
        self.hold_masked()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.hold_masked()  # a copy of a parameter has none of its hooks

    @property
    def layers(self) -> LayerTable:
        """Return {path: width, activation, normalisation, prunable, why not} of all layers.

        Heads of attention come last; they are watched only.
        """
        found = LayerTable(
            (path, LayerRow(len(site.units), site.function, site.normalisation, layer.why))
            for path, site in self.anatomy.layers.items()
            for layer in [AdoptedLayer(self, path)]
        )
        for path, heads in self.anatomy.heads.items():
            found[path] = LayerRow(len(heads.columns), "attention", "none", WHY)
        return found

    @staticmethod
    def name_inside(name: str) -> str:
        """Return the name in this network of a parameter or buffer of the network inside."""
        return INSIDE + name

    def find_layers(self) -> dict[str, AdoptedLayer]:
        """Return {path: layer}, in the order of the forward pass."""
        return {path: AdoptedLayer(self, path) for path in self.anatomy.layers}

    def find_heads(self) -> dict[str, AdoptedHeads]:
        """Return {path: heads of attention}, which are watched and never masked."""
        return {path: AdoptedHeads(self, path) for path in self.anatomy.heads}

    def list_slots(self, group: str) -> tuple[Slots, ...]:
        """Return the slots of a group, named as in this network, on its device."""
        device = self.keeps[group].device
        return tuple(
            Slots(INSIDE + s.name, s.dim, s.entries.to(device), s.units.to(device), s.reads)
            for s in self.anatomy.groups[group].slots
        )

    def keep_units(
        self, stay: Mapping[str, Int64[Tensor, "k"]], optimizer: Optimizer | None
    ) -> None:
        """Remove all but the units `stay` of some groups. Changes this network and `optimizer`."""
        for name, index in stay.items():
            slots = self.anatomy.groups[name].slots
            self.narrow_masks(slots, index.cpu())
            remove_slots(self.module, slots, index.cpu(), optimizer)
            self.anatomy = narrow_anatomy(self.anatomy, name, index.cpu())
            for tensors in (self.keeps, self.origins):
                tensors[name] = tensors[name][index]
        self.masked = MaskedEntries(self.anatomy, self.keeps)

    def narrow_masks(self, slots: tuple[Slots, ...], stay: Int64[Tensor, "k"]) -> None:
        """Remove the entries of all units but `stay` from the masks of weights. Changes them."""
        for one in slots:
            if (name := INSIDE + one.name) in self.weight_masks:
                mask, gone = self.weight_masks[name], one.entries[~torch.isin(one.units, stay)]
                present = torch.ones(mask.shape[one.dim], dtype=torch.bool)
                present[gone] = False
                index = present.nonzero().flatten().to(mask.device)
                self.weight_masks[name] = mask.index_select(one.dim, index)

    def find_present(self) -> dict[tuple[str, int], tuple[int, Int64[Tensor, "p"]]]:
        """Return {(name, dimension): (dense size, entries still there)} of those that lost some."""
        found = find_present(self.dense_anatomy, self.origins.as_dict(), self.dense_shapes)
        return {
            (INSIDE + name, dim): (self.dense_shapes[name][dim], entries)
            for (name, dim), entries in found.items()
        }

    def make_room(self, name: str, tensor: Tensor) -> None:
        """Make the buffer of a saved state that this network has none of yet. Changes it.

        Args:
            name: as in `state_dict()`.
            tensor: what will be loaded into it.
        """
        of, _, key = name.partition(".")
        rooms = {"weight_masks": self.weight_masks, "held": self.held}
        rooms[of][decode(key)] = torch.empty_like(tensor)

    def hold_masked(self) -> None:
        """Register a hook on each parameter that zeroes the gradients of its masked entries."""
        self.masked = MaskedEntries(self.anatomy, self.keeps)
        for name, parameter in self.module.named_parameters():
            if parameter.is_leaf and parameter.is_floating_point() and not parameter.is_inference():
                frozen = not parameter.requires_grad
                parameter.requires_grad_()  # a frozen one takes no hook, and may be trained later
                parameter.register_hook(partial(self.zero_masked, name))
                parameter.requires_grad_(not frozen)

    def zero_masked(self, name: str, gradient: Tensor) -> Tensor | None:
        """Return a parameter's gradient with 0 where it is masked; None where nothing is."""
        fills, mask = self.masked.find(name), self.weight_masks.get(INSIDE + name)
        if not fills and mask is None:
            return None
        gradient = gradient.clone() if mask is None else gradient * mask
        for dim, entries in fills:
            gradient.index_fill_(dim, entries, 0)
        return gradient
