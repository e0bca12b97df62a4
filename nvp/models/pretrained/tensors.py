"""Reading the tensors of a file; nothing in it is executed."""

import os
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors.torch import load_file
from torch import Tensor

from nvp.config.registry import shorten_text


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
