"""What `nvp.prune` cannot do on a network or its inputs, said before anything changes."""

import torch
from torch import Tensor, nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopting.undisturbed import undisturbed
from nvp.network.own_networks.own_network import check_own_network
from nvp.network.precision import Inputs
from nvp.pieces.batches import Batch, bring_to
from nvp.pruning import PruningPlan

LABELLED = ("crop", "grasp", "snap", "snip", "taylor", "taylor_2017")  # with derivatives of a loss
OF_IMAGES = ("hrank", "synflow")  # they take maps of pixels, or an image of ones
SOME = 2  # inputs show what a network puts out


def check_batch(network: nn.Module, plan: PruningPlan, batch: Batch, what: str) -> None:
    """Raise ValueError for inputs or a network that a method cannot work on.

    Args:
        network: adopted, or built of `NeuronLayer`.
        plan: of the pruning.
        batch: the first one.
        what: the function that asks, for the error.
    """
    inputs, method = batch.inputs, plan.config.method
    if not isinstance(inputs, Tensor):
        raise ValueError(
            f"{what}: expected inputs that are one tensor, got a mapping of "
            f"{', '.join(map(str, inputs))}; networks of text can be adopted, observed and "
            "monitored, and not pruned (nvp.observe, nvp.Monitor)"
        )
    if not isinstance(network, Adopted):
        check_own_network(network, tuple(inputs.shape[1:]))
    if plan.criterion in OF_IMAGES and not inputs.is_floating_point():
        raise ValueError(
            f"{what}: {method} works on images: expected inputs of floating point, got "
            f"{str(inputs.dtype).removeprefix('torch.')}, as tokens are; take a method without "
            "it, as magnitude, nvp or snip"
        )
    if plan.criterion in (*LABELLED, "synflow"):
        check_logits(network, inputs[:SOME], f"{what}: {method}")


def check_logits(network: nn.Module, inputs: Inputs, what: str) -> None:
    """Raise ValueError for a network that does not put out a tensor of logits."""
    inputs = bring_to(inputs, next(network.parameters()).device)
    with undisturbed(network), torch.no_grad():
        logits = network(inputs)
    if isinstance(logits, Tensor) and logits.dim() == 2:
        return
    got = f"a {type(logits).__name__}"
    got = f"a tensor of shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else got
    raise ValueError(
        f"{what} takes derivatives of a loss: expected a network that puts out a tensor of logits, "
        f"(inputs, classes), got {got}; take a method without them, as magnitude or nvp"
    )
