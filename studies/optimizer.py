"""Is Adam with L2 what makes filters die?

Claim     Adam with coupled L2 leaves far fewer neurons than SGD with the same L2, and than AdamW,
          whose decay is decoupled.
Figure    analysis/notebooks/optimizer.ipynb -> dead_at_end
Cost      quick: 54 trials, 1.0 minutes on two cores, unpruned
          test accuracy 0.90 and more, 0.98 without decay;
          laptop: 90 trials on MNIST;
          paper: 54 trials on GPUs
Source    Mehta et al., "On implicit filter level sparsity in convolutional neural networks", 2019

Adam and AdamW train at a learning rate of their own; momentum 0.9 is their beta1.

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
    name="optimizer",
    question=Question(
        ask="Is Adam with L2 what makes filters die?",
        x="optim.weight_decay",
        hue="optim.name",
        figures=("dead_at_end", "interactions", "layer_profile", "accuracy_vs_sparsity"),
        contrasts=(
            compare_deaths(
                "optim.name",
                reference="sgd",
                others=("adam",),
                where={"optim.weight_decay": End.LAST},
            ),
            compare_deaths(
                "optim.name",
                reference="adam",
                others=("adamw",),
                where={"optim.weight_decay": End.LAST},
            ),
            compare_deaths("optim.weight_decay", by="optim.name"),
            compare_cost("optim.weight_decay", by="optim.name"),
        ),
        refuted_by="As many deaths under SGD, or under AdamW, as under Adam at the same decay.",
    ),
    paper=Design(
        base=TrialConfig(
            epochs=250,
            data=DataConfig(name="cifar10", batch_size=40),
            model=ModelConfig(name="vgg16"),
            optim=OptimConfig(lr=1e-3, schedule="multistep"),
        ),
        space={
            "optim.name": grid("sgd", "adamw", "adam"),
            "optim.lr": grid(0.1, when={"optim.name": ("sgd",)}),
            "optim.weight_decay": grid(0.0, 1e-4, 5e-4),
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
            optim=OptimConfig(lr=0.003),
        ),
        space={
            "optim.name": grid("sgd", "adamw", "adam"),
            "optim.lr": grid(0.1, when={"optim.name": ("sgd",)}),
            "optim.weight_decay": grid(0.0, 5e-4, 2e-3),
            "prune.method": grid("none", "dead"),
        },
        seeds=5,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits", batch_size=16),
            model=ModelConfig(name="convnet", width=0.5),
            optim=OptimConfig(lr=0.02),
            probe=ProbeConfig(size=512),
        ),
        space={
            "optim.name": grid("sgd", "adamw", "adam"),
            "optim.lr": grid(0.1, when={"optim.name": ("sgd",)}),
            "optim.weight_decay": grid(0.0, 1e-3, 3e-3),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
