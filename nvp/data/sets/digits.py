"""digits: 1,797 real 8x8 grey images that come with nvp. 1,400 train, 197 val, 200 test.

digits.npz holds the set as scikit-learn ships it, byte for byte (tests/data/test_data.py compares
them): to read it there means to import scikit-learn, a second in every process of every trial.

Source: Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI, 1998 (CC BY 4.0).
"""

from pathlib import Path

import numpy as np
import torch

from nvp.data.data_set import DataSet
from nvp.data.splits import Images, Splits, draw_permutation

FILE = Path(__file__).with_suffix(".npz")
SPLIT = ((0, 1400), (1400, 1597), (1597, 1797))


def load(root: Path) -> Splits:
    """Return the splits; `root` is not used, the images come with nvp."""
    with np.load(FILE) as stored:
        values, labels = stored["values"], stored["labels"]  # 0..16 of [1797, 8, 8]; 0..9
    pixels = np.round(values * (255 / 16)).astype(np.uint8).reshape(-1, 1, 8, 8)
    everything = Images(
        torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64)), (0.3053,), (0.3761,)
    )
    order = draw_permutation(len(everything))
    train, val, test = (everything.select(order[a:b]) for a, b in SPLIT)
    return Splits(train, val, test, num_classes=10)


DIGITS = DataSet(image_shape=(1, 8, 8), num_classes=10, num_train=1400, load=load)
