"""Fresh start: at each border between two tasks the whole network is drawn anew.

It is the baseline that has no past: accuracy on a task by a network that was trained on it alone.
What is masked stays masked. Moments of the optimizer and running statistics start anew, too.
"""

import torch
from torch import Tensor

from nvp.network.dense_index import dense_indices
from nvp.network.groups import neuron_layers
from nvp.network.weight_masks import live_weights
from nvp.remedies.fresh_network import build_fresh
from nvp.remedies.neuron_reset import RESETS, SINCE
from nvp.remedies.remedy import Acting, Remedy, Treated


class FreshStart(Acting):
    """Draws all weights anew at borders."""

    def __init__(self, treated: Treated) -> None:
        self.treated, self.state = treated, treated.state

    @torch.no_grad()
    def at_border(self, task: int) -> None:
        model, memory = self.state.model, self.state.remedy
        fresh = dict(build_fresh(self.treated, task).named_parameters())
        dense, live = dense_indices(model), live_weights(model)
        for name, parameter in model.named_parameters():
            drawn = dense[name].select(fresh[name].detach().to(parameter))
            parameter.copy_(torch.where(live[name], drawn, 0.0))
        for module in model.modules():
            restart = getattr(module, "reset_running_stats", None)
            if callable(restart):
                restart()
        self.state.optimizer.state.clear()
        for path, layer in neuron_layers(model).items():
            memory.pop(path + SINCE, None)
            seen: Tensor = memory.get(
                path + RESETS, torch.zeros_like(layer.keep, dtype=torch.int64)
            )
            memory[path + RESETS] = seen + layer.keep


REMEDY = Remedy(
    summary="fresh start: the whole network is drawn anew at each border (the baseline)",
    start=FreshStart,
    needs=("border",),
)
