"""What untrained networks say of NVP's layer-wise pruning rates (docs/reproduction.md).

`NVP_DATA=data python -m benchmarks.layer_rates --storage PLACE [flags of a study]`: the smallest
weights of a ResNet-18, network-wide, masked before the first step, at the sparsities of NVP's
figure. The rates are those of the initial network, so one epoch of 512 images is enough to have
them in the tables. Nine trials of one to two minutes on two busy cores, most of it the test.
"""

import sys

from nvp.config.space import grid
from nvp.config.trial_config import DataConfig, ModelConfig, ProbeConfig, PruneConfig, TrialConfig
from nvp.planning.design import Design
from nvp.study.study import Study, main

DESIGN = Design(
    base=TrialConfig(
        epochs=1,
        precision="auto",
        layout="auto",
        data=DataConfig(name="cifar10", images=512),
        model=ModelConfig(name="resnet18"),
        prune=PruneConfig(method="magnitude_weight", schedule="at_init", floor=0.0),
        probe=ProbeConfig(size=256),
    ),
    space={"prune.sparsity": grid(0.3, 0.6, 0.9)},
    seeds=3,
)
STUDY = Study(name="layer_rates", paper=DESIGN, quick=DESIGN)

if __name__ == "__main__":
    main(STUDY, ["--preset", "quick", *sys.argv[1:]])
