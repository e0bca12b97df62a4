"""`nvp.observe`: what each neuron of a network does over some inputs."""

from typing import Any

from torch import nn

from nvp.config.seed import kept_streams
from nvp.pieces.batches import move_inputs, read_batches
from nvp.pieces.seen_network import find_seen_network
from nvp.vitality.observe import Observation, observe_batches

WHAT = "nvp.observe"


def observe(network: nn.Module, images: Any, *, bins: int = 32) -> Observation:
    """Return the activity of every neuron over `images`; the network stays as it was.

    It runs in eval mode and without gradients. `layers` of the result has, for each layer by its
    path, the statistics of its neurons; `nvp.vitality.judge_deaths` says which of them are dead.

    Args:
        network: adopted, or built of `NeuronLayer`.
        images: inputs as the network takes them: a tensor, a DataLoader, or any iterable of
            batches, each a tensor, (inputs, labels) or a mapping of named arguments.
        bins: histogram bins of the entropy.

    Raises:
        ValueError: nvp sees no neurons in the network, or there are no images.
    """
    seen = find_seen_network(network, WHAT)
    with kept_streams():  # a DataLoader draws from the global streams
        return observe_batches(seen, move_inputs(read_batches(images, WHAT), seen), bins=bins)
