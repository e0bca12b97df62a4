"""A search of two objectives, drawn by `benchmarks.search_figure`: accuracy, and FLOPs saved."""

from nvp.config.space import grid, log_uniform, uniform
from nvp.config.trial_config import DataConfig, ModelConfig, OptimConfig, ProbeConfig, TrialConfig
from nvp.planning.design import Design
from nvp.study.study import Study, main

DESIGN = Design(
    base=TrialConfig(
        epochs=10,
        data=DataConfig(name="digits", batch_size=64),
        model=ModelConfig(name="convnet", width=0.25),
        optim=OptimConfig(momentum=0.9),
        probe=ProbeConfig(size=128),
    ),
    space={
        "optim.lr": log_uniform(0.001, 0.2),
        "prune.method": grid("none", "nvp", "magnitude"),
        "prune.sparsity": uniform(0.1, 0.9, when={"prune.method": ("nvp", "magnitude")}),
    },
    objectives={"val_accuracy": "maximize", "flops_left": "minimize"},
    seeds=3,
)
STUDY = Study(name="search_study", paper=DESIGN, quick=DESIGN)

if __name__ == "__main__":
    main(STUDY)
