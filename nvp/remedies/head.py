"""Reset of the head: at each border between two tasks the output layer is drawn anew."""

import torch
from torch import Tensor

from nvp.network.dense_index import dense_indices
from nvp.network.weight_masks import live_weights
from nvp.remedies.fresh_network import build_fresh, find_head
from nvp.remedies.remedy import Acting, Remedy, Treated


class HeadReset(Acting):
    """Draws the output layer anew at borders; its moments start anew, too."""

    def __init__(self, treated: Treated) -> None:
        self.treated, self.state = treated, treated.state

    @torch.no_grad()
    def at_border(self, task: int) -> None:
        model = self.state.model
        fresh = dict(build_fresh(self.treated, task).named_parameters())
        dense, live = dense_indices(model), live_weights(model)
        for name in find_head(model):
            parameter = model.get_parameter(name)
            drawn = dense[name].select(fresh[name].detach().to(parameter))
            parameter.copy_(torch.where(live[name], drawn, 0.0))
            # set to 0 and not taken away: fused SGD wants a buffer for each parameter, or for none
            for value in self.state.optimizer.state.get(parameter, {}).values():
                if isinstance(value, Tensor):
                    value.zero_()


REMEDY = Remedy(
    summary="head reset: the output layer is drawn anew at each border (a baseline)",
    start=HeadReset,
    needs=("border", "head"),
)
