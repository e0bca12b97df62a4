"""Published tables of dead neurons by layer, run at their own settings (docs/reproduction.md).

`NVP_DATA=data python -m benchmarks.layer_deaths --storage PLACE [flags of a study]`: an MLP of five
times 256 neurons on MNIST with ReLU, LeakyReLU and ELU, and the initial network of an MLP of ten
hidden layers, on MNIST instead of Fashion-MNIST. 20 trials; five minutes on two cores.
"""

import sys

from torch import nn

from nvp.config.space import grid
from nvp.config.trial_config import (
    DataConfig,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    TrialConfig,
)
from nvp.models.mlp import MLP
from nvp.planning.design import Design
from nvp.study.study import Study, main

TAPERED = "benchmarks.layer_deaths:tapered_mlp"
SQUARE, INITIAL = {"model.name": ("mlp",)}, {"model.name": (TAPERED,)}


def tapered_mlp(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return an MLP of ten hidden layers, five of 256 neurons and five of 128."""
    return MLP(config, image_shape, num_classes, hidden=(256,) * 5 + (128,) * 5)


DESIGN = Design(
    base=TrialConfig(
        epochs=12,
        data=DataConfig(name="mnist", batch_size=128),
        model=ModelConfig(name="mlp", norm="none"),
        optim=OptimConfig(name="adam", lr=0.005),
        probe=ProbeConfig(size=1000),
    ),
    space={
        "model.name": grid("mlp", TAPERED),
        "model.depth": grid(5, when=SQUARE),
        "model.width": grid(2.0, when=SQUARE),
        "model.activation": grid("relu", "leaky_relu", "elu", when=SQUARE),
        "epochs": grid(1, when=INITIAL),  # what is asked for is there before the first step
        "probe.size": grid(50_000, when=INITIAL),
    },
    seeds=5,
)
STUDY = Study(name="layer_deaths", paper=DESIGN, quick=DESIGN, laptop=DESIGN)

if __name__ == "__main__":
    main(STUDY, ["--preset", "laptop", *sys.argv[1:]])
