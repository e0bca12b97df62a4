"""Noise on gradients, and noise on the weights of living neurons."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn
from torch._utils import _unflatten_dense_tensors

from nvp.config.dotted_names import find_named
from nvp.config.trial_config import OptimConfig
from nvp.network.dense_index import DenseIndex, dense_indices
from nvp.network.groups import find_groups, maskable_layers
from nvp.pruning import PruningPlan
from nvp.training.own import adapt_noise
from nvp.training.penalties import PENALTIES

AddNoise = Callable[[list[Tensor], OptimConfig, Tensor, Tensor], None]


def add_relative_noise(
    gradients: list[Tensor], config: OptimConfig, xi: Tensor, count: Tensor
) -> None:
    """Clip, then add sigma * ||g|| / sqrt(n) * xi, so that sigma is noise over signal."""
    clip_gradients(gradients, config)
    add_flat(gradients, xi.mul_(config.noise * find_total_norm(gradients) / count.sqrt()))


def add_absolute_noise(
    gradients: list[Tensor], config: OptimConfig, xi: Tensor, count: Tensor
) -> None:
    """Clip, then add sigma * xi to every live entry."""
    clip_gradients(gradients, config)
    add_flat(gradients, xi.mul_(config.noise))


def add_official_noise(
    gradients: list[Tensor], config: OptimConfig, xi: Tensor, count: Tensor
) -> None:
    """Add sigma * xi, then clip: the order of the published code. The noise drowns the gradient."""
    add_flat(gradients, xi.mul_(config.noise))
    clip_gradients(gradients, config)


# xi is standard normal, 0 at masked weights; n counts the live ones.
NOISES: dict[str, AddNoise] = {
    "relative": add_relative_noise,
    "absolute": add_absolute_noise,
    "official": add_official_noise,
}


def find_noise(name: str) -> AddNoise:
    """Return the noise of a name, ours or a user's; ValueError for none."""
    return find_named("optim.noise_kind", name, NOISES, adapt_noise)


def check_noise(config: OptimConfig) -> None:
    """Raise ValueError when the kind of noise does not exist, or cannot act."""
    noise = find_noise(config.noise_kind)
    if config.noise and config.noise_kind not in NOISES:  # a user's is tried
        gradients, xi = [torch.ones(2, 3), torch.ones(4)], torch.ones(10)
        noise(gradients, config, xi, torch.tensor(10))
    if config.noise and config.noise_kind == "official" and not config.clip_norm:
        raise ValueError(
            "optim.clip_norm: expected a value > 0 with optim.noise_kind=official, whose noise is "
            "added before the clip (1.0 in the published code), got 0"
        )


def clip_gradients(gradients: list[Tensor], config: OptimConfig) -> None:
    """Scale the gradients in place to a global norm of at most `clip_norm`, unless that is 0."""
    if config.clip_norm:
        factor = config.clip_norm / (find_total_norm(gradients) + 1e-6)
        torch._foreach_mul_(gradients, factor.clamp(max=1.0))  # pyright: ignore[reportPrivateImportUsage]


def find_total_norm(gradients: list[Tensor]) -> Float[Tensor, ""]:
    """Return the norm of all gradients together: `get_total_norm` of torch, in half its time.

    torch sorts them by device and type first; those of a trial are all of one.
    """
    norms = torch._foreach_norm(gradients)  # pyright: ignore[reportPrivateImportUsage]
    return torch.linalg.vector_norm(torch.stack(norms))


def add_flat(gradients: list[Tensor], noise: Tensor) -> None:
    """Add a flat vector to the gradients in place, entry by entry."""
    shaped = _unflatten_dense_tensors(noise, gradients)  # split and view, in one call
    torch._foreach_add_(gradients, shaped)  # pyright: ignore[reportPrivateImportUsage]


def index_drawn_entries(model: nn.Module) -> tuple[int, Int64[Tensor, "n"]] | None:
    """Return (number of the dense network's entries, indices of those present); None if all are.

    A shrunk network draws noise for the dense one, so that it meets the numbers of a masked one.
    """
    dense, device = dense_indices(model).values(), next(model.parameters()).device
    if all(index.whole for index in dense):
        return None
    found, total = [], 0
    for index in dense:
        entries = torch.arange(total, total + index.numel, device=device).view(index.shape)
        found.append(index.select(entries).flatten())
        total += index.numel
    return total, torch.cat(found)


class LiveNoise:
    """Adds noise to the weights of living neurons after each update, which may kill some of them.

    The incoming weights, the scale and the shift of a dead or masked neuron stay as they are.
    Source: Dufort-Labbe et al., "Maxwell's demon at work", 2024.
    Differs: they call the standard deviation a variance, and their newer code's test for life
    (|g| >= 0) is always true.
    """

    def __init__(
        self,
        model: nn.Module,
        plan: PruningPlan,
        live: dict[str, Bool[Tensor, "..."]],
        dead: dict[str, Bool[Tensor, "_"]],
    ) -> None:
        """Prepare for masks and deaths as they are.

        Args:
            model: the network.
            plan: of the trial's pruning.
            live: {parameter name: True where it belongs to the network that remains}.
            dead: {layer path: True where dead}, as last measured.
        """
        self.sigma, self.course = plan.live_noise, plan.scale_l1_schedule
        self.shaken: list[tuple[Tensor, Tensor, DenseIndex]] = []
        dense = dense_indices(model) if self.sigma > 0 and plan.config.draws == "dense" else {}
        alive = find_alive_entries(model, dead) if self.sigma > 0 else {}
        for name, parameter in model.named_parameters():
            if name in alive:
                index = dense.get(name, DenseIndex(tuple(parameter.shape)))
                self.shaken.append((parameter, live[name] & alive[name], index))

    @property
    def changes_with_progress(self) -> bool:
        """Whether the noise has a course."""
        return bool(self.shaken) and self.course != "constant"

    def __call__(self, rng: torch.Generator, progress: float) -> None:
        """Add noise to the living weights in place; `rng` is on their device."""
        strength = self.sigma * PENALTIES[self.course](progress)
        for parameter, mask, index in self.shaken if strength else ():
            xi = index.select(parameter.data.new_empty(index.shape).normal_(generator=rng))
            parameter.data.add_(xi * mask, alpha=strength)


def find_alive_entries(
    model: nn.Module, dead: dict[str, Bool[Tensor, "_"]]
) -> dict[str, Bool[Tensor, "..."]]:
    """Return {parameter name: True where it makes a living neuron} of those that make neurons.

    Args:
        model: the network.
        dead: {layer path: True where dead}, as last measured; a unit that is seen in several layers
            is dead where it is dead in all of them. Of an unmeasured layer, the masked are dead.
    """
    layers, parameters = maskable_layers(model), dict(model.named_parameters())
    alive: dict[str, Tensor] = {}
    for group in find_groups(model).values():
        for slots in group.slots:
            if slots.reads or slots.name not in parameters:
                continue
            parameter = parameters[slots.name]
            if slots.name not in alive:
                alive[slots.name] = torch.ones_like(parameter, dtype=torch.bool)
            units = torch.zeros_like(group.keep)
            for path in group.find_makers(slots.name):
                living = ~dead.get(path, ~layers[path].keep)
                units[layers[path].units[living]] = True
            lost = slots.entries[~units[slots.units]]
            alive[slots.name].index_fill_(slots.dim, lost, False)
    return alive
