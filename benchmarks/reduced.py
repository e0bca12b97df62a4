"""The rows of docs/reproduction.md that run at a reduced scale, chosen before they were run.

`NVP_DATA=data python -m benchmarks.reduced STUDY --storage PLACE [flags of a study]`: the study's
published preset with a ResNet-18 of a quarter of the width on the first 5,000 train images of
CIFAR-10, 10 epochs, on the CPU, at the ends of its axes; `nn_relief`: the LeNets whole, on all of
MNIST, 20 epochs. Stored as the preset quick, since it is not the published one.

`weight_sparsity` ran before, whole, with the head of the published network. At a quarter of its
widths, 64 and 32 behind dropout of a half, it learned little (a test accuracy of 0.26 unpruned), so
its tables are not kept: it has the head of `neuron_sparsity` now.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.study_script import load_study
from nvp.config.space import Grid, grid
from nvp.planning.design import Design
from nvp.study.study import Study, main

STUDIES = Path(__file__).parent.parent / "studies"
SMALLER: dict[str, Any] = {
    "epochs": 10,
    "data.images": 5000,
    "model.width": 0.25,
    "probe.size": 512,
}
SMALLER |= {"precision": "auto", "layout": "auto"}
FASTER = {"optim.lr": 0.05, "optim.schedule": "one_cycle"}  # 390 steps at theirs learn little
UNPRUNED = {"prune.method": grid("none")}
LENETS = {  # on all of MNIST; theirs prunes twenty times, and trains 60 epochs after each
    "epochs": 20,
    "data.name": "mnist",
    "data.images": 0,
    "model.width": 1.0,
    "model.norm": "none",
    "prune.alpha_conv": 0.9,
    "prune.rounds": 4,
    "prune.start": 0.2,
    "prune.end": 0.8,
}
# those with published numbers
NEURONS = ("ds_official", "snap", "early_crop_s", "early_snap", "cropit_s")
WEIGHTS = ("ds_official_weight", "snip", "early_crop", "early_snip", "cropit")
ROWS: dict[str, tuple[dict[str, Any], dict[str, Grid]]] = {
    "learning_rate": ({}, {"optim.lr": grid(0.01, 0.1), **UNPRUNED}),
    "batch_size": (
        {"optim.lr": 0.05},
        {"data.batch_size": grid(32, 256), "steps": grid(0), **UNPRUNED},
    ),
    "sgd_noise": ({}, {"optim.noise": grid(0.0, 2.0), "optim.lr": grid(0.05), **UNPRUNED}),
    "neuron_sparsity": (
        FASTER,
        {
            "prune.method": grid("none", *NEURONS),
            "prune.sparsity": grid(0.5, 0.9, when={"prune.method": NEURONS}),
        },
    ),
    "weight_sparsity": (
        FASTER | {"model.name": "resnet18"},
        {
            "prune.method": grid("none", *WEIGHTS),
            "prune.sparsity": grid(0.75, 0.98, when={"prune.method": WEIGHTS}),
        },
    ),
    "nn_relief": (
        LENETS,
        {
            "model.name": grid("lenet300", "lenet5"),
            "optim.name": grid("adam", "sgd"),
            "optim.lr": grid(0.1, when={"optim.name": ("sgd",)}),
            "prune.method": grid("none", "nn_relief"),
        },
    ),
}


def reduced(study: Study) -> Study:
    """Return a study whose `quick` is its published base at the reduced scale, and these axes."""
    changes, space = ROWS[study.name]
    base = study.paper.base.with_overrides(SMALLER | changes)
    return replace(study, quick=Design(base=base, space=space))


def study_of(name: str) -> Study:
    """Return the study of a script in studies/."""
    return load_study(STUDIES / f"{name}.py")


if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in ROWS:
        sys.exit(f"expected one of {', '.join(ROWS)}, then flags of a study")
    main(reduced(study_of(sys.argv[1])), ["--preset", "quick", *sys.argv[2:]])
