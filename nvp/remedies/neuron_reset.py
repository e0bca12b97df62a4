"""The reset of a neuron: it starts anew, and nobody reads it yet.

Its incoming weights and its bias are drawn by the layer's initial law, its scale and shift and its
running statistics are those of a fresh normalisation, the columns that read it are 0, and so are
the moments of the optimizer. How often Adam has updated these entries counts from 0, too
(`nvp.remedies.adam_counts`). In the next step only the columns that read it move, since its
incoming weights have no gradient while these are 0.

Source: the reset is that of Sokar et al., "The dormant neuron phenomenon", 2023, and of Dohare et
al., Nature 632, 2024. The published codes differ in what else they clear: docs/remedies says how.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Int64
from torch import Tensor

from nvp.network.adopting.anatomy import Slots
from nvp.network.dense_index import dense_indices
from nvp.network.entries import find_moments, zero_entries
from nvp.network.group import find_entries
from nvp.network.weight_masks import live_weights
from nvp.remedies.initial_law import find_law
from nvp.remedies.neurons import find_resettable
from nvp.remedies.remedy import Treated

FRESH = {"running_mean": 0.0, "running_var": 1.0}  # statistics of a fresh normalisation
RESETS = "/resets"  # behind the path of a layer: resets of each neuron since the last record
SINCE = "/since"  # behind it: updates of each neuron since its last reset
NEVER = 2**40


class NeuronReset:
    """Resets neurons of a trial. Masks are read once: make a new one after pruning."""

    def __init__(self, treated: Treated) -> None:
        self.treated, self.state = treated, treated.state
        model = self.state.model
        self.layers = find_resettable(model)
        self.parameters = dict(model.named_parameters())
        self.buffers = dict(model.named_buffers())
        self.live, self.dense = live_weights(model), dense_indices(model)
        self.shapes = {name: index.shape for name, index in self.dense.items()}

    @torch.no_grad()
    def __call__(self, units: Mapping[str, Int64[Tensor, "k"]], rng: torch.Generator) -> None:
        """Reset neurons of layers, none of them masked. Changes the state.

        Args:
            units: {path of a layer: indices of its neurons, ascending}.
            rng: the stream of this step.
        """
        for path, index in units.items():
            for slots in self.layers[path].makers:
                self.renew(slots, find_entries(slots, index), rng)
        for path, index in units.items():
            for slots in self.layers[path].readers:
                parameter = self.parameters[slots.name]
                entries = find_entries(slots, index)
                zero_entries(parameter, self.state.optimizer, entries, dim=slots.dim)
            self.note(path, index)

    def renew(self, slots: Slots, entries: Int64[Tensor, "k"], rng: torch.Generator) -> None:
        """Give the entries of neurons their initial values, and no moments. Changes the state."""
        if slots.name not in self.parameters:
            fresh = FRESH.get(slots.name.rpartition(".")[2])
            if fresh is not None:
                self.buffers[slots.name][entries] = fresh
            return
        parameter = self.parameters[slots.name]
        for moment in find_moments(parameter, self.state.optimizer).values():
            moment.index_fill_(slots.dim, entries, 0)
        rows = parameter.data.movedim(slots.dim, 0)
        fresh = self.draw(slots, len(entries), rng).to(rows)
        live = self.live[slots.name].movedim(slots.dim, 0)[entries]
        rows[entries] = torch.where(live, fresh, 0.0)

    def draw(self, slots: Slots, count: int, rng: torch.Generator) -> Tensor:
        """Return new values of `count` entries along a dimension of a parameter.

        They are drawn for the dense network, so that a shrunk one gets those of a masked one.
        """
        dense, memory = self.dense[slots.name], self.state.remedy
        law = find_law(self.treated.config.model, slots.name, self.shapes, memory)
        shape = list(dense.shape)
        shape[slots.dim] = count
        fresh = law.draw(tuple(shape), rng)
        for dim, present in dense.present.items():
            if dim != slots.dim:
                fresh = fresh.index_select(dim, present.cpu())
        return fresh.movedim(slots.dim, 0)

    def note(self, path: str, index: Int64[Tensor, "k"]) -> None:
        """Remember the reset, for the records and for Adam. Changes the state."""
        memory, keep = self.state.remedy, self.layers[path].keep
        if path + RESETS not in memory:
            memory[path + RESETS] = torch.zeros_like(keep, dtype=torch.int64)
        if path + SINCE not in memory:
            memory[path + SINCE] = torch.full_like(keep, NEVER, dtype=torch.int64)
        memory[path + RESETS][index] += 1
        memory[path + SINCE][index] = 0
