"""The section `model` of a trial's configuration."""

from dataclasses import dataclass

from nvp.config.extra import Extra
from nvp.config.fields import Settings, open_settings, setting

# settings of `model.*` that a model does not read
UNREAD_BY_MODELS = {"vit": ("model.norm", "model.norm_groups", "model.norm_shift")}
OWN_BIAS = -100.0  # of `init_bias`: a value that nobody means, since a bias may be negative


@dataclass(frozen=True, kw_only=True)
class ModelConfig(Settings):
    """Which network."""

    name: str = setting("convnet", "architecture, a name in MODELS")
    activation: str = setting(
        "relu", "activation function, a name in ACTIVATIONS, or crelu (mlp, lenet300, convnet)"
    )
    slope: float = setting(0.01, "negative slope of leaky_relu", low=0, below=1)
    width: float = setting(1.0, "layer widths as a multiple of the published ones", above=0)
    depth: int = setting(
        0, "hidden layers (vit: blocks), of mlp, lenet300, convnet, vgg and vit; 0 = its own", low=0
    )
    norm: str = setting(
        "batch",
        "normalisation after each affine map; layer: over the neurons of a layer, group: over "
        "groups of them, psbn: batch, and a constant behind it",
        choices=("batch", "layer", "group", "none", "psbn"),
    )
    norm_scale: float = setting(1.0, "factor on the initial scales of normalisation", above=0)
    norm_groups: int = setting(
        0, "group: groups of a layer; 0 = as many as have 4 neurons or more, at most 32", low=0
    )
    norm_shift: float = setting(0.1, "psbn: the constant behind batch normalisation", above=0)
    init: str = setting(
        "",
        "law of the initial weights of all convolutions and linear maps, biases are 0 (torch: of "
        "the same law); '' = the architecture's own, which is torch's in nvp's own layers",
        choices=("", "torch", "kaiming", "xavier", "orthogonal"),
    )
    init_bias: float = setting(
        OWN_BIAS,
        "initial bias of every neuron, which is the shift of its normalisation where it has one; "
        "-100 = of the law of the weights",
        low=OWN_BIAS,
        high=-OWN_BIAS,
    )
    weights: str = setting(
        "",
        "weights to start from: torchvision:NAME, timm:TAG, a URL, or a .safetensors or .pth file; "
        "the name is part of the trial's, the file's hash is in its row; '' = random",
    )
    extra: Extra = open_settings("a function of model.name or model.activation")
