"""One attempt of a trial: from where the last one stopped to the row that commits the trial."""

import time
from collections.abc import Generator
from functools import partial

from nvp.config.trial_config import TrialConfig
from nvp.data.splits import Splits
from nvp.network.train_state import TrainState
from nvp.pruning import plan_pruning
from nvp.storage.codec import decode_rows, encode_rows
from nvp.storage.sealed import are_intact
from nvp.storage.writer import TrialWriter, drop_uncommitted
from nvp.training.length import count_epochs
from nvp.training.loop import train
from nvp.training.record import EpochRecord
from nvp.training.tasks import select_task
from nvp.training.timing import SHARE, measure_step_seconds
from nvp.trial.checkpoint import read_checkpoints, restore_state, save_checkpoint
from nvp.trial.diary import Diary
from nvp.trial.early_stopping import final_statuses, find_rungs
from nvp.trial.fork import start_from_parent
from nvp.trial.progress import Progress, measure_progress
from nvp.trial.requirements import is_other
from nvp.trial.rows import epoch_rows, event_rows, layer_rows, neuron_rows
from nvp.trial.run_options import RunOptions
from nvp.trial.sampling import sample_neurons
from nvp.trial.source_code.code_hash import hash_trial_code
from nvp.trial.trial_row import measure_results, name_device, trial_row

CHECKPOINT_COST = 20  # no more than 1/20 of the time goes into checkpoints


class Attempt:
    """One attempt of a trial under way; its caller sets `data`, `state` and `weights` first."""

    data: Splits
    state: TrainState
    weights: str | None  # SHA-256 of the file that `state` has its weights from

    def __init__(self, config: TrialConfig, writer: TrialWriter, options: RunOptions) -> None:
        self.config, self.writer, self.options = config, writer, options
        self.code = hash_trial_code(config)
        self.diary = Diary(code=self.code)
        self.clock = time.perf_counter()
        self.last_save, self.save_cost = self.clock, 0.0
        self.continued_from, self.began = 0, self.clock  # the epoch and the time
        self.record: EpochRecord | None = None

    def resume(self) -> None:
        """Continue from the newest checkpoint whose parts are intact; else start afresh.

        Raises:
            ValueError: a fork's parent is not there.
        """
        storage, name = self.writer.storage, self.writer.trial_id
        for checkpoint in read_checkpoints(storage, name):
            other = self.options.redo_changed and is_other(
                checkpoint.header["diary"].get("code"), self.code
            )
            if not other and are_intact(storage, checkpoint.header["manifest"]):
                restore_state(checkpoint, self.state)
                self.writer.manifest = checkpoint.header["manifest"]
                self.writer.held = decode_rows(checkpoint.held) if checkpoint.held else None
                self.diary = Diary(**checkpoint.header["diary"])
                break
        else:
            if self.config.parent:
                self.diary.code = start_from_parent(storage, self.config.parent, self.state)
            self.diary.weights = self.weights
        self.diary.note_code(self.code)
        # Rows after the checkpoint are written again, so those of the last attempt have to go.
        drop_uncommitted(storage, name, self.writer.manifest | self.writer.committed)

    def train_epochs(self) -> Generator[Progress, None, None]:
        """Train; write rows and checkpoints; a generator closed early saves a checkpoint."""
        images = select_task(self.config, self.data, self.state).train_images
        total = count_epochs(self.config, images)
        self.continued_from, self.began = self.state.epoch, time.perf_counter()
        # The last attempt may have died at a rung, after its checkpoint and before its verdict.
        self.stop_at_rung(self.state.epoch, total, None)
        for record in train(self.config, self.data, self.state):
            self.record = record
            self.write_rows(record, total)
            self.stop_at_rung(record.epoch, total, record)
            if record.epoch < total and (record.removed or self.checkpoint_is_due()):
                self.save()
            try:
                yield self.progress("running", total)
            except GeneratorExit:
                self.save()
                raise

    def checkpoint_is_due(self) -> bool:
        """Whether enough time has passed since the last checkpoint to pay for another one."""
        pause = max(self.options.checkpoint_seconds, CHECKPOINT_COST * self.save_cost)
        return time.perf_counter() - self.last_save >= pause

    def stop_at_rung(self, epoch: int, total: int, record: EpochRecord | None) -> None:
        """Raise Censored when ASHA stops the trial, else note the rung; no `record`: restored."""
        asha = self.options.asha
        passed = max(self.diary.rung, self.state.forked if record is None else 0)
        if not asha or epoch <= passed or epoch not in find_rungs(self.config, total):
            return
        name = self.writer.trial_id
        row = epoch_rows(name, record).to_pylist()[0] if record else {}
        asha.stop_if_worse(self.writer.storage, name, epoch, row.get(asha.column))
        self.diary.rung = epoch
        if record:
            self.save()

    def write_rows(self, record: EpochRecord, total: int) -> None:
        """Buffer the rows of a measuring point."""
        writer, diary, name = self.writer, self.diary, self.writer.trial_id
        writer.add("epochs", epoch_rows(name, record))
        writer.add("layers", layer_rows(name, record))
        writer.add(
            "events", event_rows(name, record, self.config.prune.method, self.config.remedy.name)
        )
        pruned = any(layer.events["pruned"].any() for layer in record.layers.values())
        sample_neurons(
            writer,
            diary,
            record.epoch,
            partial(neuron_rows, name, record),
            pruned=pruned,
            last=record.epoch == total,
        )
        diary.note_results(record)

    def save(self) -> None:
        """Write the buffered rows, then a checkpoint that names their files."""
        before = time.perf_counter()
        self.add_seconds()
        self.writer.flush()  # first: a checkpoint may name only parts that are there
        header = {"manifest": self.writer.manifest, "diary": vars(self.diary)}
        header["scaling"] = [self.data.train.mean, self.data.train.std]  # for `nvp export`
        held = b"" if self.writer.held is None else encode_rows(self.writer.held)
        save_checkpoint(self.writer.storage, self.writer.trial_id, self.state, header, held)
        self.last_save = time.perf_counter()
        self.save_cost = self.last_save - before

    def add_seconds(self) -> None:
        """Add the time since the last call to the trial's seconds."""
        now = time.perf_counter()
        self.diary.seconds, self.clock = self.diary.seconds + now - self.clock, now

    def progress(self, status: str, total: int = 0, error: str | None = None) -> Progress:
        """Return the progress at the last measuring point of this attempt."""
        latest = Progress(
            trial_id=self.writer.trial_id,
            status=status,
            epochs=total,
            continued_from=self.continued_from,
            seconds=time.perf_counter() - self.began,
            error=error,
        )
        plan = plan_pruning(self.config.prune)
        return measure_progress(latest, self.record, plan) if self.record else latest

    def finish(self, status: str, error: str | None = None) -> Progress:
        """Commit the trial's row, then delete its checkpoints, unless they are to be kept.

        They are kept where the options say so, and where the trial may go on.
        """
        over = status in final_statuses(under_asha=False)
        kept = self.options.keep_checkpoints or not over
        row = trial_row(self.config, status, error) | {
            "device": name_device(self.options.device),
            "retried_alone": self.options.retried_alone,
            "checkpoint_kept": kept,
            "code": self.diary.code,
            "weights_hash": self.diary.weights,
            "rung": self.state.epoch if status == "censored" else None,
        }
        if over:
            self.writer.release()
        if status != "failed":
            model, last = self.state.model, self.diary.last
            data = select_task(self.config, self.data, self.state)
            row |= measure_results(self.config, data, model, last, status=status)
            row |= self.diary.describe_tasks(self.config.data.task)
        self.add_seconds()
        if status == "done" and row["masked_units"]:
            budget = SHARE * self.diary.seconds
            row |= measure_step_seconds(self.config, self.data, self.state, budget=budget)
        if status == "done" and self.options.keep_checkpoints:
            self.save()
        self.add_seconds()
        times = {"started": self.diary.started, "ended": time.time(), "seconds": self.diary.seconds}
        self.writer.commit(row | times)
        if not kept:  # after the row: a trial that dies in between is done, not lost
            self.writer.storage.delete_folder(f"checkpoints/{self.writer.trial_id}")
        return self.progress(status, error=error)

    def fail(self, error: str) -> Progress:
        """Commit a failed row, unless there is a finished one: that stays as it is."""
        return (self.progress if self.writer.finished else self.finish)("failed", error=error)
