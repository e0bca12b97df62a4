"""One trial: build, restore, train, records -> tables. Handed a storage, hands back progress."""

import hashlib
import json
import logging
import os
import platform
import socket
import time
import traceback
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch

from nvp.checkpoint import checkpoints, restore, save_checkpoint
from nvp.config import ModelConfig, TrialConfig, flatten, trial_id
from nvp.data import DATASETS, data_root, load_data
from nvp.data.splits import Splits
from nvp.models import build_model
from nvp.names import look_up
from nvp.optim import build_optimizer, check_optim
from nvp.pruning import live_weights, resolve, sparsity
from nvp.rows import epoch_rows, event_rows, layer_rows, neuron_rows
from nvp.storage import Storage
from nvp.tables import (
    TrialWriter,
    decode,
    drop_uncommitted,
    encode,
    next_attempt,
    parts_intact,
)
from nvp.train import Diverged, EpochRecord, TrainState, evaluate, num_epochs, train

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 20.0
CHECKPOINT_COST = 20  # no more than 1/20 of the time goes into checkpoints


@dataclass(frozen=True)
class Progress:
    """What a scheduler or a human watches of a trial; fractions in [0, 1]."""

    trial_id: str
    status: str
    epoch: int = 0
    epochs: int = 0
    val_accuracy: float | None = None
    dead_fraction: float | None = None
    sparsity: float | None = None
    error: str | None = None


def check_trial(config: TrialConfig) -> None:
    """Raise ValueError for what a study author can get wrong; needs no data and trains nothing."""
    data = look_up("data.name", config.data.name, DATASETS)
    num_epochs(config, data.num_train)
    probe = min(config.probe.size, data.num_train)
    if probe < config.probe.bins:
        raise ValueError(
            f"probe.size: expected at least probe.bins={config.probe.bins} images, got {probe}"
        )
    check_optim(config.optim)
    resolve(config.prune)
    check_model(config.model, data.image_shape, data.num_classes)


@cache
def check_model(config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int) -> None:
    """Build the network once, so that what it refuses is refused on the driver."""
    build_model(config, image_shape, num_classes, seed=0)


def set_up_process(device: str) -> None:
    """Make arithmetic the same in every process: one CPU thread, no denormal numbers.

    The weights of dying neurons decay into denormals, which are up to a hundred times slower.
    """
    if device == "cpu":
        torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def build(config: TrialConfig, data: Splits, device: str) -> TrainState:
    """Return the initial state of a trial."""
    model = build_model(config.model, data.train.shape, data.num_classes, seed=config.seed)
    model.to(device)
    return TrainState(model, build_optimizer(model, config.optim))


@dataclass
class Diary:
    """What a trial remembers beside its state; plain values, saved with each checkpoint."""

    started: float = field(default_factory=time.time)
    seconds: float = 0.0
    pruned_once: bool = False
    best_val_accuracy: float = 0.0


def run_trial(
    config: TrialConfig,
    storage: Storage,
    *,
    device: str = "cpu",
    root: Path | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Generator[Progress, None, None]:
    """Run a trial to its committed row, yielding at each measuring point.

    Continues from its newest intact checkpoint. Closing the generator early saves one. An
    exception becomes a `failed` row with its traceback, a loss that is not finite a `diverged` one.

    Args:
        config: checked (`check_trial`).
        storage: the study's.
        device: "cpu" or "cuda".
        root: folder of the data sets; default as `data_root`.
        checkpoint_seconds: least time between two checkpoints.
    """
    set_up_process(device)
    name = trial_id(config)
    writer = TrialWriter(storage, name, next_attempt(storage, name))
    run = Run(config, writer, device, checkpoint_seconds)
    try:
        run.data = load_data(config.data.name, root or data_root(), device)
        run.state = build(config, run.data, device)
        run.resume()
        yield from run.epochs()
        yield run.finish("done")
    except Diverged as error:
        yield run.finish("diverged", error=str(error))
    except Exception as error:  # becomes the row of the trial; the study goes on
        logger.warning("trial %s failed: %s", name, error)
        writer.discard()
        yield run.finish("failed", error=traceback.format_exc())


class Run:
    """One attempt of a trial under way."""

    data: Splits
    state: TrainState

    def __init__(
        self, config: TrialConfig, writer: TrialWriter, device: str, checkpoint_seconds: float
    ) -> None:
        self.config, self.writer, self.device = config, writer, device
        self.checkpoint_seconds = checkpoint_seconds
        self.diary = Diary()
        self.clock = time.perf_counter()
        self.last_save, self.save_cost = self.clock, 0.0
        self.record: EpochRecord | None = None

    def resume(self) -> None:
        """Continue from the newest checkpoint whose parts are intact; else start afresh."""
        storage, name = self.writer.storage, self.writer.trial_id
        for checkpoint in checkpoints(storage, name):
            if parts_intact(storage, checkpoint.header["manifest"]):
                restore(checkpoint, self.state)
                self.writer.manifest = checkpoint.header["manifest"]
                self.writer.held = decode(checkpoint.held) if checkpoint.held else None
                self.diary = Diary(**checkpoint.header["diary"])
                break
        drop_uncommitted(storage, name, self.writer.manifest)

    def epochs(self) -> Generator[Progress, None, None]:
        """Train; write rows and checkpoints; a generator closed early saves a checkpoint."""
        total = num_epochs(self.config, len(self.data.train))
        for record in train(self.config, self.data, self.state):
            self.record = record
            self.write(record, total)
            now = time.perf_counter()
            pause = max(self.checkpoint_seconds, CHECKPOINT_COST * self.save_cost)
            if record.epoch < total and now - self.last_save >= pause:
                self.save()
            try:
                yield self.progress("running", total)
            except GeneratorExit:
                self.save()
                raise

    def write(self, record: EpochRecord, total: int) -> None:
        """Buffer the rows of a measuring point.

        `neurons` is sampled: log-spaced epochs, the first and the last pruning, and the end.
        """
        name, writer, diary = self.writer.trial_id, self.writer, self.diary
        writer.add("epochs", epoch_rows(name, record))
        writer.add("layers", layer_rows(name, record))
        writer.add("events", event_rows(name, record, self.config.prune.method))
        pruned = any(layer.events["pruned"].any() for layer in record.layers.values())
        first = pruned and not diary.pruned_once
        if is_sampled(record.epoch) or record.epoch == total or first:
            writer.add("neurons", neuron_rows(name, record))
            writer.held = None if pruned else writer.held
        elif pruned:
            writer.held = neuron_rows(name, record)
        if record.epoch == total:
            writer.release()
        diary.pruned_once |= pruned
        diary.best_val_accuracy = max(diary.best_val_accuracy, record.val_accuracy)

    def save(self) -> None:
        """Write what is buffered, then a checkpoint that names it."""
        before = time.perf_counter()
        self.tick()
        self.writer.flush()
        header = {"manifest": self.writer.manifest, "diary": vars(self.diary)}
        held = b"" if self.writer.held is None else encode(self.writer.held)
        save_checkpoint(self.writer.storage, self.writer.trial_id, self.state, header, held)
        self.last_save = time.perf_counter()
        self.save_cost = self.last_save - before

    def tick(self) -> None:
        """Add the time since the last tick to the trial's seconds."""
        now = time.perf_counter()
        self.diary.seconds, self.clock = self.diary.seconds + now - self.clock, now

    def progress(self, status: str, total: int = 0, error: str | None = None) -> Progress:
        """Return the scalars of the last measuring point."""
        name, record = self.writer.trial_id, self.record
        if record is None:
            return Progress(name, status, epochs=total, error=error)
        layers = record.layers.values()
        kept = sum(int(layer.keep.sum()) for layer in layers)
        dead = sum(int(layer.deaths["dead"].sum()) for layer in layers)
        share = record.masked / record.units
        return Progress(
            name,
            status,
            record.epoch,
            total,
            record.val_accuracy,
            dead / max(kept, 1),
            share,
            error,
        )

    def finish(self, status: str, error: str | None = None) -> Progress:
        """Commit the trial's row, then delete its checkpoints (a failed trial keeps them)."""
        row = trial_row(self.config, status, error) | {"device": device_name(self.device)}
        if status != "failed":
            self.writer.release()
            row |= self.results(status)
        self.tick()
        times = {"started": self.diary.started, "ended": time.time(), "seconds": self.diary.seconds}
        self.writer.commit(row | times)
        if status != "failed":
            self.writer.storage.delete_folder(f"checkpoints/{self.writer.trial_id}")
        return self.progress(status, error=error)

    def results(self, status: str) -> dict[str, Any]:
        """Return the results; `test` is evaluated here, once, and not of a diverged network."""
        model, record = self.state.model, self.record
        probe = self.data.probe(self.config.probe.size)
        digest = hashlib.sha256(probe.pixels.cpu().numpy().tobytes()).hexdigest()
        row: dict[str, Any] = {"probe_size": len(probe), "probe_hash": digest[:12]}
        row["parameters"] = sum(p.numel() for p in model.parameters())
        if record is None:
            return row
        masked, units = sparsity(model, self.config.prune.sites)
        row |= {
            "epochs": record.epoch,
            "steps": record.step,
            "val_loss": record.val_loss,
            "val_accuracy": record.val_accuracy,
            "best_val_accuracy": self.diary.best_val_accuracy,
            "sparsity": masked / units,
            "masked_units": masked,
            "units": units,
            "neurons": sum(len(layer.keep) for layer in record.layers.values()),
            "live_parameters": sum(int(live.sum()) for live in live_weights(model).values()),
        }
        if status == "done":
            row["test_loss"], row["test_accuracy"] = evaluate(model, self.data.test)
        return row


def trial_row(config: TrialConfig, status: str, error: str | None) -> dict[str, Any]:
    """Return what every row of `trials` has, whatever became of the trial."""
    return {
        "status": status,
        "config": json.dumps(flatten(config)),
        "error": error,
        "host": socket.gethostname(),
        "version": f"torch {torch.__version__}, python {platform.python_version()}",
    }


def commit_lost(config: TrialConfig, storage: Storage, error: str) -> None:
    """Commit the `failed` row of a trial whose process died before it could (driver only)."""
    name = trial_id(config)
    writer = TrialWriter(storage, name, next_attempt(storage, name))
    writer.commit(trial_row(config, "failed", error) | {"ended": time.time()})


def is_sampled(epoch: int) -> bool:
    """Whether `neurons` is written at this epoch: 0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, ..."""
    return epoch == 0 or epoch in {round(2 ** (k / 2)) for k in range(64)}


def device_name(device: str) -> str:
    """Return what the trial ran on."""
    if device == "cpu":
        return f"cpu ({platform.machine()}, {os.cpu_count()} cores)"
    return torch.cuda.get_device_name(0)
