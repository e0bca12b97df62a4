"""The study that `benchmarks.faults` breaks: eight trials on images of its own, seconds long.

`precision` is `auto`, so that there is an auto.json to damage.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from nvp.config.space import grid
from nvp.config.trial_config import (
    DataConfig,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    PruneConfig,
    TrialConfig,
)
from nvp.planning.design import Design
from nvp.study.study import Study, main

NAME, PRESET, EPOCHS = "faults", "quick", 6
DATA, OTHER_DATA = "shapes", "others"  # folders of images
CLASSES, SIDE = ("a", "b", "c"), 8
EACH = {DATA: 24, OTHER_DATA: 20}  # images of a class

DESIGN = Design(
    base=TrialConfig(
        epochs=EPOCHS,
        precision="auto",
        data=DataConfig(name=f"folder:{DATA}", batch_size=16),
        model=ModelConfig(name="mlp", width=0.1),
        optim=OptimConfig(lr=0.2),
        prune=PruneConfig(tau=0.3, patience=1),
        probe=ProbeConfig(size=32),
    ),
    space={"optim.noise": grid(0.0, 2.0), "prune.method": grid("none", "dead")},
    seeds=2,
)
STUDY = Study(name=NAME, paper=DESIGN, quick=DESIGN)


def write_images(root: Path) -> None:
    """Write two folders of small made-up images in three classes below `root`."""
    for salt, folder in enumerate((DATA, OTHER_DATA)):
        draw = np.random.default_rng(salt)
        for split in ("train", "val"):
            for label, name in enumerate(CLASSES):
                place = root / folder / split / name
                place.mkdir(parents=True)
                for k in range(EACH[folder]):
                    pixels = draw.integers(0, 160, (SIDE, SIDE, 3)) + 40 * label
                    Image.fromarray(pixels.astype(np.uint8)).save(place / f"{k}.png")


if __name__ == "__main__":
    main(STUDY)
