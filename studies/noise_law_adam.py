"""Is there one number that death depends on under Adam?

Claim     Adam divides by the size of the gradient, so a step is as long as the learning rate, and
          its noise is a part of it that grows as 1 / sqrt(batch size). Deaths then go with
          lr / sqrt(batch size) at fixed steps, as under SGD, with another power.
Figure    analysis/notebooks/noise_law_adam.ipynb -> collapse
Cost      quick: 54 trials;
          laptop: 180 trials on MNIST and CIFAR-10;
          paper: 96 trials on GPUs
Source    as noise_law; for the scaling under Adam, Malladi et al., "On the SDEs and scaling rules
          for adaptive gradient algorithms", 2022 (the square root of the batch size)

Nothing is pruned, so that death is undisturbed.

The quick and laptop settings were chosen on seed 100 (`--set seed=100`) and are published on
seeds from 0 on.
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

STUDY = Study(
    name="noise_law_adam",
    question=Question(
        ask="Is there one number that death depends on under Adam?",
        x="optim.lr",
        hue="data.batch_size",
        figures=("collapse", "interactions", "effect_map", "importance"),
        contrasts=(
            compare_deaths_in_all("optim.lr"),
            compare_deaths_in_all(
                "optim.lr", where={"length": "fixed steps"}, by="data.batch_size"
            ),
            compare_deaths_in_all("data.batch_size", by="length"),
        ),
        refuted_by=(
            "Settings of equal learning rate over root of the batch size whose deaths under "
            "Adam differ as much as those of settings in which it is not equal."
        ),
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits"),
            model=ModelConfig(name="mlp", width=0.5, norm="none"),
            optim=OptimConfig(name="adam"),
            probe=ProbeConfig(size=512),
        ),
        space={
            "steps": grid(0, 516),
            "data.batch_size": grid(16, 32, 64),
            "optim.lr": grid(0.003, 0.01, 0.03),
        },
        seeds=3,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=3,
            model=ModelConfig(name="mlp", width=2.0, norm="none"),
            optim=OptimConfig(name="adam"),
        ),
        space={
            "data.name": grid("mnist", "cifar10"),
            "steps": grid(0, 1287),
            "data.batch_size": grid(32, 128, 512),
            "optim.lr": grid(0.001, 0.002, 0.005),
        },
        seeds=5,
    ),
    paper=Design(
        base=TrialConfig(
            epochs=100,
            data=DataConfig(name="cifar10"),
            model=ModelConfig(name="resnet18"),
            optim=OptimConfig(name="adam"),
            probe=ProbeConfig(noise_scale=2048),
        ),
        space={
            "steps": grid(0, 35_100),
            "data.batch_size": grid(32, 64, 128, 256),
            "optim.lr": grid(0.0003, 0.001, 0.003, 0.01),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
)

if __name__ == "__main__":
    main(STUDY)
