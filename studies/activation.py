"""Do neurons die without ReLU?

Claim     Only ReLU gives neurons that never fire; the others let them go dormant instead, less
          often, and pruning those costs as little.
Figure    analysis/notebooks/activation.ipynb -> dead_at_end
Cost      quick: 48 trials, 1.0 minutes on two cores, unpruned
          test accuracy 0.95 and more, 0.98 at the smaller rate;
          laptop: 80 trials on MNIST;
          paper: 72 trials on GPUs
Source    DNR-Pruning, experiment "activation functions" (ReLU, LeakyReLU, Swish); restated, since
          the published LeakyReLU script trains a ReLU network

Dormancy (tau = 0.025) is the only measure of death that all four have in common.

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
    compare_cost,
    compare_deaths,
    grid,
    main,
)

STUDY = Study(
    name="activation",
    question=Question(
        ask="Do neurons die without ReLU?",
        x="model.activation",
        hue="optim.lr",
        figures=("dead_at_end", "interactions", "accuracy_vs_sparsity"),
        contrasts=(
            compare_deaths("model.activation", reference="relu", others=("silu",)),
            compare_deaths("model.activation", reference="relu", by="optim.lr"),
            compare_cost("optim.lr", by="model.activation"),
        ),
        refuted_by=(
            "Networks of SiLU in which as many neurons go silent as in those of ReLU, at a rate "
            "at which ReLU's die."
        ),
    ),
    paper=Design(
        base=TrialConfig(
            epochs=100,
            data=DataConfig(name="cifar10", batch_size=128),
            model=ModelConfig(name="resnet18", slope=0.05),
            optim=OptimConfig(momentum=0.9, weight_decay=0.0),
        ),
        space={
            "model.activation": grid("relu", "leaky_relu", "silu", "gelu"),
            "optim.lr": grid(0.01, 0.025, 0.05),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
        gpus_per_trial=0.25,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=6,
            data=DataConfig(name="mnist", batch_size=128),
            model=ModelConfig(name="mlp", width=2.0, norm="none", slope=0.05),
            optim=OptimConfig(name="adam"),
        ),
        space={
            "model.activation": grid("relu", "leaky_relu", "silu", "gelu"),
            "optim.lr": grid(0.001, 0.005),
            "prune.method": grid("none", "dead"),
        },
        seeds=5,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits", batch_size=16),
            model=ModelConfig(name="convnet", width=0.5, slope=0.05),
            optim=OptimConfig(clip_norm=1.0),
            probe=ProbeConfig(size=512),
        ),
        space={
            "model.activation": grid("relu", "leaky_relu", "silu", "gelu"),
            "optim.lr": grid(0.3, 0.6),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
