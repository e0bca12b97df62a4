"""Which regularisation kills neurons: L2, L1 on weights, or L1 on the scales of normalisation?

Claim     Stronger regularisation, more dead; L1 on scales most, since a scale at 0 and a shift
          at or below it silence a ReLU for good.
Figure    analysis/notebooks/regularization.ipynb -> dead_at_end
Cost      quick: 60 trials, 1.1 minutes on two cores, unpruned
          test accuracy 0.98 without, 0.87 with the strongest penalties;
          laptop: 100 trials on MNIST;
          paper: 114 trials on GPUs
Source    DNR-Pruning, experiment "regularization" (lambda 0 to 9e-5), continued to strengths that
          act; Dufort-Labbe et al., "Maxwell's demon at work", 2024 (L1 on scales)

One of the three is varied at a time; they share the trials without any.

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

PAPER = (0.0, 9e-8, 9e-7, 9e-6, 9e-5, 1e-3, 1e-2)
QUICK = (0.0, 1e-3, 3e-3, 1e-2)
NO_L2 = {"optim.weight_decay": (0.0,)}
NO_L1 = {**NO_L2, "optim.l1": (0.0,)}

STUDY = Study(
    name="regularization",
    question=Question(
        ask="Which regularisation kills neurons: L2, L1 on weights, or L1 on scales?",
        x="strength",
        hue="penalty",
        figures=("dead_at_end", "importance", "survival", "accuracy_vs_sparsity"),
        contrasts=(
            compare_deaths("optim.l1_scale", where={"optim.weight_decay": 0.0, "optim.l1": 0.0}),
            compare_deaths("optim.weight_decay", where={"optim.l1": 0.0, "optim.l1_scale": 0.0}),
            compare_deaths("optim.l1", where={"optim.weight_decay": 0.0, "optim.l1_scale": 0.0}),
            compare_cost("optim.l1_scale"),
        ),
        refuted_by=(
            "L1 on the scales of normalisation that kills no more neurons than none, while the "
            "network still learns."
        ),
    ),
    paper=Design(
        base=TrialConfig(
            epochs=100,
            data=DataConfig(name="cifar10", batch_size=128),
            model=ModelConfig(name="resnet18"),
            optim=OptimConfig(lr=0.05, momentum=0.9),
        ),
        space={
            "optim.weight_decay": grid(*PAPER),
            "optim.l1": grid(*PAPER, when=NO_L2),
            "optim.l1_scale": grid(*PAPER, when=NO_L1),
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
            optim=OptimConfig(name="adam", lr=0.003),
        ),
        space={
            "optim.weight_decay": grid(0.0, 1e-4, 1e-3, 1e-2),
            "optim.l1": grid(0.0, 1e-5, 1e-4, 1e-3, when=NO_L2),
            "optim.l1_scale": grid(0.0, 1e-4, 1e-3, 1e-2, when=NO_L1),
            "prune.method": grid("none", "dead"),
        },
        seeds=5,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits", batch_size=16),
            model=ModelConfig(name="convnet", width=0.5),
            optim=OptimConfig(lr=0.1),
            probe=ProbeConfig(size=512),
        ),
        space={
            "optim.weight_decay": grid(*QUICK),
            "optim.l1": grid(0.0, 1e-4, 3e-4, 1e-3, when=NO_L2),
            "optim.l1_scale": grid(*QUICK, when=NO_L1),
            "prune.method": grid("none", "dead"),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
