"""Does a small scale of normalisation kill neurons?

Claim     A filter behind batch norm and ReLU collapses with a probability proportional to
          1 / scale^2: the smaller the initial scale, the nearer is death.
Figure    analysis/notebooks/norm_scale.ipynb -> dead_at_end
Cost      quick: 36 trials, 0.8 minutes on two cores, unpruned
          test accuracy 0.96 and more;
          laptop: 60 trials on MNIST;
          paper: 48 trials on GPUs
Source    Zhou et al., arXiv 2001.11216, 2020; restated for the initial scale of all layers

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
    compare_deaths_and_cost,
    grid,
    main,
)

STUDY = Study(
    name="norm_scale",
    question=Question(
        ask="Does a small scale of normalisation kill neurons?",
        x="model.norm_scale",
        hue="optim.lr",
        figures=("dead_at_end", "survival", "accuracy_vs_sparsity"),
        contrasts=compare_deaths_and_cost("model.norm_scale", "optim.lr", End.FIRST),
        refuted_by="As many deaths at the largest initial scale as at the smallest.",
    ),
    paper=Design(
        base=TrialConfig(
            epochs=100,
            data=DataConfig(name="cifar10", batch_size=128),
            model=ModelConfig(name="resnet18"),
            optim=OptimConfig(momentum=0.9, weight_decay=0.0),
        ),
        space={
            "model.norm_scale": grid(0.25, 0.5, 1.0, 2.0),
            "optim.lr": grid(0.05, 0.1),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=6,
            data=DataConfig(name="mnist", batch_size=128),
            model=ModelConfig(name="mlp", width=2.0),
            optim=OptimConfig(name="adam"),
        ),
        space={
            "model.norm_scale": grid(0.25, 1.0, 4.0),
            "optim.lr": grid(0.005, 0.02),
            "prune.method": grid("none", "dead"),
        },
        seeds=5,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits", batch_size=16),
            model=ModelConfig(name="convnet", width=0.5),
            optim=OptimConfig(clip_norm=1.0),
            probe=ProbeConfig(size=512),
        ),
        space={
            "model.norm_scale": grid(0.25, 1.0, 4.0),
            "optim.lr": grid(0.3, 0.5),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
