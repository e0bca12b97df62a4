"""Does pruning while training hold on ImageNet?

Claim     Early pruning of neurons keeps most of ResNet-50's accuracy at 80 and 90 %, pruning
          before training does not; single weights are cheaper to lose than neurons.
Figure    analysis/notebooks/imagenet.ipynb -> trade_off
Cost      quick: 33 trials, 1.3 minutes on two cores, on digits, not on ImageNet; unpruned test
          accuracy 0.98; paper: 63 trials, each on a whole GPU
Source    DNR-Pruning, table "ResNet-50 on ImageNet", 80 and 90 %

quick is the same methods and sparsities on embedded data and a ResNet-20: it shows that the study
runs, and says nothing on ImageNet. Differs: paper starts from random weights, theirs from
torchvision's (`--set model.weights=torchvision:IMAGENET1K_V1`).

The quick setting was chosen on seed 100 (`--set seed=100`) and is published on seeds 0-2.
"""

from nvp import (
    DataConfig,
    Design,
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

NEURONS = ("snap", "cropit_s", "early_snap", "early_crop_s", "nvp", "dnr_budget")
WEIGHTS = ("magnitude_weight", "set", "rigl", "nvp_weight")
QUICK = ("snap", "early_crop_s", "nvp", "magnitude_weight", "rigl")

STUDY = Study(
    name="imagenet",
    question=Question(
        ask="Does pruning while training hold on ImageNet?",
        x="prune.sparsity",
        hue="prune.method",
        figures=("trade_off", "layer_profile"),
        contrasts=(
            compare_methods("snap", "early_crop_s", at=0.8),
            compare_methods("snap", "early_crop_s", "nvp"),
            compare_methods("magnitude_weight", "rigl"),
        ),
        refuted_by=(
            "A criterion that chooses before training and keeps as much accuracy, within a "
            "point, as one that chooses early in training."
        ),
    ),
    paper=Design(
        base=TrialConfig(
            epochs=200,
            data=DataConfig(name="imagenet", batch_size=128, augment="crop_flip"),
            model=ModelConfig(name="resnet50"),
            optim=OptimConfig(lr=0.01, momentum=0.9, weight_decay=5e-4),
            prune=PruneConfig(sparsity=0.8),
            precision="bfloat16",
            layout="channels_last",
        ),
        space={
            "prune.method": grid("none", *NEURONS, *WEIGHTS),
            "prune.sparsity": grid(0.8, 0.9, when={"prune.method": NEURONS + WEIGHTS}),
        },
        seeds=3,
        gpus_per_trial=1.0,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=10,
            data=DataConfig(name="digits", batch_size=32),
            model=ModelConfig(name="resnet20_b", width=0.5),
            optim=OptimConfig(lr=0.1, momentum=0.9, weight_decay=5e-4),
            prune=PruneConfig(sparsity=0.8),
            probe=ProbeConfig(size=256),
        ),
        space={
            "prune.method": grid("none", *QUICK),
            "prune.sparsity": grid(0.8, 0.9, when={"prune.method": QUICK}),
        },
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
