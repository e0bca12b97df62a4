"""MNIST: 55,000 train, 5,000 val, 10,000 test grey images, 28x28, through torchvision.

Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998.
"""

from nvp.data.sets.torchvision_sets import make_set

MNIST = make_set(
    "MNIST",
    image_shape=(1, 28, 28),
    num_classes=10,
    num_train=55000,
    mean=(0.1307,),
    std=(0.3081,),
)
