"""`nvp.observe`: what each neuron of a network does over some inputs."""

from typing import Any

from torch import nn

from nvp.config.seed import kept_streams
from nvp.pieces.batches import move_inputs, read_batches
from nvp.pieces.seen_network import find_seen_network
from nvp.vitality.observe import Observation, observe_batches

WHAT = "nvp.observe"


def observe(
    network: nn.Module, images: Any, *, bins: int = 32, duplicates: float = 0.0
) -> Observation:
    """Return the activity of every neuron over `images`; the network stays as it was.

    It runs in eval mode and without gradients. `layers` of the result has, for each layer by its
    path, the statistics of its neurons; `nvp.vitality.judge_deaths` says which of them are dead.

    Args:
        network: adopted, or built of `NeuronLayer`.
        images: inputs as the network takes them: a tensor, a DataLoader, or any iterable of
            batches, each a tensor, (inputs, labels) or a mapping of named arguments.
        bins: histogram bins of the entropy.
        duplicates: correlation above which a neuron is a `duplicate` of an earlier one of its
            layer, usually .95; 0 = not measured.

    Raises:
        ValueError: nvp sees no neurons in the network, there are no images, or `duplicates` is
            outside [0, 1) or asked of a layer of more than 2,048 neurons.
    """
    if not 0 <= duplicates < 1:
        raise ValueError(f"{WHAT}: expected duplicates >= 0 and < 1, got {duplicates!r}")
    seen = find_seen_network(network, WHAT)
    with kept_streams():  # a DataLoader draws from the global streams
        batches = move_inputs(read_batches(images, WHAT), seen)
        return observe_batches(seen, batches, bins=bins, duplicates=duplicates)
