"""A whole trial of a small ResNet-18 on 4,096 images, two at a time, against the reference loop.

`NVP_DATA=... python -m benchmarks.whole_trial`, by the clock, so: on a quiet machine only.
Ours: two processes train a ResNet-18 of width 16 on the first 4,096 train images of CIFAR-10, with
`precision=auto` and `layout=auto`. Probe, validation, the test pass, every row and its commit are
counted; start-up and loading are not. Reference: the loop of the published scripts
(`benchmarks.step`) with a network of that width, two processes at a time; it only trains. Images a
second are those that were trained on. Where a trial's time goes is printed beside.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from functools import partial
from statistics import mean

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from torchvision.models.resnet import BasicBlock, ResNet

from benchmarks.bar import SHORT, bar, spread
from benchmarks.data_path import PerSample
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, load_trial_splits
from nvp.data.splits import Images
from nvp.planning.cost.fastest_precision import Chooser
from nvp.storage.study_folder import open_study
from nvp.training.record import EpochRecord
from nvp.trial.attempt import Attempt
from nvp.trial.run import run_trial

IMAGES, BATCH, STEPS, TOGETHER = 4096, 128, 32, 2
EPOCHS, ROUNDS = int(os.environ.get("EPOCHS", 4)), int(os.environ.get("ROUNDS", 3))
WIDTHS = (16, 32, 64, 128)
LONGEST = 3600  # seconds that a process may take; one that broke says nothing
CONFIG = TrialConfig(epochs=EPOCHS).with_overrides(
    {
        "data.name": "cifar10",
        "data.images": IMAGES,
        "data.batch_size": BATCH,
        "data.augment": "crop_flip",
        "model.name": "resnet18",
        "model.width": 0.25,
        "optim.weight_decay": 5e-4,
    }
)
Shares = dict[str, float]


def make_reference() -> nn.Module:
    """Return torchvision's ResNet-18 with the CIFAR stem, a quarter as wide as published."""
    model = ResNet(BasicBlock, [2, 2, 2, 2], num_classes=10)
    model.conv1 = nn.Conv2d(3, WIDTHS[0], 3, padding=1, bias=False)
    model.bn1, model.maxpool = nn.BatchNorm2d(WIDTHS[0]), nn.Identity()  # type: ignore[assignment]
    model.inplanes = WIDTHS[0]
    for number, width in enumerate(WIDTHS, start=1):
        layer = model._make_layer(BasicBlock, width, 2, stride=1 if number == 1 else 2)
        setattr(model, f"layer{number}", layer)
    model.fc = nn.Linear(WIDTHS[-1], 10)
    return model


def train_reference(images: Images, results: "multiprocessing.Queue[tuple[float, Shares]]") -> None:
    """Train as the published scripts do; put the images a second of the steps after the first."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = make_reference()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    loader = DataLoader(PerSample(images), batch_size=BATCH, shuffle=True, drop_last=True)
    total, start = 0.0, 0.0
    for number, (pixels, labels) in enumerate(loader):
        if number == 1:
            start = time.perf_counter()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(pixels), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
        if number == STEPS - 1:
            break
    results.put(((STEPS - 1) * BATCH / (time.perf_counter() - start), {}))


def train_ours(config: TrialConfig, results: "multiprocessing.Queue[tuple[float, Shares]]") -> None:
    """Run the trial; put the images a second of all of it, and the seconds of its parts."""
    load_trial_splits(config.data, data_root())
    laps: list[Shares] = []
    write = Attempt.write_rows

    def write_and_note(self: Attempt, record: EpochRecord, total: int) -> None:
        write(self, record, total)
        laps.append(record.seconds)

    Attempt.write_rows = write_and_note  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as place:
        start = time.perf_counter()
        *_, last = run_trial(config, open_study(place, "whole_trial", "quick"))
        seconds = time.perf_counter() - start
    assert last.status == "done", last
    parts = {name: sum(lap.get(name, 0.0) for lap in laps) for name in laps[-1]}
    shares = parts | {"the end, test pass and rows": seconds - sum(parts.values())}
    results.put((IMAGES * EPOCHS / seconds, {k: v / seconds for k, v in shares.items()}))


def run_together(work) -> tuple[float, Shares]:
    """Return the images a second of `TOGETHER` processes, and the mean share of each part."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=work, args=(results,)) for _ in range(TOGETHER)]
    for process in processes:
        process.start()
    found = [results.get(timeout=LONGEST) for _ in processes]
    for process in processes:
        process.join()
    rates, shares = zip(*found, strict=True)
    return sum(rates), {name: mean(share[name] for share in shares) for name in shares[0]}


def main() -> int:
    """Print images a second, where a trial's time goes, and the bar."""
    config = Chooser("cpu", {})(CONFIG.with_overrides({"precision": "auto", "layout": "auto"}))
    print(f"    auto: {config.precision}, {config.layout}", flush=True)
    train = load_trial_splits(config.data, data_root()).train
    assert isinstance(train, Images)
    works = {"reference": partial(train_reference, train), "ours": partial(train_ours, config)}
    rates: dict[str, list[float]] = {name: [] for name in works}
    shares: Shares = {}
    for _ in range(ROUNDS):
        for name, work in works.items():
            rate, shares = run_together(work)
            rates[name].append(rate)
    for name, values in rates.items():
        spread(f"{name}, two processes", values, "images/s")
    for name, share in shares.items():
        print(f"    share of {name}: {share:.1%}")
    ratios = [o / r for o, r in zip(rates["ours"], rates["reference"], strict=True)]
    training = spread("training alone over the reference",
                      [r / shares["train"] for r in ratios], "x")  # fmt: skip
    whole = spread("whole trial over the reference", ratios, "x")
    assert training >= whole
    return 0 if bar("whole_trial.over_reference", whole, ">=", 2.0) else SHORT


if __name__ == "__main__":
    sys.exit(main())
