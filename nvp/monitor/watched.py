"""The network that a monitor watches: an own one, an adopted one, or a plain module's."""

from torch import nn

from nvp.monitor.probe import Probe, cut
from nvp.network.adopted.adopt import adopt
from nvp.network.groups import neuron_layers
from nvp.pieces.seen_network import look_inside

EXAMPLES = slice(0, 2)  # so many are enough to see what a network does


def find_watched(network: nn.Module, probe: Probe) -> nn.Module:
    """Return a network whose neurons are known; a plain module is adopted, which changes nothing.

    Args:
        network: adopted, of `NeuronLayer`, any other module, or a parallel or compiled one.
        probe: whose first examples a plain module is adopted with.

    Raises:
        ValueError: it is no module, or has no neurons.
    """
    inside = look_inside(network, "nvp.Monitor")
    if neuron_layers(inside):
        return inside
    return adopt(inside, cut(probe.batches[0], EXAMPLES))
