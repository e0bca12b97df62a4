"""When to prune: before training, early, or late?

Claim     A network that is pruned early in training ends as accurate as one that is pruned late:
          the accuracy over the epoch of pruning has a plateau that begins soon after the start.
Figure    analysis/notebooks/prune_when.ipynb -> interactions
Cost      quick: 45 trials;
          laptop: 75 trials on MNIST;
          paper: 63 trials on GPUs
Source    the question and its curve are OCSPruner's ("one-cycle structured pruning", 2025), which
          finds its epoch by itself; the methods are ours

All at once, at `prune.start` of training: 0 is after the first epoch. What is left trains on to
the end, so early pruning has more epochs to recover, and fewer to choose by.

The quick and laptop settings were chosen on seed 100 and are published on seeds from 0 on.
"""

from nvp import (
    Contrast,
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
    grid,
    main,
    margins,
)

METHODS = grid("magnitude", "nvp", "random")

STUDY = Study(
    name="prune_when",
    question=Question(
        ask="When to prune: before training, early, or late?",
        x="prune.start",
        hue="prune.method",
        figures=("interactions", "effect_map", "layer_profile"),
        contrasts=(
            Contrast(
                value="test_accuracy",
                key="prune.start",
                reference=End.FIRST,
                where={"prune.method": "magnitude"},
                margin=margins.OF_ACCURACY,
            ),
            Contrast(
                value="test_accuracy",
                key="prune.start",
                reference=End.FIRST,
                by="prune.method",
                margin=margins.OF_ACCURACY,
            ),
        ),
        refuted_by=(
            "An accuracy that falls by more than a point wherever a network is pruned earlier, "
            "without a plateau."
        ),
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits", batch_size=16),
            model=ModelConfig(name="convnet", width=0.5),
            optim=OptimConfig(lr=0.05),
            prune=PruneConfig(schedule="one_shot", sparsity=0.75, end=1.0),
            probe=ProbeConfig(size=512),
        ),
        space={"prune.method": METHODS, "prune.start": grid(0.0, 0.25, 0.5, 0.75, 0.9)},
        seeds=3,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=10,
            data=DataConfig(name="mnist", batch_size=128),
            model=ModelConfig(name="lenet300", norm="none"),
            optim=OptimConfig(name="adam", lr=0.001),
            prune=PruneConfig(schedule="one_shot", sparsity=0.9, end=1.0),
        ),
        space={"prune.method": METHODS, "prune.start": grid(0.0, 0.2, 0.4, 0.6, 0.9)},
        seeds=5,
    ),
    paper=Design(
        base=TrialConfig(
            epochs=150,
            data=DataConfig(name="cifar10", batch_size=128, augment="crop_flip"),
            model=ModelConfig(name="resnet18"),
            optim=OptimConfig(lr=0.1, weight_decay=5e-4, schedule="cosine"),
            prune=PruneConfig(schedule="one_shot", sparsity=0.75, end=1.0),
        ),
        space={
            "prune.method": METHODS,
            "prune.start": grid(0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
)

if __name__ == "__main__":
    main(STUDY)
