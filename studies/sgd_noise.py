"""Does SGD noise kill neurons, and does the sparsity that follows cost accuracy?

Claim     More gradient noise, more dead neurons, the more so at a larger learning rate.
Figure    analysis/notebooks/sgd_noise.ipynb -> dead_at_end
Cost      quick: 48 trials, under two minutes on two cores; paper: 90 trials on GPUs
Source    DS-Pruning / DNR-Pruning, experiment "SGD noise"; restated, since theirs is all noise

The quick setting was chosen on seeds 100-102 (`--set seed=100`) and is published on seeds 0-2.
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
    name="sgd_noise",
    question=Question(
        ask="Does SGD noise kill neurons, and does the sparsity that follows cost accuracy?",
        x="optim.noise",
        hue="optim.lr",
        figures=("dead_at_end", "dead_over_epochs", "accuracy_vs_sparsity", "life_cycle"),
        contrasts=compare_deaths_and_cost("optim.noise", "optim.lr"),
    ),
    paper=Design(
        base=TrialConfig(
            epochs=100,
            data=DataConfig(name="cifar10", batch_size=128),
            model=ModelConfig(name="resnet18"),
            optim=OptimConfig(lr=0.01, momentum=0.9, weight_decay=0.0),
        ),
        space={
            "optim.noise": grid(0.0, 0.1, 0.5, 1.0, 2.0),
            "optim.lr": grid(0.01, 0.025, 0.05),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits", batch_size=16),
            model=ModelConfig(name="convnet", width=0.5),
            optim=OptimConfig(momentum=0.9),
            probe=ProbeConfig(size=512),
        ),
        space={
            "optim.noise": grid(0.0, 1.0, 2.0, 3.0),
            "optim.lr": grid(0.1, 0.2),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
