"""What a whole run gains when it shrinks: NVP on ResNet-18 to 80 %, against no pruning.

Width 16, all sites, batch 128, 2,560 images of CIFAR-10 (random ones where NVP_DATA has none), for
eight epochs. The two runs take turns, an epoch each, in one process; everything counts, observing,
pruning, shrinking and evaluating too. Beside it a float64 run of a thinner network, once masked
and once shrunk: how far their validation losses come apart.
"""

import sys
from collections.abc import Iterator
from time import process_time

from benchmarks.bar import bar
from benchmarks.telemetry import random_images
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, load_data
from nvp.data.splits import Splits
from nvp.network.train_state import TrainState
from nvp.training.build import build, set_up_process
from nvp.training.loop import train
from nvp.training.optim import build_optimizer
from nvp.training.record import EpochRecord

PRUNED = {"prune.method": "nvp", "prune.sparsity": 0.8, "prune.sites": "all"}
RUN = {
    "epochs": 8,
    "data.batch_size": 128,
    "model.name": "resnet18",
    "model.width": 0.25,
    "optim.lr": 0.05,
    "optim.weight_decay": 5e-4,
    "probe.size": 256,
}


def some_images() -> Splits:
    """Return a part of CIFAR-10, or noise."""
    try:
        whole = load_data("cifar10", data_root())
        parts = (whole.train.first(2560), whole.val.first(500), whole.test.first(100))
    except ValueError:
        print("    random images: NVP_DATA has no CIFAR-10")
        parts = tuple(random_images(count, (3, 32, 32)) for count in (2560, 500, 100))
    return Splits(*parts, num_classes=10)


def timed(records: Iterator[EpochRecord]) -> tuple[EpochRecord | None, float]:
    """Return the next record and the CPU seconds it took."""
    start = process_time()
    record = next(records, None)
    return record, process_time() - start


def ratio(data: Splits) -> float:
    """Return the CPU seconds of the run that shrinks over those of the dense one."""
    base = TrialConfig().with_overrides(RUN)
    both = {"dense": base, "shrunk": base.with_overrides(PRUNED | {"prune.shrink": "auto"})}
    runs = {kind: train(config, data, build(config, data, "cpu")) for kind, config in both.items()}
    total = dict.fromkeys(runs, 0.0)
    for epoch in range(base.epochs + 1):
        for kind, records in runs.items():
            record, seconds = timed(records)
            assert record is not None
            total[kind] += seconds
            share = record.masked / record.units
            print(f"    {kind} epoch {epoch}: {seconds:.3g} s, sparsity {share:.2f}, "
                  f"val accuracy {record.val_accuracy:.3f}", flush=True)  # fmt: skip
    return total["shrunk"] / total["dense"]


def gap(data: Splits) -> float:
    """Return the largest difference of the validation losses of masked and shrunk, in float64."""
    small = Splits(data.train.first(256), data.val.first(64), data.test.first(64), num_classes=10)
    losses = []
    for policy in ("never", "always"):
        flat = RUN | PRUNED | {"model.width": 0.0625, "epochs": 4, "prune.shrink": policy}
        config = TrialConfig().with_overrides(flat | {"optim.lr": 0.01})
        model = build(config, small, "cpu").model.double()
        model.register_forward_pre_hook(lambda model, args: (args[0].double(),))
        state = TrainState(model, build_optimizer(model, config.optim))
        records = list(train(config, small, state))
        losses.append([record.val_loss for record in records])
        removed = sum(sum(record.removed.values()) for record in records)
        print(f"    float64, shrink={policy}: {removed} neurons removed")
    return max(abs(one - other) for one, other in zip(*losses, strict=True))


if __name__ == "__main__":
    set_up_process("cpu")
    images = some_images()
    holds = [
        bar("shrunk_run.float64_val_loss_gap", gap(images), "<=", 1e-8),
        bar("shrunk_run.shrunk_over_dense", ratio(images), "<=", 0.6),
    ]
    sys.exit(int(not all(holds)))
