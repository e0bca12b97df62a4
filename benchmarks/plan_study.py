"""A study of 10,000 trials: what `benchmarks.plan_scale` plans, continues and loads."""

from nvp.config.space import grid
from nvp.config.trial_config import DataConfig, ModelConfig, OptimConfig, ProbeConfig, TrialConfig
from nvp.planning.design import Design
from nvp.study.study import Study, main

DESIGN = Design(
    base=TrialConfig(
        epochs=19,  # with the initial network 20 measuring points
        data=DataConfig(batch_size=200),
        model=ModelConfig(width=0.2),
        optim=OptimConfig(momentum=0.9),
        probe=ProbeConfig(size=64),
    ),
    space={
        "optim.noise": grid(0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0),
        "optim.lr": grid(0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5),
        "prune.method": grid("none", "dead", "nvp", "random"),
    },
    seeds=25,
)
STUDY = Study(name="plan_study", paper=DESIGN, quick=DESIGN)

if __name__ == "__main__":
    main(STUDY)
