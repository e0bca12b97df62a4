"""What a user's network must be, so that a study can train it; said before anything starts."""

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from nvp.config.dotted_names import explain_failure
from nvp.config.memory import is_out_of_memory
from nvp.config.own_settings import describe_value
from nvp.network.adopted.adopt import is_compiled
from nvp.network.adopting.undisturbed import undisturbed


def check_trainable(name: str, model: nn.Module) -> None:
    """Raise ValueError for a network that is compiled, or has nothing that a trial can train."""
    check_modules(name, model)
    parameters = dict(model.named_parameters())
    for path, parameter in parameters.items():
        check_parameter(name, path, parameter)
    if parameters and not any(parameter.requires_grad for parameter in parameters.values()):
        raise ValueError(
            f"model.name: expected a network with some parameter that is trained, and all of "
            f"{name} are frozen (requires_grad is False)"
        )


def check_modules(name: str, model: nn.Module) -> None:
    """Raise ValueError for a network that is compiled or quantised."""
    if any(is_compiled(module) for module in model.modules()):
        raise ValueError(
            f"model.name: expected a network that is not compiled, and {name} returns one of "
            "torch.compile: return the network itself, because nvp looks into its forward passes"
        )
    for path, module in model.named_modules():
        if ".quantized" in type(module).__module__:  # of torch.ao: whole numbers
            raise ValueError(
                f"model.name: expected a network that can be trained, and {path or 'all'} of "
                f"{name} is quantised ({type(module).__name__}), so that no gradient goes through "
                "it: return the network as it is before that, and quantise what nvp exports"
            )


def check_parameter(name: str, path: str, parameter: nn.Parameter) -> None:
    """Raise ValueError for a parameter without a shape or entries, or of another type."""
    if isinstance(parameter, UninitializedParameter):
        raise ValueError(
            f"model.name: expected a network whose parameters have their shapes, and {path} of "
            f"{name} is of a lazy module: call the network once on an example in the function "
            "that returns it, or write the number of inputs"
        )
    if parameter.is_meta and not torch.empty(0).is_meta:  # not while only its size is asked
        raise ValueError(
            f"model.name: expected a network whose parameters have entries, and {path} of "
            f"{name} is on the meta device: make it on the CPU, or give it entries with "
            "network.to_empty(device='cpu') and draw them"
        )
    if parameter.dtype != torch.float32:
        raise ValueError(
            f"model.name: expected a network of float32, and {path} of {name} is "
            f"{str(parameter.dtype).removeprefix('torch.')}: return network.float() "
            "(`precision` sets that of the computation)"
        )


def check_new(name: str, model: nn.Module, again: nn.Module) -> None:
    """Raise ValueError for a function whose second call returns a parameter of the first."""
    seen = {id(parameter) for parameter in model.parameters()}
    for path, parameter in again.named_parameters():
        if id(parameter) in seen:
            raise ValueError(
                f"model.name: expected {name} to build a new network each time, and two calls "
                f"return the same {path}, so that one trial would train the weights of another: "
                "make the network inside the function"
            )


def check_logits(name: str, model: nn.Module, example: Tensor, num_classes: int) -> None:
    """Raise ValueError for a network that cannot take these images, or has other outputs."""
    shape = "x".join(map(str, example.shape[1:]))
    trained = any(parameter.requires_grad for parameter in model.parameters())
    # some put out more while they train; some lose the dimension of the images where it is one
    for training, images in ((False, example), (True, example), (False, example[:1])):
        try:
            with undisturbed(model, training=training), torch.set_grad_enabled(training):
                logits = model(images)
        except Exception as error:  # whatever the user's network raises
            if is_out_of_memory(error):
                raise
            raise ValueError(
                f"model.name: expected a network that takes images of {shape}, but the forward "
                f"pass of {name} fails: {explain_failure(error)}{describe_tokens(model)}"
            ) from error
        if not isinstance(logits, Tensor) or logits.shape != (len(images), num_classes):
            got = tuple(logits.shape) if isinstance(logits, Tensor) else describe_value(logits)
            of = f"each of {len(images)} images" if len(images) > 1 else "a single image"
            raise ValueError(
                f"model.name: expected {name} to put out a tensor of {num_classes} logits for "
                f"{of}, got {got}{' in training mode' * training}"
            )
        if training and trained and not logits.requires_grad:
            raise ValueError(
                f"model.name: expected logits of {name} that have a gradient in training mode, and "
                "no parameter gets one: its forward pass runs under torch.no_grad(), or detaches; "
                "let it compute with gradients"
            )


def describe_tokens(model: nn.Module) -> str:
    """Return what works for a network that embeds tokens; "" for any other."""
    if not any(isinstance(module, nn.Embedding) for module in model.modules()):
        return ""
    return (
        "; a study trains on images: a network of text is adopted, observed and monitored in a "
        "loop of your own (nvp.adopt, nvp.observe, nvp.Monitor)"
    )
