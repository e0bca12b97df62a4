"""Normalisations: which keep neurons apart, which mix them, and batch norm with a constant behind.

A norm that mixes neurons gives the others other values once one of them is gone. So a masked
network would not equal the one from which its masked neurons are removed.
"""

from torch import Tensor, nn

PER_NEURON = (  # normalise each neuron by itself
    nn.Identity,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.InstanceNorm2d,
)
MIXING = (nn.GroupNorm, nn.LayerNorm, nn.RMSNorm, nn.LocalResponseNorm)
Norm = nn.BatchNorm1d | nn.BatchNorm2d | nn.InstanceNorm2d | nn.LayerNorm | nn.GroupNorm


class Shifted(nn.modules.batchnorm._BatchNorm):
    """psBN: gamma * xhat + beta + c, with a constant c > 0 that is not trained.

    It represents what batch norm does (with a beta that is larger by c). But decay pulls gamma and
    beta to 0 in the same proportion, so under batch norm the sign of gamma * xhat + beta stays, and
    a ReLU that is silent on all images stays silent. Here it is pulled to c > 0: the neuron fires
    again and gets gradients.

    Source: the idea is of Zhou et al., "How Does BN Increase Collapsed Neural Network Filters?",
    2020 (arXiv 2001.11216). Its formula could not be read: this one is derived from its abstract
    ("post-shifted", the same representation, trainable again as parameters saturate), and so are
    the value of c and beta = 0 at the start.
    """

    def __init__(self, width: int, shift: float) -> None:
        super().__init__(width)
        self.shift = shift

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.shift

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, shift={self.shift:g}"


class ShiftedBatchNorm1d(Shifted, nn.BatchNorm1d):
    """psBN of the units of a linear layer."""


class ShiftedBatchNorm2d(Shifted, nn.BatchNorm2d):
    """psBN of the channels of images."""


def absorb_shift(norm: Norm | nn.Identity) -> Norm | nn.Identity:
    """Return a norm of torch's own that computes the same: a constant behind is part of its bias.

    Any other norm is returned as it is.
    """
    if not isinstance(norm, Shifted):
        return norm
    kind = nn.BatchNorm1d if isinstance(norm, nn.BatchNorm1d) else nn.BatchNorm2d
    plain = kind(norm.num_features, norm.eps, norm.momentum).to(norm.weight)
    plain.load_state_dict(norm.state_dict())
    plain.bias.data += norm.shift
    return plain.train(norm.training)
