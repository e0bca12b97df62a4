"""Is there one number that death depends on?

Claim     By the theory of a random walk that ends at a silent ReLU, death at fixed steps goes with
          lr / sqrt(batch size), at fixed epochs with lr / batch size; momentum m acts as a
          learning rate 1 / (1 - m) times as large, injected noise as a smaller batch.
Figure    analysis/notebooks/noise_law.ipynb -> collapse
Cost      quick: 108 trials, 1.5 minutes on two cores, unpruned
          test accuracy 0.91 and more, but little at a batch of 16 and a rate of 0.8;
          laptop: 240 trials on MNIST and CIFAR-10;
          paper: 192 trials on GPUs
Source    the reflection principle; Smith and Le, "A Bayesian perspective on generalization and
          stochastic gradient descent", 2018 (lr / batch size); restated for death

Nothing is pruned, so that death is undisturbed. Noise and momentum vary at fixed epochs, alone.

The quick and laptop settings were chosen on seed 100 (`--set seed=100`) and are published on
seeds from 0 on. A laptop setting without normalisation and without clipping ran before, whole: a
network either lost hardly a neuron or stopped learning (test accuracy 0.1), so its tables are not
kept. With batch normalisation and clipping many die in networks that learn.
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

EPOCHS = {"steps": (0,)}
ALONE = {**EPOCHS, "optim.noise": (0.0,)}

STUDY = Study(
    name="noise_law",
    question=Question(
        ask="Is there one number that death depends on?",
        x="optim.lr",
        hue="data.batch_size",
        figures=("collapse", "interactions", "effect_map", "importance"),
        contrasts=(
            compare_deaths_in_all("optim.lr"),
            compare_deaths_in_all(
                "optim.lr", where={"length": "fixed steps"}, by="data.batch_size"
            ),
            compare_deaths_in_all(
                "data.batch_size", where={"optim.noise": 0.0, "optim.momentum": 0.9}, by="length"
            ),
            compare_deaths_in_all(
                "optim.noise", where={"length": "fixed epochs", "optim.momentum": 0.9}
            ),
            compare_deaths_in_all(
                "optim.momentum", where={"length": "fixed epochs", "optim.noise": 0.0}
            ),
        ),
        refuted_by=(
            "Settings of equal learning rate over root of the batch size whose deaths differ as "
            "much as those of settings in which it is not equal."
        ),
    ),
    paper=Design(
        base=TrialConfig(
            epochs=100,
            data=DataConfig(name="cifar10"),
            model=ModelConfig(name="resnet18"),
            optim=OptimConfig(weight_decay=0.0),
            probe=ProbeConfig(noise_scale=2048),
        ),
        space={
            "steps": grid(0, 35_100),
            "data.batch_size": grid(32, 64, 128, 256),
            "optim.lr": grid(0.01, 0.025, 0.05, 0.1),
            "optim.noise": grid(0.0, 1.0, when=EPOCHS),
            "optim.momentum": grid(0.9, 0.8, when=ALONE),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=2,
            model=ModelConfig(name="mlp", width=2.0),
            optim=OptimConfig(clip_norm=1.0),
        ),
        space={
            "data.name": grid("mnist", "cifar10"),
            "steps": grid(0, 858),
            "data.batch_size": grid(32, 64, 128),
            "optim.lr": grid(0.2, 0.4, 0.8, 1.6),
        },
        seeds=5,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits"),
            model=ModelConfig(name="convnet", width=0.5),
            optim=OptimConfig(clip_norm=1.0),
            probe=ProbeConfig(size=512),
        ),
        space={
            "steps": grid(0, 516),
            "data.batch_size": grid(16, 32, 64),
            "optim.lr": grid(0.4, 0.6, 0.8),
            "optim.noise": grid(0.0, 1.0, when=EPOCHS),
            "optim.momentum": grid(0.9, 0.8, when=ALONE),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
