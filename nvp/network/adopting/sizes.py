"""What modules say about their size, set anew after their parameters were cut."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd


def set_sizes(module: nn.Module) -> None:
    """Set a module's sizes to those of its parameters. Changes the module.

    What it says about groups must still be of before the cut: a group keeps its size.
    """
    for kind, rule in RULES.items():
        if isinstance(module, kind):
            rule(module)
    if type(module).__name__ == "Conv1D" and hasattr(module, "nf"):  # of transformers: (in, out)
        module.nx, module.nf = module.weight.shape  # type: ignore[union-attr, misc, assignment]


def set_convolution(module: Any) -> None:
    """Set the sizes of a convolution; a grouped one has lost whole groups."""
    rows, columns = module.weight.shape[:2]
    if module.transposed:
        if module.groups > 1:
            module.groups = rows // (module.in_channels // module.groups)
        module.in_channels, module.out_channels = rows, columns * module.groups
    else:
        if module.groups > 1:
            module.groups = rows // (module.out_channels // module.groups)
        module.in_channels, module.out_channels = columns * module.groups, rows


def set_group_norm(module: Any) -> None:
    """Set the sizes of a GroupNorm; it has lost whole groups."""
    each = module.num_channels // module.num_groups
    module.num_channels = len(module.weight)
    module.num_groups = module.num_channels // each


def set_channel_norm(module: Any) -> None:
    """Set the size of a BatchNorm or InstanceNorm."""
    own = module.weight if module.weight is not None else module.running_mean
    if isinstance(own, Tensor):
        module.num_features = len(own)


def set_layer_norm(module: Any) -> None:
    """Set the shape of a LayerNorm or RMSNorm."""
    module.normalized_shape = tuple(module.weight.shape)


def set_linear(module: Any) -> None:
    """Set the sizes of a linear map."""
    module.out_features, module.in_features = module.weight.shape


def set_embedding(module: Any) -> None:
    """Set the sizes of an embedding."""
    module.num_embeddings, module.embedding_dim = module.weight.shape


def set_prelu(module: Any) -> None:
    """Set the size of a PReLU."""
    module.num_parameters = len(module.weight)


RULES: dict[type[nn.Module], Callable[[Any], None]] = {
    _ConvNd: set_convolution,
    nn.GroupNorm: set_group_norm,
    _NormBase: set_channel_norm,
    nn.LayerNorm: set_layer_norm,
    nn.RMSNorm: set_layer_norm,
    nn.Linear: set_linear,
    nn.Embedding: set_embedding,
    nn.PReLU: set_prelu,
}
