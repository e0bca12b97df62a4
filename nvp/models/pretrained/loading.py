"""How tensors get into a network: by the names of its own, or of torchvision's ResNets.

The model `resnet50` takes torchvision's ResNet-50, and `resnet18_imagenet` its ResNet-18. The model
`resnet18` takes a ResNet-18 whose stem was changed to 3x3, as is usual for CIFAR. The wrong stem is
refused.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.own import GreyAsColour
from nvp.models.pretrained.naming import find_source
from nvp.models.pretrained.tensors import read_weights
from nvp.models.pretrained.timm_weights import read_timm_weights
from nvp.network.adopted.adopted import Adopted

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
AUXILIARY = ("aux", "Aux")  # heads that only help to train; what begins so may be left out


def load_weights(model: nn.Module, config: ModelConfig, file: Path, num_classes: int) -> str:
    """Copy the tensors of a file into a network. Changes `model`.

    Args:
        model: as it was initialised.
        config: `model.weights` says what the file has, and `model.name` whose network it is.
        file: where it is on this machine.
        num_classes: logits of the network.

    Returns:
        the classifier that stays as it was initialised, because the file has one for another number
        of classes; "" when all is from the file.

    Raises:
        ValueError: a file that cannot be read, or does not fit; in one line.
    """
    source = find_source(config)
    if source.architecture:
        tensors = read_timm_weights(source, config, file)
    else:
        tensors = read_weights(str(file))
    if not isinstance(model, Adopted):
        return load_torchvision(model, tensors, str(file))
    inner = model.module
    inner = inner.network if isinstance(inner, GreyAsColour) else inner
    return load_module(inner, tensors, str(file), num_classes)


def load_torchvision(model: nn.Module, weights: Mapping[str, Tensor], file: str = "") -> str:
    """Copy the parameters and statistics of a torchvision ResNet. Changes `model`.

    A head for another number of classes is skipped: ours stays as it was initialised.

    Args:
        model: built at width 1 with batch norm.
        weights: the state dict.
        file: where it was read from, for messages.

    Returns:
        "head" when it was skipped, else "".

    Raises:
        ValueError: tensors that are missing, unknown, or of another shape.
    """
    own = model.state_dict()
    given = {translate_name(name): tensor for name, tensor in weights.items()}
    skipped = ""
    if "head.weight" in given and given["head.weight"].shape[0] != own["head.weight"].shape[0]:
        given |= {name: own[name] for name in ("head.weight", "head.bias")}
        skipped = "head"
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
    return skipped


def load_module(
    module: nn.Module, weights: Mapping[str, Tensor], file: str, num_classes: int
) -> str:
    """Copy the tensors of a file into somebody's network, by its own names. Changes `module`.

    A classifier for another number of classes is skipped: it stays as it was initialised. It is
    the only module that may differ, and in its number of rows alone.

    Returns:
        that classifier's path; "" when all is from the file.

    Raises:
        ValueError: tensors that are missing or unknown, or others of another shape.
    """
    own = module.state_dict()
    given = {name: tensor for name, tensor in rename_old(weights, own).items()
             if name in own or not is_auxiliary(name, module)}  # fmt: skip
    missing, unknown = own.keys() - given.keys(), given.keys() - own.keys()
    missing = {name for name in missing if name.rsplit(".", 1)[-1] not in OPTIONAL}
    apart = {name for name in own.keys() & given.keys() if own[name].shape != given[name].shape}
    heads = {name.rpartition(".")[0] for name in apart}
    rows = all(own[n].shape == (num_classes, *given[n].shape[1:]) for n in apart)
    if missing or unknown or len(heads) > 1 or not rows:
        shapes = [f"{n} {tuple(given[n].shape)} for {tuple(own[n].shape)}" for n in sorted(apart)]
        raise ValueError(
            f"model.weights: expected the tensors of the model in {file!r}; missing "
            f"{sorted(missing)[:3]}, unknown {sorted(unknown)[:3]}, of another shape "
            f"[{', '.join(shapes[:3])}]"
        )
    module.load_state_dict({n: given[n] for n in given if n not in apart}, strict=False)
    return "".join(heads)


def rename_old(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors by the names of a network, which old files spell with more dots (`norm.1`)."""
    plain = {name.replace(".", ""): name for name in own}
    if len(plain) < len(own):  # two names would be one
        return dict(weights)
    found = {name: plain.get(name.replace(".", ""), name) for name in weights if name not in own}
    return {found.get(name, name): tensor for name, tensor in weights.items()}


def is_auxiliary(name: str, module: nn.Module) -> bool:
    """Whether a tensor is of a head that only helps to train, which a network was built without."""
    first = name.partition(".")[0]
    return first.startswith(AUXILIARY) and getattr(module, first, None) is None


def translate_name(name: str) -> str:
    """Return our name of a tensor of torchvision's ResNets; an unknown name unchanged."""
    module, _, tensor = name.rpartition(".")
    block = re.fullmatch(r"layer(\d)\.(\d+)\.(.+)", module)
    prefix = f"stages.{int(block[1]) - 1}.{block[2]}." if block else ""
    key = f"block.{block[3]}" if block else module
    return f"{prefix}{MODULES[key]}.{tensor}" if key in MODULES else name
