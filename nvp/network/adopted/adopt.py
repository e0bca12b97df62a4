"""`nvp.adopt`: from any module to a network whose neurons can be watched, masked and removed."""

from typing import Any

from torch import nn

from nvp.network.adopted.adopted import Adopted
from nvp.network.adopting.example import Example, find_tensors, make_example
from nvp.network.adopting.undisturbed import count_operations
from nvp.network.neuron_layer import NeuronLayer

COMPILED = "OptimizedModule"  # by its name, because its class takes seconds to import


def adopt(model: nn.Module, example: Any) -> Adopted:
    """Return a network that holds `model` and knows its neurons; no output changes.

    The model stays the same object, with the same parameters: `network.module` is it. What was
    found is `network.layers`. Train and use the network as you would the model.

    Args:
        model: any module.
        example: inputs of one forward pass: a tensor, a tuple of arguments, or a mapping of named
            arguments. Its shape counts, and hardly its values.

    Raises:
        ValueError: it is adopted already, compiled, built of nvp's own layers, or nothing in it is
            a neuron; or its forward pass fails on the example.
    """
    if isinstance(model, Adopted):
        raise ValueError("adopt: expected a module that is not adopted yet, got an adopted network")
    if not isinstance(model, nn.Module):
        raise ValueError(f"adopt: expected a torch.nn.Module, got {type(model).__name__}")
    if any(is_compiled(module) for module in model.modules()):
        raise ValueError(
            f"adopt: expected a network that is not compiled, got {type(model).__name__}, because "
            "nvp looks into its forward passes: adopt the network itself, then compile what comes "
            "back, compiled = torch.compile(network), and give nvp either of the two"
        )
    if any(isinstance(module, NeuronLayer) for module in model.modules()):
        raise ValueError(
            f"adopt: {type(model).__name__} is built of NeuronLayer, so nvp sees its neurons "
            "already: give it to nvp.observe, nvp.prune or nvp.Monitor as it is"
        )
    from nvp.network.adopting.finding import find_anatomy  # here: scipy.sparse takes 0.2 s

    anatomy = find_anatomy(model, example)
    if not anatomy.layers:
        raise ValueError(
            f"adopt: found no neurons in {type(model).__name__}: its forward pass on the example "
            "calls no activation function (relu, gelu, silu, tanh, ...) on what a layer puts out"
        )
    return Adopted(model, anatomy, dense_flops=count_flops(model, make_example(example)))


def is_compiled(module: nn.Module) -> bool:
    """Whether a module came from `torch.compile`, or its own `compile` was called."""
    return type(module).__name__ == COMPILED or module._compiled_call_impl is not None


def count_flops(model: nn.Module, example: Example) -> int:
    """Return the operations of one image of the example: of maps and products."""
    count = count_operations(model, lambda: example.run(model))
    return count // len(find_tensors((example.args, example.kwargs))[0])
