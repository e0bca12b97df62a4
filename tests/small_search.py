"""A study to search: four axes, one of them conditional, trials of a second."""

from nvp.config.space import grid, log_uniform, uniform
from nvp.config.trial_config import DataConfig, ModelConfig, ProbeConfig, TrialConfig
from nvp.planning.design import Design
from nvp.study.study import Study, main

DESIGN = Design(
    base=TrialConfig(
        epochs=3,
        data=DataConfig(batch_size=100),
        model=ModelConfig(name="mlp", width=0.1),
        probe=ProbeConfig(size=64),
    ),
    space={
        "optim.lr": log_uniform(0.001, 0.5),
        "prune.method": grid("none", "magnitude"),
        "prune.sparsity": uniform(0.1, 0.9, when={"prune.method": ("magnitude",)}),
    },
    seeds=1,
)
STUDY = Study(name="small_search", paper=DESIGN, quick=DESIGN)

if __name__ == "__main__":
    main(STUDY)
