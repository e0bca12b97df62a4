"""Does SGD noise kill neurons, and does the sparsity that follows cost accuracy?

Claim     More gradient noise, more dead neurons, the more so at a larger learning rate.
Figure    analysis/notebooks/sgd_noise.ipynb -> dead_at_end
Cost      quick: 48 trials, 1.1 minutes on two cores;
          laptop: 80 trials on CIFAR-10;
          paper: 90 trials on GPUs
Source    DS-Pruning / DNR-Pruning, experiment "SGD noise"; restated, since theirs is all noise

The quick and laptop settings were chosen on seeds from 100 on (`--set seed=100`) and are published
on seeds from 0 on. A laptop setting on MNIST without normalisation ran before, whole: at no noise
did 1 % of the neurons die, so its tables are not kept. Behind batch normalisation, at rates of the
size of `noise_law`, a fifth dies in networks that learn.
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
        refuted_by=(
            "Deaths that do not rise with the noise at any learning rate at which the network "
            "still learns."
        ),
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
    laptop=Design(
        base=TrialConfig(
            epochs=6,
            data=DataConfig(name="cifar10", batch_size=128),
            model=ModelConfig(name="mlp", width=2.0),
            optim=OptimConfig(momentum=0.9),
        ),
        space={
            "optim.noise": grid(0.0, 0.5, 1.0, 2.0),
            "optim.lr": grid(0.2, 0.4),
            "prune.method": grid("none", "dead"),
        },
        seeds=5,
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
