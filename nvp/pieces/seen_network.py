"""The network that nvp sees neurons in; where it sees none, what to do about it."""

from torch import nn

from nvp.network.groups import neuron_layers

# where compile, DataParallel and DistributedDataParallel have it; the first answers for what the
# network has, so that an adopted one's `module` would be found in it
AROUND = ("_orig_mod", "module")


def find_seen_network(network: nn.Module, what: str) -> nn.Module:
    """Return the network itself, or the one that a parallel or compiled module runs.

    Args:
        network: adopted, or built of `NeuronLayer`, or a module around such a network.
        what: the function that asks, for the error.

    Raises:
        ValueError: it has no neurons that nvp sees.
    """
    inside = look_inside(network, what)
    if not neuron_layers(inside):
        raise ValueError(
            f"{what}: nvp sees no neurons in this {type(inside).__name__}: adopt it first, with "
            f"the inputs of one forward pass: network = nvp.adopt(model, example); {what}(network, "
            "...)"
        )
    return inside


def look_inside(network: nn.Module, what: str) -> nn.Module:
    """Return the network itself, or the one that a parallel or compiled module runs.

    Raises:
        ValueError: it is no module.
    """
    if not isinstance(network, nn.Module):
        raise ValueError(f"{what}: expected a torch.nn.Module, got {type(network).__name__}")
    inside = network
    while isinstance(inside, nn.parallel.DataParallel | nn.parallel.DistributedDataParallel) or (
        hasattr(inside, "_orig_mod")
    ):
        inside = next(getattr(inside, name) for name in AROUND if hasattr(inside, name))
    return inside
