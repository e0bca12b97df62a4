"""Does a large learning rate kill neurons, and does removing them cost accuracy?

Claim     The dead fraction grows with the learning rate (published as falling; the counts there
          exceed the neurons of the network).
Figure    analysis/notebooks/learning_rate.ipynb -> dead_at_end
Cost      quick: 30 trials, 0.7 minutes on two cores, unpruned
          test accuracy 0.95 and more, 0.98 at rates up to 0.3;
          laptop: 50 trials on MNIST;
          paper: 30 trials on GPUs
Source    DNR-Pruning, experiment "learning rate"; Dufort-Labbe et al., "Maxwell's demon at work",
          2024, for the opposite direction

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
    compare_deaths_and_cost,
    grid,
    main,
)

STUDY = Study(
    name="learning_rate",
    question=Question(
        ask="Does a large learning rate kill neurons, and does removing them cost accuracy?",
        x="optim.lr",
        hue="prune.method",
        figures=("dead_at_end", "survival", "effect_map", "accuracy_vs_sparsity"),
        contrasts=compare_deaths_and_cost("optim.lr"),
        refuted_by=(
            "Deaths that do not grow with the learning rate while the network still learns, or "
            "an accuracy that falls by more than a point once the dead are removed."
        ),
    ),
    paper=Design(
        base=TrialConfig(
            epochs=100,
            data=DataConfig(name="cifar10", batch_size=128),
            model=ModelConfig(name="resnet18"),
            optim=OptimConfig(momentum=0.9, weight_decay=0.0),
        ),
        space={
            "optim.lr": grid(0.01, 0.025, 0.05, 0.075, 0.1),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=6,
            data=DataConfig(name="mnist", batch_size=128),
            model=ModelConfig(name="mlp", width=2.0, norm="none"),
            optim=OptimConfig(name="adam"),
        ),
        space={
            "optim.lr": grid(0.0005, 0.001, 0.002, 0.005, 0.01),
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
            "optim.lr": grid(0.1, 0.2, 0.3, 0.4, 0.6),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
