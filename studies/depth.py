"""Do deeper networks lose more neurons, and are they born dead or do they die in training?

Claim     The deeper a ReLU network without normalisation, the more of its neurons are silent;
          with torch's initial weights many of them are born so. Batch normalisation prevents both.
Figure    analysis/notebooks/depth.ipynb -> dead_at_end
Cost      quick: 54 trials;
          laptop: 60 trials on MNIST;
          paper: 72 trials on GPUs
Source    Lu et al., "Dying ReLU and initialization", 2019; Rister and Rubin, "Probabilistic bounds
          on neuron death in deep rectifier networks", 2020; for the 5 x 256 network on MNIST
          (Adam, 0.005, 12 epochs) github.com/amila-samaranayake/dying-relu-analysis

Layers are 256 wide (quick: 64). `died` of the table `layers` tells deaths in training from
`born_dead`. Nothing is pruned, so that death is undisturbed.

The quick and laptop settings were chosen on seed 100 and are published on seeds from 0 on.
"""

from nvp import (
    DataConfig,
    Design,
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

NO_NORM = {"model.norm": "none"}

STUDY = Study(
    name="depth",
    question=Question(
        ask="Do deeper networks lose more neurons, at birth or in training?",
        x="model.depth",
        hue="model.norm",
        figures=("dead_at_end", "layer_map", "survival", "interactions"),
        contrasts=(
            compare_deaths_in_all("model.depth", where=NO_NORM),
            compare_deaths_in_all("model.depth", by="model.norm"),
            compare_deaths_in_all("optim.lr", where=NO_NORM, by="model.depth"),
        ),
        refuted_by=(
            "Deaths that do not grow with depth where nothing is normalised, or that batch "
            "normalisation does not prevent."
        ),
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits", batch_size=16),
            model=ModelConfig(name="mlp", width=0.5),
            optim=OptimConfig(name="adam"),
            probe=ProbeConfig(size=512),
        ),
        space={
            "model.depth": grid(2, 4, 8),
            "optim.lr": grid(0.001, 0.003, 0.01),
            "model.norm": grid("none", "batch"),
        },
        seeds=3,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="mnist", batch_size=128),
            model=ModelConfig(name="mlp", width=2.0),
            optim=OptimConfig(name="adam"),
            probe=ProbeConfig(size=1000),
        ),
        space={
            "model.depth": grid(2, 5, 10),
            "optim.lr": grid(0.001, 0.005),
            "model.norm": grid("none", "batch"),
        },
        seeds=5,
    ),
    paper=Design(
        base=TrialConfig(
            epochs=50,
            data=DataConfig(name="fashion_mnist", batch_size=128),
            model=ModelConfig(name="mlp", width=2.0),
            optim=OptimConfig(name="adam"),
        ),
        space={
            "model.depth": grid(2, 5, 10, 20),
            "optim.lr": grid(0.001, 0.003, 0.005),
            "model.norm": grid("none", "batch"),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
)

if __name__ == "__main__":
    main(STUDY)
