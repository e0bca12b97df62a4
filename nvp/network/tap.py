"""The tap: one way to see, and to replace, what the neurons of any network put out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

from torch import Tensor, nn

from nvp.config.seed import kept_streams
from nvp.network.adopted.adopted import Adopted
from nvp.network.adopting.activations import Call, watch_activations
from nvp.network.adopting.anatomy import Site
from nvp.network.adopting.example import find_tensors
from nvp.network.groups import neuron_layers
from nvp.network.neuron_layer import NeuronLayer

See = Callable[[str, Tensor], Tensor | None]


@contextmanager
def tap(model: nn.Module, see: See, *, training: bool = False) -> Iterator[None]:
    """Call `see(path, output)` after each layer of neurons in forward passes, for a while.

    Outputs are shown as (images, neurons, *positions). What `see` returns takes the place of the
    output, with its gradient; None leaves it.

    Args:
        model: built of `NeuronLayer`, or adopted; it is left without a hook.
        see: shows or replaces.
        training: the forward passes are those of training, whose draws from the global streams
            count; otherwise these streams are put back for an adopted network.
    """
    if isinstance(model, Adopted):
        devices = {p.device.index for p in model.parameters() if p.is_cuda}
        with nullcontext() if training else kept_streams([*devices]), tap_adopted(model, see):
            yield
        return
    handles = [
        layer.register_forward_hook(partial(show_output, see, path, layer))
        for path, layer in neuron_layers(model).items()
        if isinstance(layer, NeuronLayer)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def show_output(
    see: See, path: str, layer: NeuronLayer, module: nn.Module, args: object, output: Tensor
) -> Tensor | None:
    """Show `see` the output of a layer, as a forward hook; what it returns is the output."""
    shown = layer.by_neuron(output)
    replacement = see(path, shown)
    if replacement is None or shown is output:
        return replacement
    return replacement.flatten(1, 2)


@contextmanager
def tap_adopted(model: Adopted, see: See) -> Iterator[None]:
    """Do what `tap` does for an adopted network: its neurons are calls of activation functions."""
    spots = {(s.module, s.call): (path, s) for path, s in model.anatomy.layers.items()}
    images = [0]  # of the forward pass that runs

    def count_images(module: nn.Module, args: object, kwargs: object) -> None:
        tensors = find_tensors((args, kwargs))
        images[0] = len(tensors[0]) if tensors and tensors[0].dim() else 0

    def see_call(call: Call, output: Tensor) -> Tensor | None:
        if (call.module, call.number) not in spots:
            return None
        path, spot = spots[call.module, call.number]
        shown = bring_neurons(output, spot, images[0])
        replacement = see(path, shown)
        return None if replacement is None else take_back(replacement, spot, output)

    handle = model.register_forward_pre_hook(count_images, with_kwargs=True)
    try:
        with watch_activations(model.module, see_call):
            yield
    finally:
        handle.remove()


def bring_neurons(output: Tensor, spot: Site, images: int) -> Tensor:
    """Return an output as (images, neurons, *positions).

    Rows of one image that lie one after another along the images, as windows do, are positions.
    """
    shown = output.movedim((spot.batch, spot.dim), (0, 1))
    if images and len(shown) > images and not len(shown) % images:
        return shown.unflatten(0, (images, -1)).movedim(1, 2)
    return shown


def take_back(shown: Tensor, spot: Site, output: Tensor) -> Tensor:
    """Return what `bring_neurons` made of an output, in the output's own shape."""
    if shown.dim() > output.dim():
        shown = shown.movedim(2, 1).flatten(0, 1)
    return shown.movedim((0, 1), (spot.batch, spot.dim))
