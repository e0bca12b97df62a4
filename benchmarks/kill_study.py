"""The study that `benchmarks.kills` breaks: digits, eight trials, neurons removed meanwhile."""

import nvp.running.ray.tuner
from benchmarks.traced import TracedActor
from nvp.config.space import grid
from nvp.config.trial_config import (
    DataConfig,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    PruneConfig,
    TrialConfig,
)
from nvp.planning.design import Design
from nvp.study.study import Study, main

DESIGN = Design(
    base=TrialConfig(
        epochs=60,
        data=DataConfig(batch_size=32),
        model=ModelConfig(width=0.5),
        optim=OptimConfig(lr=0.2),
        prune=PruneConfig(shrink="always"),
        probe=ProbeConfig(size=512),
    ),
    space={"optim.noise": grid(0.0, 2.0), "prune.method": grid("none", "dead")},
    seeds=2,
)
STUDY = Study(name="kill_study", paper=DESIGN, quick=DESIGN)

if __name__ == "__main__":
    nvp.running.ray.tuner.TrialActor = TracedActor
    main(STUDY)
