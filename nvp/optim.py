"""How the weights move: optimizers, learning-rate schedules, gradient noise, regularizers."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Bool
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import SGD, AdamW, Optimizer

from nvp.config import OptimConfig
from nvp.names import look_up
from nvp.neurons import maskable_layers

Parameters = list[nn.Parameter]

# `fused` on CPU skips low-precision updates silently (pytorch#191763): float32 parameters only.
OPTIMIZERS: dict[str, Callable[[Parameters, OptimConfig], Optimizer]] = {
    "sgd": lambda parameters, config: SGD(
        parameters,
        lr=config.lr,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
        fused=parameters[0].dtype == torch.float32,
    ),
    "adamw": lambda parameters, config: AdamW(
        parameters,
        lr=config.lr,
        betas=(config.momentum, 0.999),
        weight_decay=config.weight_decay,
        fused=parameters[0].dtype == torch.float32,
    ),
}


def cosine(low: float, high: float, progress: float) -> float:
    """Return the half cosine from `low` at progress 0 to `high` at progress 1."""
    return high + (low - high) * (1 + math.cos(math.pi * progress)) / 2


def one_cycle(config: OptimConfig, progress: float) -> float:
    """1/25 -> 1 over the first 30 %, then -> 1/250,000 (Smith and Topin, 2018)."""
    if progress < 0.3:
        return cosine(1 / 25, 1.0, progress / 0.3)
    return cosine(1.0, 1 / 250_000, (progress - 0.3) / 0.7)


LR_SCHEDULES: dict[str, Callable[[OptimConfig, float], float]] = {
    "constant": lambda config, progress: 1.0,
    "multistep": lambda config, progress: (
        config.gamma ** sum(progress >= milestone for milestone in config.milestones)
    ),
    "cosine": lambda config, progress: cosine(1.0, 0.0, progress),
    "one_cycle": one_cycle,
}


def check_optim(config: OptimConfig) -> None:
    """Raise ValueError when a name of the configuration does not exist, or noise cannot act."""
    look_up("optim.name", config.name, OPTIMIZERS)
    look_up("optim.schedule", config.schedule, LR_SCHEDULES)
    look_up("optim.noise_kind", config.noise_kind, NOISES)
    if not all(0 < milestone < 1 for milestone in config.milestones):
        raise ValueError(
            "optim.milestones: expected fractions of training > 0 and < 1, "
            f"got {list(config.milestones)}"
        )
    if config.noise and config.noise_kind == "official" and not config.clip_norm:
        raise ValueError(
            "optim.clip_norm: expected a value > 0 with optim.noise_kind=official, whose noise is "
            "added before the clip (1.0 in the published code), got 0"
        )


def build_optimizer(model: nn.Module, config: OptimConfig) -> Optimizer:
    """Return the optimizer over all parameters; weight decay is on all of them."""
    return OPTIMIZERS[config.name](list(model.parameters()), config)


def learning_rate(config: OptimConfig, progress: float) -> float:
    """Return the learning rate after the fraction `progress` of training, in [0, 1)."""
    return config.lr * LR_SCHEDULES[config.schedule](config, progress)


def relative_noise(gradients: list[Tensor], config: OptimConfig, xi: Tensor, count: Tensor) -> None:
    """Clip, then add sigma * ||g|| / sqrt(n) * xi, so that sigma is noise over signal."""
    clip(gradients, config)
    add_noise(gradients, xi * (config.noise * get_total_norm(gradients) / count.sqrt()))


def absolute_noise(gradients: list[Tensor], config: OptimConfig, xi: Tensor, count: Tensor) -> None:
    """Clip, then add sigma * xi to every live entry."""
    clip(gradients, config)
    add_noise(gradients, xi * config.noise)


def official_noise(gradients: list[Tensor], config: OptimConfig, xi: Tensor, count: Tensor) -> None:
    """Add sigma * xi, then clip: the order of the published code, which drowns the gradient."""
    add_noise(gradients, xi * config.noise)
    clip(gradients, config)


# xi is standard normal, 0 at masked weights; n counts the live ones.
NOISES: dict[str, Callable[[list[Tensor], OptimConfig, Tensor, Tensor], None]] = {
    "relative": relative_noise,
    "absolute": absolute_noise,
    "official": official_noise,
}


def clip(gradients: list[Tensor], config: OptimConfig) -> None:
    """Scale the gradients to a global norm of at most `clip_norm`, unless that is 0."""
    if config.clip_norm:
        factor = config.clip_norm / (get_total_norm(gradients) + 1e-6)
        torch._foreach_mul_(gradients, factor.clamp(max=1.0))  # pyright: ignore[reportPrivateImportUsage]


def add_noise(gradients: list[Tensor], noise: Tensor) -> None:
    """Add a flat vector to the gradients, entry by entry."""
    parts = noise.split([gradient.numel() for gradient in gradients])
    shaped = [part.view_as(g) for part, g in zip(parts, gradients, strict=True)]
    torch._foreach_add_(gradients, shaped)  # pyright: ignore[reportPrivateImportUsage]


class GradientRule:
    """What happens to the gradients between backward and step: clip, noise, then L1.

    Source: algorithm of DS-Pruning's "SGD noise" study, restated; L1 on scales: network slimming
    (Liu et al., 2017). The noise is on the loss gradient; L1 is added after it, undisturbed.
    """

    def __init__(
        self, model: nn.Module, config: OptimConfig, live: dict[str, Bool[Tensor, "..."]]
    ) -> None:
        """Prepare for the masks as they are; make a new one after pruning."""
        self.config = config
        self.parameters = list(model.parameters())
        flat = torch.cat([live[name].flatten() for name, _ in model.named_parameters()])
        self.live = None if bool(flat.all()) else flat
        self.count = flat.sum()
        weights, scales = penalised(model)
        self.penalties = [(weights, config.l1), (scales, config.l1_scale)]

    def __call__(self, rng: torch.Generator) -> None:
        """Change the gradients in place; `rng` is the epoch's `noise` stream, on their device."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        if self.config.noise:
            xi = torch.empty(sum(g.numel() for g in gradients), device=gradients[0].device)
            xi = xi.normal_(generator=rng).to(gradients[0].dtype)
            if self.live is not None:
                xi = xi * self.live
            NOISES[self.config.noise_kind](gradients, self.config, xi, self.count)
        else:
            clip(gradients, self.config)
        for parameters, strength in self.penalties:
            for parameter in parameters if strength else []:
                if parameter.grad is not None:
                    parameter.grad.add_(parameter.detach().sign(), alpha=strength)


def penalised(model: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """Return (weights of conv and linear layers, scales of normalisation layers)."""
    norms = [layer.norm for layer in maskable_layers(model).values()]
    scales: list[Tensor] = [n.weight for n in norms if not isinstance(n, nn.Identity)]
    weights: list[Tensor] = [
        m.weight for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    return weights, scales
