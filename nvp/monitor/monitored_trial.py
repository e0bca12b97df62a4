"""A monitored trial from its first observation to its row."""

import logging
import time
from typing import Any

from torch import nn

from nvp.config.trial_config import PruneConfig
from nvp.monitor import going_on
from nvp.monitor.changes import Changes, find_changes
from nvp.monitor.entry import Entry
from nvp.monitor.measured import find_not_finite
from nvp.monitor.measuring import Point, measure_network
from nvp.monitor.observed_rows import describe_end, describe_last, make_rows
from nvp.monitor.own_modules import list_own_modules
from nvp.monitor.probe import Probe
from nvp.monitor.recording import Recording
from nvp.network.train_state import Diverged
from nvp.pruning import plan_pruning
from nvp.question.question import METHOD, NONE
from nvp.trial.progress import Progress, measure_progress
from nvp.trial.source_code.code_hash import hash_code
from nvp.trial.trial_row import name_device, start_row

BY_HAND = "by hand"  # the method of a loop that prunes and does not say by what
UNPRUNED = plan_pruning(PruneConfig())
logger = logging.getLogger(__name__)


class MonitoredTrial:
    """One trial: its network, its probe, its configuration, and what is known of it so far.

    Attributes:
        recording: its observations and rows.
        network: that is observed.
        probe: over which.
        config: {key: plain value}, the seed too.
        ended: how it ended in this process; None while it has not.
    """

    def __init__(
        self, recording: Recording, network: nn.Module, probe: Probe, config: dict[str, Any]
    ) -> None:
        self.recording, self.network, self.probe, self.config = recording, network, probe, config
        self.clock = time.perf_counter()
        self.started = time.time()
        self.code = hash_code(list_own_modules(network))
        self.ended: Progress | None = None

    @property
    def epoch(self) -> int:
        """Return the epoch of the newest observation, -1 before the first."""
        row, latest = self.recording.writer.row, self.recording.latest
        if latest is None and row is not None and self.recording.writer.finished:
            return -1 if row["epochs"] is None else row["epochs"]
        return -1 if latest is None else latest.epoch

    @property
    def status(self) -> str:
        """Return how the trial ended; "running" while it did not."""
        if self.ended:
            return self.ended.status
        row = self.recording.writer.row
        return row["status"] if row is not None and self.recording.writer.finished else "running"

    @property
    def cause(self) -> str:
        """Return what masks and removes neurons, for the table `events`."""
        method = self.config.get(METHOD, NONE)
        return BY_HAND if method == NONE else str(method)

    def observe(self, epoch: int, values: dict[str, Any]) -> Progress:
        """Observe the network and keep what was seen; return the numbers to watch.

        Raises:
            ValueError: the trial has ended, or goes on over another probe or after another one.
        """
        if self.ended:
            raise ValueError(f"observe: the trial has ended ({self.ended.status})")
        self.go_back(epoch)
        latest = self.recording.latest
        passed = time.perf_counter() - self.clock
        try:
            if name := find_not_finite(values):
                raise Diverged(f"the {name} is not finite")
            before = latest and latest.marks
            point = measure_network(self.network, self.probe, epoch, values, before, passed)
        except Diverged as error:
            logger.warning("trial %s diverged: %s", self.recording.trial_id, error)
            return self.end("diverged", str(error), {})
        self.recording.add(self.make_entry(point))
        progress = Progress(trial_id=self.recording.trial_id, status="running")
        return measure_progress(progress, point.record, UNPRUNED)

    def go_back(self, epoch: int) -> None:
        """Drop what was observed at an epoch or later; refuse what cannot go on."""
        dropped = self.recording.go_back(epoch)
        latest, first = self.recording.latest, self.recording.first
        if dropped:
            logger.info("trial %s goes on from epoch %d", self.recording.trial_id, self.epoch)
        if latest is None and first is not None and epoch > first:
            raise ValueError(
                f"observe: the trial {self.recording.trial_id} is {self.status}, so it begins "
                f"again: expected its first epoch, {first}, got {epoch}; to train for longer, add "
                "a key to config"
            )
        going_on.check_probe_goes_on(self.recording, self.probe)
        going_on.check_layers_go_on(self.recording, self.network)

    def find_changes(self) -> Changes | None:
        """Return what happened to the network since it was observed; None where it was not."""
        latest = self.recording.latest
        if latest is None or not going_on.has_layers_of(latest, self.network):
            return None
        return find_changes(latest.epoch, latest.marks, self.network, self.cause)

    def make_entry(self, point: Point) -> Entry:
        """Return an observation as the log keeps it; adds the time since the last one."""
        latest = self.recording.latest
        return Entry(
            epoch=point.record.epoch,
            rows=make_rows(self.recording.trial_id, point.record, self.cause),
            marks=point.marks,
            last=describe_last(point.record, self.probe, latest.last if latest else {}),
            diary=self.note_diary(),
            before=self.find_changes(),
        )

    def note_diary(self) -> dict[str, Any]:
        """Return the values of the trial so far that its row will have."""
        latest = self.recording.latest
        known = latest.diary if latest else {"started": self.started, "seconds": 0.0}
        now = time.perf_counter()
        passed, self.clock = now - self.clock, now
        same_code = latest is None or known["code"] == self.code
        return {
            "started": known["started"],
            "seconds": known["seconds"] + passed,
            "code": self.code if same_code else None,
            "probe": self.probe.hash,
            "attempt": self.recording.writer.attempt,
        }

    def finish(self, values: dict[str, Any]) -> Progress:
        """End the trial as done; one that has ended already stays as it is.

        Raises:
            ValueError: nothing was observed.
        """
        if self.ended:
            going_on.check_nothing_late(self.ended.status, values)
            return self.ended
        if self.recording.latest is None:
            if not self.recording.writer.finished:
                raise ValueError("finish: expected at least one observation, got none")
            self.ended = self.report(self.status)
            return self.ended
        going_on.check_layers_go_on(self.recording, self.network)
        if name := find_not_finite(values):
            return self.end("diverged", f"the {name} is not finite", {})
        return self.end("done", None, values)

    def end(self, status: str, error: str | None, values: dict[str, Any]) -> Progress:
        """Write the trial's row, with what the loop measured at its end; return how it ended."""
        latest, over = self.recording.latest, status != "failed"
        row = describe_end(self.network, self.probe) if over and latest else {}
        pruned = bool(row.get("masked_units") or row.get("masked_weights"))
        config = {METHOD: BY_HAND if pruned else NONE} | self.config
        diary = self.note_diary()
        self.recording.commit(
            start_row(config, status, error)
            | row
            | (latest.last if latest else {})
            | values
            | {"device": name_device(next(self.network.parameters()).device.type)}
            | {name: diary[name] for name in ("started", "seconds", "code")}
            | {"ended": time.time(), "checkpoint_kept": False},
            self.find_changes(),
            over=over,
        )
        self.ended = self.report(status, error)
        return self.ended

    def fail(self, error: str) -> None:
        """Write a `failed` row, unless there is a finished one: that stays as it is."""
        if not self.recording.writer.finished:
            self.end("failed", error, {})

    def report(self, status: str, error: str | None = None) -> Progress:
        """Return how the trial ended."""
        name, epoch = self.recording.trial_id, max(self.epoch, 0)
        return Progress(trial_id=name, status=status, epoch=epoch, epochs=epoch, error=error)
