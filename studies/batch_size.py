"""Do small batches kill neurons, or is it the number of steps?

Claim     Smaller batches are noisier, and the noise kills: more dead at small batches, the more so
          at fixed epochs, where small batches also take more steps.
Figure    analysis/notebooks/batch_size.ipynb -> dead_at_end
Cost      quick: 48 trials, 0.8 minutes on two cores, unpruned
          test accuracy 0.95 and more, at fixed steps and a batch of 8 0.88;
          laptop: 60 trials on MNIST;
          paper: 60 trials on GPUs
Source    DNR-Pruning, experiment "batch size"; restated, since its counts are steps per epoch

Each batch size runs at fixed epochs (steps = 0) and at the steps that a batch of 128 (quick: 32)
takes in them.

The quick and laptop settings were chosen on seed 100 (`--set seed=100`) and are published on
seeds from 0 on.
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
    compare_cost,
    compare_deaths,
    grid,
    main,
)

STUDY = Study(
    name="batch_size",
    question=Question(
        ask="Do small batches kill neurons, or is it the number of steps?",
        x="data.batch_size",
        hue="length",
        figures=("dead_at_end", "survival", "interactions", "accuracy_vs_sparsity"),
        contrasts=(
            compare_deaths("data.batch_size", where={"length": "fixed steps"}),
            compare_deaths("data.batch_size", by="length"),
            compare_cost("data.batch_size", by="length", at=End.FIRST),
        ),
        refuted_by=(
            "Deaths that fall with the batch at fixed epochs and not at fixed steps: then it is "
            "the number of steps alone."
        ),
    ),
    paper=Design(
        base=TrialConfig(
            epochs=100,
            data=DataConfig(name="cifar10"),
            model=ModelConfig(name="resnet18"),
            optim=OptimConfig(lr=0.05, momentum=0.9, weight_decay=0.0),
        ),
        space={
            "data.batch_size": grid(16, 32, 64, 128, 256),
            "steps": grid(0, 35_100),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=4,
            data=DataConfig(name="mnist"),
            model=ModelConfig(name="mlp", width=2.0, norm="none"),
            optim=OptimConfig(name="adam", lr=0.005),
        ),
        space={
            "data.batch_size": grid(32, 128, 512),
            "steps": grid(0, 1716),
            "prune.method": grid("none", "dead"),
        },
        seeds=5,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits"),
            model=ModelConfig(name="convnet", width=0.5),
            optim=OptimConfig(lr=0.4, clip_norm=1.0),
            probe=ProbeConfig(size=512),
        ),
        space={
            "data.batch_size": grid(8, 16, 32, 64),
            "steps": grid(0, 516),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
