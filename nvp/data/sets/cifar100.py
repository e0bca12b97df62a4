"""CIFAR-100: 45,000 train, 5,000 val, 10,000 test colour images, 32x32, through torchvision.

Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
"""

from nvp.data.sets.torchvision_sets import make_set

CIFAR100 = make_set(
    "CIFAR100",
    image_shape=(3, 32, 32),
    num_classes=100,
    num_train=45000,
    mean=(0.5071, 0.4865, 0.4409),
    std=(0.2673, 0.2564, 0.2762),
)
