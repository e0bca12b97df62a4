"""The network that a monitor watches: an own one, an adopted one, or a plain module's."""

from collections.abc import Mapping

import torch
from torch import nn

from nvp.config.dotted_names import explain_failure
from nvp.config.memory import is_out_of_memory
from nvp.monitor.probe import Probe, cut
from nvp.network.adopted.adopt import adopt
from nvp.network.adopting.undisturbed import undisturbed
from nvp.network.groups import neuron_layers
from nvp.network.precision import Inputs, run_forward
from nvp.pieces.batches import bring_to
from nvp.pieces.seen_network import look_inside

EXAMPLES = slice(0, 2)  # so many are enough to see what a network does


def find_watched(network: nn.Module, probe: Probe) -> nn.Module:
    """Return a network whose neurons are known; a plain module is adopted, which changes nothing.

    Args:
        network: adopted, of `NeuronLayer`, any other module, or a parallel or compiled one.
        probe: whose first examples a plain module is adopted with.

    Raises:
        ValueError: it is no module, has no neurons, or does not take the probe.
    """
    inside = look_inside(network, "nvp.Monitor")
    inputs = bring_to(
        cut(probe.batches[0], EXAMPLES), next(inside.parameters(), torch.ones(())).device
    )
    check_probe(inside, inputs)
    return inside if neuron_layers(inside) else adopt(inside, inputs)


def check_probe(network: nn.Module, inputs: Inputs) -> None:
    """Raise ValueError in one line where a network cannot run over examples of the probe."""
    try:
        with undisturbed(network):
            run_forward(network, inputs, "float32")
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        if is_out_of_memory(error):
            raise
        raise ValueError(
            f"probe: expected inputs that {type(network).__name__} takes, got {describe(inputs)}: "
            f"{explain_failure(error)}"
        ) from error


def describe(inputs: Inputs) -> str:
    """Return the shape and the type of inputs, each by its name where they have names."""
    if isinstance(inputs, Mapping):
        return ", ".join(f"{key}: {describe(value)}" for key, value in inputs.items())
    kind = str(inputs.dtype).removeprefix("torch.")
    return f"{kind} of ({', '.join(['n', *map(str, inputs.shape[1:])])})"
