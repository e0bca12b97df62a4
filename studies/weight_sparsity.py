"""How much accuracy is left when most weights are gone?

Claim     Masks that move while training (gradual, regrown) keep the accuracy longer than those
          drawn before it, up to 98 % of the weights.
Figure    analysis/notebooks/weight_sparsity.ipynb -> trade_off
Cost      quick: 48 trials, 0.9 minutes on two cores, unpruned
          test accuracy 0.98;
          laptop: 95 trials on MNIST;
          paper: 345 trials on GPUs
Source    DNR-Pruning and NVP, figures "weight sparsity", ResNet-18 on CIFAR-10

Methods that aim at no sparsity (nn_relief) are run once each: theirs is an outcome.

The quick setting was chosen on seed 100 (`--set seed=100`) and is published on seeds 0-2. The
laptop setting is an ordinary one, and was not chosen by results. It ran once before without
`random_erk`, and RigL was far better than random weights (67 points at a sparsity of .99); RigL's
masks spare small layers, and random ones that do so, too, tell this from their moving.
"""

from nvp import (
    METHODS,
    DataConfig,
    Design,
    End,
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

MASKING = [name for name, method in METHODS.items() if method.granularity == "weight"]
AIMING = tuple(name for name in MASKING if METHODS[name].aim == "target")
QUICK = ("nvp_weight", "gmp", "snip", "rigl", "random_weight")
LAPTOP = (*QUICK, "random_erk")

STUDY = Study(
    name="weight_sparsity",
    question=Question(
        ask="How much accuracy is left when most weights are gone?",
        x="prune.sparsity",
        hue="prune.method",
        figures=("trade_off", "effect_map", "survival"),
        contrasts=(
            compare_methods("random_weight", "rigl", at=End.LAST),
            compare_methods("random_weight", "gmp", "nvp_weight", "rigl", "snip"),
            compare_methods("random_erk", "rigl", "random_weight"),
        ),
        refuted_by=(
            "Masks drawn at random before training that leave as much accuracy, within a point, "
            "as masks that move, at the largest sparsity."
        ),
    ),
    paper=Design(
        base=TrialConfig(
            epochs=250,
            data=DataConfig(name="cifar10", batch_size=128, augment="crop_flip", cutout=16),
            model=ModelConfig(name="resnet18_dropout"),
            optim=OptimConfig(lr=0.003125, momentum=0.9, weight_decay=5e-4),
            prune=PruneConfig(sparsity=0.75),
        ),
        space={
            "prune.method": grid("none", *MASKING),
            "prune.sparsity": grid(
                0.75, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, when={"prune.method": AIMING}
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
            prune=PruneConfig(sparsity=0.75),
        ),
        space={
            "prune.method": grid("none", *LAPTOP),
            "prune.sparsity": grid(0.9, 0.97, 0.99, when={"prune.method": LAPTOP}),
        },
        seeds=5,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits", batch_size=16),
            model=ModelConfig(name="convnet", width=0.5),
            optim=OptimConfig(lr=0.05, momentum=0.9),
            prune=PruneConfig(sparsity=0.75),
            probe=ProbeConfig(size=512),
        ),
        space={
            "prune.method": grid("none", *QUICK),
            "prune.sparsity": grid(0.75, 0.9, 0.98, when={"prune.method": QUICK}),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
