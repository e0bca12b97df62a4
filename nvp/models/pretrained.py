"""Loading weights of torchvision's ResNets into ours; nothing is downloaded.

The model `resnet50` takes torchvision's ResNet-50, and `resnet18_imagenet` its ResNet-18. The model
`resnet18` takes a ResNet-18 whose stem was changed to 3x3, as is usual for CIFAR. The wrong stem is
refused.
"""

import os
import re
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from nvp.config.registry import shorten_text

MODULES = {  # torchvision's name of a module of the network, or of a block: our name
    "conv1": "stem.affine",
    "bn1": "stem.norm",
    "fc": "head",
    "block.conv1": "first.affine",
    "block.bn1": "first.norm",
    "block.conv2": "second.affine",
    "block.bn2": "second.norm",
    "block.conv3": "third.affine",
    "block.bn3": "third.norm",
    "block.downsample.0": "shortcut.affine",
    "block.downsample.1": "shortcut.norm",
}
OURS = ("keep", "residual_keep")  # buffers that torchvision has none of
OPTIONAL = (*OURS, "num_batches_tracked")  # files of old versions lack it


def load_torchvision(model: nn.Module, weights: dict[str, Tensor], file: str = "") -> None:
    """Copy the parameters and statistics of a torchvision ResNet. Changes `model`.

    A head for another number of classes is skipped: ours stays as it was initialised.

    Args:
        model: built at width 1 with batch norm.
        weights: the state dict.
        file: where it was read from, for messages.

    Raises:
        ValueError: tensors that are missing, unknown, or of another shape.
    """
    own = model.state_dict()
    given = {translate_name(name): tensor for name, tensor in weights.items()}
    if "head.weight" in given and given["head.weight"].shape[0] != own["head.weight"].shape[0]:
        given |= {name: own[name] for name in ("head.weight", "head.bias")}
    missing = {name for name in own if name.rsplit(".", 1)[-1] not in OPTIONAL} - given.keys()
    unknown = given.keys() - {name for name in own if name.rsplit(".", 1)[-1] not in OURS}
    if missing or unknown:
        raise ValueError(
            f"model.weights: expected the tensors of a torchvision ResNet like the model in "
            f"{file!r}; missing {sorted(missing)[:3]}, unknown {sorted(unknown)[:3]} (in our names)"
        )
    for name in [name for name in own if name in given]:
        if given[name].shape != own[name].shape:
            raise ValueError(
                f"model.weights: {name}: expected shape {tuple(own[name].shape)}, "
                f"got {tuple(given[name].shape)} in {file!r}"
            )
    model.load_state_dict(given, strict=False)


def load_module(module: nn.Module, weights: dict[str, Tensor], file: str) -> None:
    """Copy the tensors of a file into somebody's network, by its own names. Changes `module`.

    What has the shape of another number of classes is skipped: it stays as it was initialised.

    Raises:
        ValueError: tensors that are missing or unknown, or several of another shape.
    """
    own = module.state_dict()
    missing, unknown = own.keys() - weights.keys(), weights.keys() - own.keys()
    apart = {name for name in own.keys() & weights.keys() if own[name].shape != weights[name].shape}
    heads = {name.rpartition(".")[0] for name in apart}
    missing = {name for name in missing if name.rsplit(".", 1)[-1] not in OPTIONAL}
    if missing or unknown or len(heads) > 1:
        raise ValueError(
            f"model.weights: expected the tensors of the model in {file!r}; missing "
            f"{sorted(missing)[:3]}, unknown {sorted(unknown)[:3]}, of another shape "
            f"{sorted(apart)[:3]}"
        )
    fitting = {name: tensor for name, tensor in weights.items() if name not in apart}
    module.load_state_dict(fitting, strict=False)


def translate_name(name: str) -> str:
    """Return our name of a tensor of torchvision's ResNets; an unknown name unchanged."""
    module, _, tensor = name.rpartition(".")
    block = re.fullmatch(r"layer(\d)\.(\d+)\.(.+)", module)
    prefix = f"stages.{int(block[1]) - 1}.{block[2]}." if block else ""
    key = f"block.{block[3]}" if block else module
    return f"{prefix}{MODULES[key]}.{tensor}" if key in MODULES else name


def read_weights(file: str) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors or .pth file.

    Raises:
        ValueError: no such file, a file of another type, or one that holds more than tensors. The
            message has one line and names the file.
    """
    path = Path(file)
    # os.path answers for names that no file can have; pathlib raises
    if path.suffix not in (".safetensors", ".pth") or not os.path.isfile(file):
        kind = "another kind of file" if os.path.isfile(file) else "no such file"
        raise ValueError(
            f"model.weights: expected a .safetensors or .pth file, got {shorten_text(repr(file))} "
            f"({'a folder' if os.path.isdir(file) else kind})"
        )
    try:
        found = load_file(path) if path.suffix == ".safetensors" else load_tensors(path)
    except UnpicklingError as error:
        raise ValueError(
            f"model.weights: expected tensors by name in {file!r}, got other objects, or no file "
            "of torch"
        ) from error
    except Exception as error:  # a damaged file makes the readers raise nearly anything
        said = (str(error) or "nothing more is known").splitlines()[0]
        raise ValueError(
            f"model.weights: expected a whole file of tensors by name in {file!r}, got one that "
            f"cannot be read ({type(error).__name__}: {said[:100]})"
        ) from error
    check_tensors(found, file)
    return found


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a .pth file; nothing in it is executed."""
    return torch.load(path, map_location="cpu", weights_only=True)


def check_tensors(found: object, file: str) -> None:
    """Raise ValueError unless `found` is {name: tensor} of finite numbers."""
    if not isinstance(found, dict) or not found:
        raise ValueError(
            f"model.weights: expected tensors by name in {file!r}, got "
            f"{'none' if isinstance(found, dict) else type(found).__name__}"
        )
    for name, tensor in found.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(
                f"model.weights: expected tensors by name in {file!r}, got {name!r} of type "
                f"{type(tensor).__name__}"
            )
        if not bool(torch.isfinite(tensor).all()):
            raise ValueError(
                f"model.weights: expected finite numbers in {file!r}, got nan or inf in {name}"
            )
