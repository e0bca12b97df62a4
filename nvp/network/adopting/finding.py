"""Finding the neurons of any network, and what belongs to each of them."""

import logging
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from nvp.network.adopting.activations import GATES, Call, watch_activations
from nvp.network.adopting.anatomy import Anatomy, Heads
from nvp.network.adopting.checking import check_by_removal
from nvp.network.adopting.example import Example, find_tensors, make_example
from nvp.network.adopting.flow.batch import find_batch_dims
from nvp.network.adopting.flow.labelled_pass import LabelledPass
from nvp.network.adopting.flow.layers import Seen, make_anatomy, seen_at
from nvp.network.adopting.flow.slot_table import SlotTable
from nvp.network.adopting.flow.trails import Trail
from nvp.network.adopting.undisturbed import undisturbed

OUTPUT = "they are outputs of the network"
log = logging.getLogger(__name__)


def find_anatomy(network: nn.Module, example: Any) -> Anatomy:
    """Return the layers of neurons of a network, and the units that can be removed.

    The network is left as it was: its parameters, buffers, modes and gradients, and the random
    state.

    Args:
        network: any module; its forward pass runs once in eval mode with labels, and then some
            times for the check of what was found.
        example: its inputs: a tensor, a tuple of arguments, or a mapping of named arguments.
    """
    inputs = make_example(example)
    table = SlotTable(network)
    seen, heads = follow(network, inputs, table)
    if any(name not in table.used for name, _ in network.named_parameters()):
        follow_in_training(network, inputs, table)
    batch = find_batch_dims(network, inputs, seen)
    anatomy = replace(make_anatomy(table, seen, batch), heads=heads)
    return check_by_removal(network, inputs, anatomy)


def follow(
    network: nn.Module, example: Example, table: SlotTable, *, training: bool = False
) -> tuple[list[Seen], dict[str, Heads]]:
    """Run one labelled pass; return the calls with neurons, and the heads. Changes `table`."""
    found: list[tuple[int, Seen]] = []

    def see(call: Call, output: Tensor) -> None:
        trail = flow.trail(output)
        if trail is None or not bool(trail.slots.any()):
            return
        if call.function in GATES:
            flow.trails.put(output, Trail(trail.slots, trail.depth, trail.norm, len(calls)))
        calls.append(call)
        if one := seen_at(call, trail):
            found.append((len(calls) - 1, one))

    calls: list[Call] = []
    shape = find_tensors((example.args, example.kwargs))[0].shape
    with undisturbed(network, training=training), watch_activations(network, see) as path:
        with LabelledPass(table, path, [*shape, 1][0]) as flow:
            outputs = example.run(network)
        for tensor in find_tensors(outputs):
            if trail := flow.trail(tensor):
                table.flag(trail.slots, OUTPUT)
    return [one for number, one in found if number not in flow.gates], flow.heads.found


def follow_in_training(network: nn.Module, example: Example, table: SlotTable) -> None:
    """Find what reads units in train mode only, as auxiliary outputs do. Changes `table`."""
    try:
        follow(network, example, table, training=True)
    except Exception as error:  # whatever a forward pass raises that wants more in train mode
        log.warning(
            "%s has parameters that its forward pass in eval mode does not use, and in train mode "
            "it fails on the example (%s: %s): what reads units in train mode only is not known",
            *(type(network).__name__, type(error).__name__, str(error).partition("\n")[0]),
        )
