"""What the networks reach: the LeNets on MNIST, and bfloat16 beside float32 on CIFAR-10.

LeNet-300-100 and LeNet-5: all of MNIST, 20 epochs, batches of 64, SGD with momentum 0.9 and lr 0.05
on a cosine, weight decay 1e-4, no normalisation, no augmentation; test accuracy at the end, the
median of three seeds. The precisions: ResNet-18 of width 1/4, the first 5,000 train images of
CIFAR-10, 10 epochs, batches of 64, lr 0.1 on one cycle, weight decay 5e-4, crops and mirror images;
test accuracy of five seeds each, paired. The gate: the mean difference is no larger than the
spread (largest less smallest) of the float32 seeds.

Needs both data sets below NVP_DATA: `NVP_DATA=folder python -m benchmarks.accuracy`, about 25
minutes on one core; a part by name: lenet300, lenet5, precision.
"""

import sys
from dataclasses import replace
from functools import cache

from benchmarks.bar import bar, spread
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, load_data
from nvp.data.splits import Splits
from nvp.training.build import build, set_up_process
from nvp.training.evaluation import evaluate
from nvp.training.loop import train

LENET = {
    "epochs": 20,
    "data.name": "mnist",
    "model.norm": "none",
    "optim.lr": 0.05,
    "optim.weight_decay": 1e-4,
    "optim.schedule": "cosine",
    "probe.every": 20,
    "probe.size": 256,
}
REDUCED = {
    "epochs": 10,
    "data.name": "cifar10",
    "data.augment": "crop_flip",
    "model.name": "resnet18",
    "model.width": 0.25,
    "optim.weight_decay": 5e-4,
    "optim.schedule": "one_cycle",
    "probe.every": 10,
    "probe.size": 256,
}
LOW = {"precision": "bfloat16", "layout": "channels_last"}


@cache
def images(name: str) -> Splits:
    return load_data(name, data_root(), "cpu")


def test_accuracy(config: TrialConfig, data: Splits) -> float:
    """Return the accuracy on test after a whole training run."""
    state = build(config, data, "cpu")
    for _ in train(config, data, state):
        pass
    return evaluate(state.model, data.test, precision=config.precision)[1]


def lenet(name: str, target: float) -> bool:
    config = TrialConfig().with_overrides(LENET | {"model.name": name})
    reached = [test_accuracy(replace(config, seed=seed), images("mnist")) for seed in range(3)]
    return bar(f"accuracy.{name}", spread(f"{name}, test accuracy", reached, ""), ">=", target)


def precision() -> bool:
    """Compare the precisions over five seeds."""
    whole = images("cifar10")
    data = replace(whole, train=whole.train.select(slice(0, 5000)))
    config = TrialConfig().with_overrides(REDUCED)
    reached: dict[str, list[float]] = {"float32": [], "bfloat16": []}
    for seed in range(5):
        for changes in ({"precision": "float32"}, LOW):
            one = config.with_overrides(changes | {"seed": seed})
            reached[one.precision].append(test_accuracy(one, data))
    for name, values in reached.items():
        spread(f"{name}, test accuracy", values, "")
    high, low = reached.values()
    seeds = max(high) - min(high)
    mean = sum(b - a for a, b in zip(high, low, strict=True)) / len(high)
    print(f"    bfloat16 less float32: {mean:+.4f}; seeds of float32 spread over {seeds:.4f}")
    return bar("accuracy.bfloat16_difference_over_seed_spread", abs(mean) / seeds, "<=", 1)


PARTS = {
    "lenet300": lambda: lenet("lenet300", 0.982),
    "lenet5": lambda: lenet("lenet5", 0.991),
    "precision": precision,
}


if __name__ == "__main__":
    set_up_process("cpu")
    sys.exit(int(not all([PARTS[name]() for name in sys.argv[1:] or PARTS])))
