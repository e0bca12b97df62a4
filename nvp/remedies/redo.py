"""ReDo: every so many steps, the dormant neurons of each layer are reset.

A neuron is dormant where its mean |activation| over a fresh batch is at most `tau` times the mean
of its layer. With tau = 0 these are the dead ones of a ReLU network. A layer that falls silent as a
whole is reset as a whole, and one that shrinks as a whole has no dormant neuron.

Source: Sokar et al., "The dormant neuron phenomenon in deep reinforcement learning", 2023.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nvp.data.batches import normalise_pixels
from nvp.network.precision import run_forward
from nvp.network.tap import tap
from nvp.remedies.neurons import mean_of_neurons
from nvp.remedies.remedy import Remedy
from nvp.remedies.resetting import Resetting
from nvp.vitality.death import dormancy
from nvp.vitality.observe import in_eval_mode


def find_dormant(
    mean_abs: Float[Tensor, "f"], keep: Bool[Tensor, "f"], tau: float
) -> Bool[Tensor, "f"]:
    """Return which kept neurons have a dormancy of at most `tau`, the layer's mean over the kept.

    Args:
        mean_abs: mean |activation| over images and positions.
        keep: True where not masked.
        tau: below 0, no neuron is dormant.
    """
    dormant = torch.zeros_like(keep)
    dormant[keep] = dormancy(mean_abs[keep]) <= tau
    return dormant


class ReDo(Resetting):
    """Resets dormant neurons every `remedy.every` steps."""

    def after_step(self) -> None:
        if (self.state.step + 1) % self.config.every:
            return
        rng = self.open_stream()
        means = self.measure(rng)
        keeps = {path: layer.keep for path, layer in self.layers.items()}
        found = {
            path: find_dormant(means[path], keep, self.config.tau).nonzero().flatten()
            for path, keep in keeps.items()
        }
        self.reset_chosen(found, keeps, rng)

    def measure(self, rng: torch.Generator) -> dict[str, Float[Tensor, "f"]]:
        """Return {path: mean |activation|} over a random batch, un-augmented, in eval mode."""
        images = self.treated.images
        order = torch.randperm(len(images), generator=rng)[: self.config.batch]
        pixels, _ = next(iter(images.augmented_batches(order[None], "none", rng)))
        means: dict[str, Tensor] = {}

        def see(path: str, output: Tensor) -> None:
            means[path] = mean_of_neurons(output.abs())

        model = self.state.model
        with in_eval_mode(model), tap(model, see), torch.no_grad():
            run_forward(model, normalise_pixels(pixels, images), self.treated.config.precision)
        return means


REMEDY = Remedy(
    summary="ReDo: resets dormant neurons every so many steps",
    start=ReDo,
    settings=("every", "tau", "batch", "choice"),
    needs=("neurons",),
)
