"""Concatenated ReLU: a neuron puts out relu(z) and relu(-z), one beside the other.

Its outputs are channels 2 j and 2 j + 1 of the layer's, so that what reads neuron j lies side by
side, as the positions of a feature map do behind a flattening. A neuron is the pair: it is masked
and removed as one, and it is dead where z is 0 for all inputs, since else one of the two fires.

Source: Shang et al., "Understanding and improving convolutional neural networks via concatenated
rectified linear units", 2016; Abbas et al., "Loss of plasticity in continual deep reinforcement
learning", 2023 (against the loss of plasticity).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ConcatenatedReLU(nn.Module):
    """(n, f, *positions) -> (n, 2 f, *positions)."""

    outputs_of_neuron = 2

    def forward(self, z: Float[Tensor, "n f *positions"]) -> Float[Tensor, "n g *positions"]:
        return torch.stack((torch.relu(z), torch.relu(-z)), 2).flatten(1, 2)
