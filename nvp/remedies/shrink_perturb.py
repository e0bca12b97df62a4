"""Shrink and perturb: all weights times a factor, plus noise.

theta <- shrink * theta + sigma * xi, xi standard normal, over all parameters that are trained,
biases and scales too; masked entries stay 0. Running statistics and, unless `remedy.moments` says
so, moments stay as they are.

Source: Ash and Adams, "On warm-starting neural network training", 2020 (at borders); Dohare et al.,
Nature 632, 2024, and Kumar et al., 2023 (after each step).
"""

import torch

from nvp.config.seed import make_generator
from nvp.network.dense_index import dense_indices
from nvp.network.weight_masks import live_weights
from nvp.remedies.remedy import Acting, Remedy, Treated


class ShrinkPerturb(Acting):
    """Shrinks and perturbs all weights that are not masked."""

    shrink, sigma = 0.6, 0.01  # where the trial sets none

    def __init__(self, treated: Treated) -> None:
        self.treated, self.state = treated, treated.state
        config, model = treated.config.remedy, treated.state.model
        self.factor = self.shrink if config.shrink < 0 else config.shrink
        self.deviation = self.sigma if config.sigma < 0 else config.sigma
        self.acts = self.factor != 1 or self.deviation > 0
        dense, live = dense_indices(model), live_weights(model)
        self.changed = [
            (parameter, dense[name], live[name])
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        ]

    @torch.no_grad()
    def change(self) -> None:
        """Shrink and perturb. Changes the network."""
        device = self.treated.device
        rng = make_generator(self.treated.config.seed, "remedy", self.state.step, device)
        for parameter, dense, live in self.changed:
            parameter.mul_(self.factor)
            if self.deviation:
                xi = dense.select(parameter.new_empty(dense.shape).normal_(generator=rng))
                parameter.add_(xi * live, alpha=self.deviation)


class AtBorders(ShrinkPerturb):
    """Shrinks and perturbs once at each border between two tasks."""

    def at_border(self, task: int) -> None:
        if self.acts:
            self.change()
            if self.treated.config.remedy.moments == "cleared":
                self.state.optimizer.state.clear()


class InSteps(ShrinkPerturb):
    """Shrinks and perturbs after each step."""

    shrink, sigma = 0.9999, 1e-5
    in_steps = True

    def after_step(self) -> None:
        if self.acts:
            self.change()


REMEDY = Remedy(
    summary="shrink and perturb: all weights times a factor, plus noise, at each border",
    start=AtBorders,
    settings=("shrink", "sigma", "moments"),
    needs=("border",),
)
IN_STEPS = Remedy(
    summary="shrink and perturb after each step",
    start=InSteps,
    settings=("shrink", "sigma"),
)
