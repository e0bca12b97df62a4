"""CIFAR-10: 45,000 train, 5,000 val, 10,000 test colour images, 32x32, through torchvision.

Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from nvp.data.sets.torchvision_sets import make_set

CIFAR10 = make_set(
    "CIFAR10",
    image_shape=(3, 32, 32),
    num_classes=10,
    num_train=45000,
    mean=(0.4914, 0.4822, 0.4465),
    std=(0.2470, 0.2435, 0.2616),
)
