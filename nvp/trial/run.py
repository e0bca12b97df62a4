"""One trial: build, restore, train, records -> tables. Handed a storage, hands back progress."""

import logging
import time
import traceback
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from nvp.config.trial_config import TrialConfig, trial_id
from nvp.data import data_root, splits_of
from nvp.data.splits import Splits
from nvp.network.train_state import Diverged, TrainState
from nvp.pruning import METHODS
from nvp.storage.codec import decode, encode
from nvp.storage.reader import read_index
from nvp.storage.store import Storage
from nvp.storage.writer import TrialWriter, drop_uncommitted, next_attempt, parts_intact
from nvp.training.build import build, cap_memory, set_up_process
from nvp.training.loop import num_epochs, train
from nvp.training.record import EpochRecord
from nvp.training.timing import SHARE, step_seconds
from nvp.trial.checkpoint import checkpoints, restore, save_checkpoint
from nvp.trial.early_stopping import Asha, Censored, rungs
from nvp.trial.fork import is_ready, start_from
from nvp.trial.rows import epoch_rows, event_rows, is_sampled, layer_rows, neuron_rows
from nvp.trial.trial_row import device_name, results, trial_row

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 20.0
CHECKPOINT_COST = 20  # no more than 1/20 of the time goes into checkpoints


@dataclass(frozen=True)
class Progress:
    """What a scheduler or a human watches of a trial; fractions in [0, 1].

    `sparsity` is of what the method masks: prunable units, or weights.
    """

    trial_id: str
    status: str
    epoch: int = 0
    epochs: int = 0
    val_accuracy: float | None = None
    dead_fraction: float | None = None
    sparsity: float | None = None
    error: str | None = None


@dataclass
class Diary:
    """What a trial remembers beside its state; plain values, saved with each checkpoint."""

    started: float = field(default_factory=time.time)
    seconds: float = 0.0
    pruned_once: bool = False
    best_val_accuracy: float = 0.0
    rung: int = 0  # the last one it was let past
    last: dict[str, Any] = field(default_factory=dict)


def run_trial(
    config: TrialConfig,
    storage: Storage,
    *,
    device: str = "cpu",
    share: float = 1.0,
    retried: bool = False,
    root: Path | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    keep_checkpoint: bool = False,
    asha: Asha | None = None,
) -> Generator[Progress, None, None]:
    """Run a trial to its committed row, yielding at each measuring point.

    A trial that is done or diverged already (its process died before it could say so) is not run
    again. Any other continues from its newest intact checkpoint. Closing the generator early saves
    one. An exception becomes a `failed` row with its traceback, a loss that is not finite a
    `diverged` one, being stopped by ASHA a `censored` one, which goes on where there is no ASHA.

    Args:
        config: checked (`check_trial`).
        storage: the study's.
        device: "cpu" or "cuda".
        share: of a GPU's memory that the trial may fill. Out of it, a trial on a part of a GPU ends
            as `out_of_memory`, without a row: it is owed a whole one.
        retried: whether this is that second try, alone on a whole GPU; the row says so.
        root: folder of the data sets; default as `data_root`.
        checkpoint_seconds: least time between two checkpoints.
        keep_checkpoint: leave one of the end and the one before; of a diverged trial its last two.
            A trial that is done without one is run again for it.
        asha: decides at its rungs whether the trial goes on; None = it always does.
    """
    set_up_process(device)
    name = trial_id(config)
    row = read_index(storage, name).rows.get(name)
    kept = row and (not keep_checkpoint or is_ready(storage, name, row["status"]))
    if row and kept and row["status"] in settled(asha is not None):
        yield Progress(name, row["status"], row["epochs"] or 0, row["epochs"] or 0)
        return
    writer = TrialWriter(storage, name, next_attempt(storage, name))
    run = Run(
        config, writer, device, checkpoint_seconds, keep_checkpoint, retried=retried, asha=asha
    )
    try:
        cap_memory(device, share)
        run.data = splits_of(config.data, root or data_root(), device)
        run.state = build(config, run.data, device)
        run.resume()
        yield from run.epochs()
        yield run.finish("done")
    except Diverged as error:
        yield run.finish("diverged", error=str(error))
    except Censored as error:
        run.save()
        yield run.finish("censored", error=str(error))
    except Exception as error:  # becomes the row of the trial; the study goes on
        writer.discard()
        if share < 1 and isinstance(error, torch.OutOfMemoryError):
            yield run.progress("out_of_memory")
            return
        logger.warning("trial %s failed: %s", name, error)
        yield run.finish("failed", error=traceback.format_exc())


def settled(under_asha: bool) -> tuple[str, ...]:
    """Return what a trial can end as for good; without ASHA a censored one goes on."""
    return ("done", "diverged", "censored") if under_asha else ("done", "diverged")


class Run:
    """One attempt of a trial under way."""

    data: Splits
    state: TrainState

    def __init__(
        self,
        config: TrialConfig,
        writer: TrialWriter,
        device: str,
        checkpoint_seconds: float,
        keep_checkpoint: bool,
        *,
        retried: bool = False,
        asha: Asha | None = None,
    ) -> None:
        self.asha = asha
        self.config, self.writer, self.device = config, writer, device
        self.retried = retried
        self.checkpoint_seconds, self.keep_checkpoint = checkpoint_seconds, keep_checkpoint
        self.diary = Diary()
        self.clock = time.perf_counter()
        self.last_save, self.save_cost = self.clock, 0.0
        self.record: EpochRecord | None = None

    def resume(self) -> None:
        """Continue from the newest checkpoint whose parts are intact; else start afresh.

        Raises:
            ValueError: a fork's parent is not there.
        """
        storage, name = self.writer.storage, self.writer.trial_id
        for checkpoint in checkpoints(storage, name):
            if parts_intact(storage, checkpoint.header["manifest"]):
                restore(checkpoint, self.state)
                self.writer.manifest = checkpoint.header["manifest"]
                self.writer.held = decode(checkpoint.held) if checkpoint.held else None
                self.diary = Diary(**checkpoint.header["diary"])
                break
        else:
            if self.config.parent:
                start_from(storage, self.config.parent, self.state)
        drop_uncommitted(storage, name, self.writer.manifest)

    def epochs(self) -> Generator[Progress, None, None]:
        """Train; write rows and checkpoints; a generator closed early saves a checkpoint."""
        total = num_epochs(self.config, len(self.data.train))
        self.judge(self.state.epoch, total, None)  # killed between checkpoint and row
        for record in train(self.config, self.data, self.state):
            self.record = record
            self.write(record, total)
            self.judge(record.epoch, total, record)
            now = time.perf_counter()
            pause = max(self.checkpoint_seconds, CHECKPOINT_COST * self.save_cost)
            if record.epoch < total and (record.removed or now - self.last_save >= pause):
                self.save()
            try:
                yield self.progress("running", total)
            except GeneratorExit:
                self.save()
                raise

    def judge(self, epoch: int, total: int, record: EpochRecord | None) -> None:
        """At a rung it was not let past yet, raise Censored when the trial is to stop."""
        past = max(self.diary.rung, self.state.forked if record is None else 0)
        if not self.asha or epoch <= past or epoch not in rungs(self.config, total):
            return
        name, asha = self.writer.trial_id, self.asha
        row = epoch_rows(name, record).to_pylist()[0] if record else {}
        asha.check(self.writer.storage, name, epoch, row.get(asha.column))
        self.diary.rung = epoch
        if record:
            self.save()

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
        diary.last = {
            "epochs": record.epoch,
            "steps": record.step,
            "val_loss": record.val_loss,
            "val_accuracy": record.val_accuracy,
            "best_val_accuracy": diary.best_val_accuracy,
        }

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
        dead = sum(int(layer.deaths[layer.death].sum()) for layer in layers)
        weights = METHODS[self.config.prune.method].granularity == "weight"
        share = record.masked_weights / record.weights if weights else record.masked / record.units
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
        """Commit the trial's row, then delete its checkpoints, unless asked or it may go on."""
        row = trial_row(self.config, status, error) | {"device": device_name(self.device)}
        row["retried_alone"] = self.retried
        kept = self.keep_checkpoint or status not in ("done", "diverged")
        row["checkpoint_kept"] = kept
        row["rung"] = self.state.epoch if status == "censored" else None
        if status in ("done", "diverged"):
            self.writer.release()
        if status != "failed":
            row |= results(
                self.config,
                self.data,
                self.state.model,
                self.diary.last,
                status=status,
            )
        self.tick()
        if status == "done" and row["masked_units"]:
            budget = SHARE * self.diary.seconds
            row |= step_seconds(self.config, self.data, self.state, budget=budget)
        if status == "done" and self.keep_checkpoint:
            self.save()
        self.tick()
        times = {"started": self.diary.started, "ended": time.time(), "seconds": self.diary.seconds}
        self.writer.commit(row | times)
        if not kept:
            self.writer.storage.delete_folder(f"checkpoints/{self.writer.trial_id}")
        return self.progress(status, error=error)
