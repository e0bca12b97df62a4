"""Do the hidden units of a vision transformer's MLPs die?

Claim     They do with ReLU at large learning rates, though each block normalises its input, and
          hardly with GELU, which lets a gradient through.
Figure    analysis/notebooks/transformer.ipynb -> dead_at_end
Cost      quick: 36 trials;
          laptop: 60 trials on MNIST;
          paper: 36 trials on GPUs
Source    Dufort-Labbe et al., "Maxwell's demon at work", 2024, has a transformer pruned of its dead
          units; the sweep of activation, learning rate and decay is ours

A neuron is a hidden unit of an MLP, over all tokens. Dormancy (tau = 0.025) is the measure that
both activations have in common.

The quick and laptop settings were chosen on seed 100 (`--set seed=100`) and are published on seeds
from 0 on. On MNIST (49 tokens an image) that took small batches: with ReLU and a decay of 0.1, two
epochs of batches of 32 left 10 % dead at a rate of 0.01 and none at 0.003 (test accuracy 0.89 and
0.93); batches of 128 at most 3 % at 0.03, and L2 under Adam none at which the network learns.
"""

from nvp import (
    DataConfig,
    Design,
    End,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    Question,
    Study,
    TrialConfig,
    compare_deaths_in_all,
    grid,
    main,
)

RELU = {"model.activation": "relu"}

STUDY = Study(
    name="transformer",
    question=Question(
        ask="Do the hidden units of a vision transformer's MLPs die?",
        x="optim.lr",
        hue="model.activation",
        figures=("dead_at_end", "layer_map", "survival", "interactions"),
        contrasts=(
            compare_deaths_in_all("optim.lr", where=RELU),
            compare_deaths_in_all(
                "model.activation", reference="relu", where={"optim.lr": End.LAST}
            ),
            compare_deaths_in_all("optim.weight_decay", where=RELU, by="optim.lr"),
        ),
        refuted_by=(
            "ReLU units that stay alive at every learning rate at which the network learns, or "
            "GELU units that go silent as often."
        ),
    ),
    quick=Design(
        base=TrialConfig(
            epochs=8,
            data=DataConfig(name="digits", batch_size=32),
            model=ModelConfig(name="vit", depth=2, width=0.25),
            optim=OptimConfig(name="adamw"),
            probe=ProbeConfig(size=256),
        ),
        space={
            "model.activation": grid("relu", "gelu"),
            "optim.lr": grid(0.003, 0.01, 0.03),
            "optim.weight_decay": grid(0.0, 0.1),
        },
        seeds=3,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=3,
            data=DataConfig(name="mnist", batch_size=32),
            model=ModelConfig(name="vit", depth=2, width=0.25),
            optim=OptimConfig(name="adamw"),
            probe=ProbeConfig(size=512),
        ),
        space={
            "model.activation": grid("relu", "gelu"),
            "optim.lr": grid(0.001, 0.003, 0.01),
            "optim.weight_decay": grid(0.0, 0.1),
        },
        seeds=5,
    ),
    paper=Design(
        base=TrialConfig(
            epochs=100,
            data=DataConfig(name="cifar10", batch_size=128, augment="crop_flip"),
            model=ModelConfig(name="vit"),
            optim=OptimConfig(name="adamw", schedule="cosine"),
        ),
        space={
            "model.activation": grid("relu", "gelu"),
            "optim.lr": grid(0.0003, 0.001, 0.003),
            "optim.weight_decay": grid(0.0, 0.05),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
)

if __name__ == "__main__":
    main(STUDY)
