"""Rewinding: after each pruning, the remaining weights go back to their initial values.

Source: Frankle and Carbin, "The lottery ticket hypothesis", 2019; NN Relief rewinds its LeNets.
"""

import torch
from torch import nn

from nvp.network.entries import find_moments
from nvp.network.weight_masks import live_weights
from nvp.pruning.measuring_point import MeasuringPoint

START = "initial"


def rewind(point: MeasuringPoint) -> None:
    """Set all live weights back to those of the first call, which only remembers them.

    Optimizer moments become 0, and running statistics those of a fresh layer.
    """
    live = live_weights(point.model)
    for name, parameter in point.model.named_parameters():
        initial = point.memory.setdefault(f"{START}.{name}", parameter.detach().clone())
        parameter.data.copy_(torch.where(live[name], initial.to(parameter), 0.0))
        for moment in find_moments(parameter, point.optimizer).values():
            moment.zero_()
    for module in point.model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_running_stats()
