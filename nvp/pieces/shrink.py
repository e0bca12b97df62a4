"""`nvp.shrink`: masked neurons are removed for good."""

from torch import nn
from torch.optim import Optimizer

from nvp.network.removal import remove_masked_units
from nvp.pieces.seen_network import find_seen_network


def shrink(network: nn.Module, optimizer: Optimizer | None = None) -> dict[str, int]:
    """Remove all masked neurons; return {path of a layer: how many it lost}.

    The outputs do not change, and neither does any later step of training. Parameters stay the same
    objects, so the optimizer goes on with them. Changes `network` and `optimizer`.

    Args:
        network: adopted, or built of `NeuronLayer` with `reads`.
        optimizer: the optimizer of its parameters, whose moments lose the same entries.

    Raises:
        ValueError: nvp sees no neurons in the network, or the optimizer keeps something else than
            tensors of the parameters' shapes.
    """
    seen = find_seen_network(network, "nvp.shrink")
    removed = {path: lost for path, (lost, _) in remove_masked_units(seen, optimizer).items()}
    return {path: lost for path, lost in removed.items() if lost}
