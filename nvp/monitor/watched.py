"""The network that a monitor watches: an own one, an adopted one, or a plain module's."""

from torch import nn

from nvp.monitor.probe import Probe
from nvp.network.groups import neuron_layers


def find_watched(network: nn.Module, probe: Probe) -> nn.Module:
    """Return a network whose neurons are known.

    Raises:
        ValueError: it has no neurons.
    """
    if not isinstance(network, nn.Module):
        raise ValueError(f"network: expected a torch module, got the {type(network).__name__}")
    if not neuron_layers(network):
        raise ValueError("network: expected a network with neurons, got one without NeuronLayers")
    return network
