"""digits: 1,797 real 8x8 grey images, embedded in scikit-learn. 1,400 train, 197 val, 200 test.

Source: Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI, 1998.
"""

from pathlib import Path

import numpy as np
import torch

from nvp.data.data_set import DataSet
from nvp.data.splits import Images, Splits, draw_permutation

SPLIT = ((0, 1400), (1400, 1597), (1597, 1797))


def load(root: Path) -> Splits:
    """Return the splits; `root` is not used, the images come with scikit-learn."""
    from sklearn.datasets import load_digits  # here: it takes a second, and planning needs none

    values, labels = load_digits(return_X_y=True)  # 0..16
    pixels = np.round(np.asarray(values) * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    everything = Images(
        torch.from_numpy(pixels), torch.tensor(labels, dtype=torch.int64), (0.3053,), (0.3761,)
    )
    order = draw_permutation(len(everything))
    train, val, test = (everything.select(order[a:b]) for a, b in SPLIT)
    return Splits(train, val, test, num_classes=10)


DIGITS = DataSet(image_shape=(1, 8, 8), num_classes=10, num_train=1400, load=load)
