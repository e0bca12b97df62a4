"""The change of gradients between backward and update: mask, clip, noise, then L1."""

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from nvp.config.trial_config import OptimConfig
from nvp.network.weight_masks import parameter_masks
from nvp.pruning import PruningPlan
from nvp.training.noise import clip_gradients, find_noise, index_drawn_entries
from nvp.training.penalties import PENALTIES, find_penalised


class GradientRule:
    """Changes gradients between backward and update: masks, clips, adds noise, adds L1.

    Source: algorithm of DS-Pruning's "SGD noise" study, restated; L1 on scales: network slimming
    (Liu et al., 2017) and DemP. The noise is on the loss gradient; L1 is added after it.
    """

    def __init__(
        self,
        model: nn.Module,
        config: OptimConfig,
        live: dict[str, Bool[Tensor, "..."]],
        plan: PruningPlan | None = None,
    ) -> None:
        """Prepare for the masks as they are; make a new one after pruning.

        Args:
            model: the network.
            config: the optimizer's part of a trial.
            live: {parameter name: True where it belongs to the network that remains}.
            plan: of the trial's pruning; adds its own L1 on scales.
        """
        self.config, self.add_noise = config, find_noise(config.noise_kind)
        named = dict(model.named_parameters())
        self.parameters = list(named.values())
        flat = torch.cat([live[name].flatten() for name in named])
        self.live = None if bool(flat.all()) else flat
        self.count = flat.sum()
        self.masked = [(named[name], live[name]) for name in parameter_masks(model)]
        dense = plan is None or plan.config.draws == "dense"
        self.drawn = index_drawn_entries(model) if config.noise and dense else None
        self.normal: Tensor | None = None  # the memory of the noise: a new one each step is slow
        weights, scales = find_penalised(model)
        self.penalties = [(weights, config.l1, "constant"), (scales, config.l1_scale, "constant")]
        if plan and plan.scale_l1 > 0:
            self.penalties.append((scales, plan.scale_l1, plan.scale_l1_schedule))

    @property
    def changes_with_progress(self) -> bool:
        """Whether a penalty that acts has a course."""
        return any(peak and course != "constant" for _, peak, course in self.penalties)

    def __call__(self, rng: torch.Generator, progress: float = 0.0) -> None:
        """Change the gradients in place.

        Args:
            rng: the epoch's `noise` stream, on their device.
            progress: fraction of training done.
        """
        for parameter, live in self.masked:
            if parameter.grad is not None:
                parameter.grad.mul_(live)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        if self.config.noise:
            xi = self.draw_noise(gradients, rng)
            self.add_noise(gradients, self.config, xi, self.count)
        else:
            clip_gradients(gradients, self.config)
        for parameters, peak, course in self.penalties:
            strength = peak * PENALTIES[course](progress)
            for parameter in parameters if strength else []:
                if parameter.grad is not None:
                    parameter.grad.add_(parameter.detach().sign(), alpha=strength)

    def draw_noise(self, gradients: list[Tensor], rng: torch.Generator) -> Tensor:
        """Return a standard normal number for each entry of the gradients, 0 where masked."""
        total = sum(g.numel() for g in gradients) if self.drawn is None else self.drawn[0]
        if self.normal is None or len(self.normal) != total:
            # float32 whatever the gradients are, so that the stream gives the same numbers to all
            self.normal = torch.empty(total, device=gradients[0].device)
        xi = self.normal.normal_(generator=rng).to(gradients[0].dtype)
        if self.drawn is not None:  # numbers of removed entries are drawn too, and dropped here
            xi = xi[self.drawn[1]]
        return xi if self.live is None else xi.mul_(self.live)
