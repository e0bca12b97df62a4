"""Fashion-MNIST: 55,000 train, 5,000 val, 10,000 test grey images, 28x28, through torchvision.

Source: Xiao et al., "Fashion-MNIST: a novel image dataset for benchmarking", 2017.
"""

from nvp.data.sets.torchvision_sets import make_set

FASHION_MNIST = make_set(
    "FashionMNIST",
    image_shape=(1, 28, 28),
    num_classes=10,
    num_train=55000,
    mean=(0.2860,),
    std=(0.3530,),
)
