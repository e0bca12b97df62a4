"""How much accuracy is left when most neurons are gone?

Claim     Vitality and early criteria keep the accuracy longer than chance does, up to 90 % of the
          neurons.
Figure    analysis/notebooks/neuron_sparsity.ipynb -> trade_off
Cost      quick: 48 trials, 1.0 minutes on two cores, unpruned
          test accuracy 0.98;
          laptop: 80 trials on MNIST;
          paper: 489 trials on GPUs
Source    DNR-Pruning and NVP, figures "neuron sparsity", ResNet-18 on CIFAR-10

Methods that aim at no sparsity (dead, dnr, demp, ...) are run once each: theirs is an outcome.

The quick setting was chosen on seed 100 (`--set seed=100`) and is published on seeds 0-2. The
laptop setting is an ordinary one, and was not chosen by results.
"""

from nvp import (
    METHODS,
    DataConfig,
    Design,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    PruneConfig,
    Question,
    Study,
    TrialConfig,
    compare_methods,
    grid,
    main,
)

MASKING = [name for name, method in METHODS.items() if method.granularity == "neuron"]
AIMING = tuple(name for name in MASKING if METHODS[name].aim == "target")
QUICK = ("nvp", "magnitude", "snap", "taylor", "random")

STUDY = Study(
    name="neuron_sparsity",
    question=Question(
        ask="How much accuracy is left when most neurons are gone?",
        x="prune.sparsity",
        hue="prune.method",
        figures=("trade_off", "layer_profile", "rank_stability", "competing"),
        contrasts=(
            compare_methods("random", "nvp", at=0.9),
            compare_methods("random", "nvp", "magnitude", "taylor", "snap"),
        ),
        refuted_by=(
            "Neurons drawn at random that leave as much accuracy, within a point, as those that "
            "the vitality index chooses, at 90 %."
        ),
    ),
    paper=Design(
        base=TrialConfig(
            epochs=150,
            data=DataConfig(name="cifar10", batch_size=128, augment="crop_flip", cutout=16),
            model=ModelConfig(name="resnet18"),
            optim=OptimConfig(lr=0.003125, momentum=0.9, weight_decay=5e-4),
            prune=PruneConfig(sparsity=0.5),
        ),
        space={
            "prune.method": grid(*MASKING),
            "prune.sparsity": grid(
                0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, when={"prune.method": AIMING}
            ),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=8,
            data=DataConfig(name="mnist", batch_size=128),
            model=ModelConfig(name="lenet300", norm="none"),
            optim=OptimConfig(name="adam", lr=0.001),
        ),
        space={
            "prune.method": grid("none", *QUICK),
            "prune.sparsity": grid(0.5, 0.75, 0.9, when={"prune.method": QUICK}),
        },
        seeds=5,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits", batch_size=16),
            model=ModelConfig(name="convnet", width=0.5),
            optim=OptimConfig(lr=0.05, momentum=0.9),
            probe=ProbeConfig(size=512),
        ),
        space={
            "prune.method": grid("none", *QUICK),
            "prune.sparsity": grid(0.5, 0.75, 0.9, when={"prune.method": QUICK}),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
