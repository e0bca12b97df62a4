"""Laws of a model as it is built: its logits, its initial weights, its layers, and watching it."""

import torch
from torch import nn

from nvp.data.splits import Images
from nvp.network.groups import maskable_layers, neuron_layers
from nvp.network.neuron_layer import Shortcut
from nvp.network.own_networks.own_network import check_own_network
from nvp.testing.law import BrokenLaw, expect
from nvp.testing.model_case import ModelCase, watch_outputs
from nvp.testing.side_effects import expect_no_side_effects
from nvp.vitality import observe_images


def one_finite_logit_a_class_for_every_image(case: ModelCase) -> None:
    """The network returns (images, classes) logits, none of them infinite or NaN."""
    logits = case.make()(case.images(4))
    wanted = (4, case.num_classes)
    expect(logits.shape == wanted, f"logits of shape {wanted}", tuple(logits.shape))
    wrong = int((~logits.isfinite()).sum())
    expect(wrong == 0, "finite logits", f"{wrong} of {logits.numel()} that are not")


def the_initial_weights_are_of_the_seed_alone(case: ModelCase) -> None:
    """The same seed gives the same weights whatever was drawn before, another seed others."""
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = case.make(3)
    kept = torch.equal(torch.get_rng_state(), before)
    expect(kept, "torch's random state to be left as it was", "another one")
    torch.manual_seed(6)
    two, other = case.make(3), case.make(4)
    moved = [n for n, p in one.named_parameters() if not torch.equal(p, two.get_parameter(n))]
    expect(not moved, "the same weights for the same seed", f"others in {', '.join(moved)}")
    matrices = [n for n, p in one.named_parameters() if p.dim() > 1]
    same = [n for n in matrices if torch.equal(one.get_parameter(n), other.get_parameter(n))]
    expect(not same, "other weights for another seed", f"the same in {', '.join(same)}")


def its_layers_are_found_in_the_order_of_the_forward_pass(case: ModelCase) -> None:
    """The model has neurons, and declares its layers in the order in which it calls them."""
    model = case.make()
    layers = list(neuron_layers(model))
    expect(bool(layers), "layers of neurons (nvp.network.neuron_layer.NeuronLayer)", "none")
    _, seen = watch_outputs(model, case.images(2))
    called = [path for path in seen if not isinstance(model.get_submodule(path), Shortcut)]
    expect(called == layers, f"calls in the order of declaration, {layers}", called)


def reads_names_who_reads_whom(case: ModelCase) -> None:
    """What the model declares in `reads` is what a forward pass shows."""
    model = case.make()
    try:
        check_own_network(model, case.image_shape)
    except ValueError as error:
        raise BrokenLaw(str(error)) from None
    unread = set(maskable_layers(model)) - declared_layers(model)
    expect(not unread, "an entry of `reads` for who reads each layer", f"none for {sorted(unread)}")


def declared_layers(model: nn.Module) -> set[str]:
    """Return the paths of the layers that somebody reads; all, when the model declares no reader.

    A model without `reads` is masked and never removed, which is allowed.
    """
    layers, reads = maskable_layers(model), getattr(model, "reads", {})
    groups = set(reads.values())
    return {path for path, layer in layers.items() if not reads or (layer.group or path) in groups}


def observing_leaves_it_as_it_was(case: ModelCase) -> None:
    """Observing moves no weight, buffer, gradient, mode or random state, and leaves no hook."""
    for training in case.modes:
        model = case.make().train(training)
        with expect_no_side_effects(model):
            observe_images(model, random_images(case), bins=8)


def random_images(case: ModelCase, count: int = 24) -> Images:
    """Return images of noise, always the same."""
    rng = torch.Generator().manual_seed(2)
    shape = (count, *case.image_shape)
    pixels = torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)
    channels = case.image_shape[0]
    labels = torch.arange(count) % case.num_classes
    return Images(pixels, labels, (0.5,) * channels, (0.25,) * channels)
