"""The sweep of `script` as a study of nvp: 36 trials of 8 epochs on digits."""

from nvp import (
    DataConfig,
    Design,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    Study,
    TrialConfig,
    grid,
    main,
)

QUICK = Design(
    base=TrialConfig(
        epochs=8,
        data=DataConfig(name="digits", batch_size=16),
        model=ModelConfig(name="convnet", width=0.5),
        optim=OptimConfig(momentum=0.9),
        probe=ProbeConfig(size=512),
    ),
    space={"optim.lr": grid(0.05, 0.1, 0.2), "optim.noise": grid(0.0, 1.0, 2.0, 3.0)},
    seeds=3,
)
STUDY = Study(name="plain_tune", quick=QUICK, paper=QUICK)

if __name__ == "__main__":
    main(STUDY)
