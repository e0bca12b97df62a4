"""A study of forks: one warm network for each seed, four ways to go on."""

from nvp.config.space import grid
from nvp.config.trial_config import DataConfig, ModelConfig, ProbeConfig, TrialConfig
from nvp.planning.design import Design
from nvp.study.study import Study, main

DESIGN = Design(
    base=TrialConfig(
        epochs=6,
        data=DataConfig(images=400, batch_size=100),
        model=ModelConfig(name="mlp", width=0.1),
        probe=ProbeConfig(size=64),
    ),
    space={"prune.method": grid("none", "nvp", "dnr", "nn_relief")},
    parent={"epochs": 2},
    seeds=2,
)
STUDY = Study(name="small_forks", paper=DESIGN, quick=DESIGN)

if __name__ == "__main__":
    main(STUDY)
