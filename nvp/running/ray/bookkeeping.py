"""Bookkeeping of Tune's reports: rows, retries, nodes to avoid, and the display."""

from typing import Any

from ray import tune

from nvp.config.trial_config import TrialConfig
from nvp.planning.trial_queue import TrialQueue
from nvp.running.progress import Display
from nvp.running.ray.causes import UNKNOWN, Cause
from nvp.running.ray.deaths import Deaths
from nvp.running.ray.fit_nodes import Nodes
from nvp.running.ray.memory_shortage import MemoryShortage
from nvp.running.ray.watchdog import Watchdog
from nvp.storage.incidents import Incidents
from nvp.storage.store import Storage
from nvp.trial.progress import Progress
from nvp.trial.trial_row import commit_lost


class Watch(tune.Callback):
    """Feeds the display, and commits the row of a trial that is not tried again.

    Tune gives a trial up at once when its process dies before the first step (in a reset), so this
    keeps its own account of the trials.

    Attributes:
        unfinished: trials without a row; those that Tune gave up get another try.
        ended: trials whose row is written.
        crowded: trials that ran out of memory and get a try on a GPU of their own.
        node_of: {trial: node that it last reported from}.
        fatal: why the study cannot go on; empty while it can.
    """

    def __init__(
        self,
        display: Display,
        storage: Storage,
        trials: dict[str, TrialConfig],
        queue: TrialQueue,
    ) -> None:
        self.display, self.storage, self.queue = display, storage, queue
        self.unfinished = dict(trials)
        self.ended: dict[str, TrialConfig] = {}
        self.crowded: dict[str, TrialConfig] = {}
        self.incidents = Incidents(storage)
        self.deaths, self.nodes = Deaths(self.incidents), Nodes(self.incidents)
        self.watchdog, self.memory = Watchdog(), MemoryShortage()
        self.cause, self.fatal = UNKNOWN, ""
        self.node_of: dict[str, str] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune pickles its callbacks, and this one holds the terminal."""
        return {}

    def add_trial(self, name: str, config: TrialConfig) -> None:
        """Take in a trial that was not known before."""
        self.unfinished[name] = config

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self.watchdog.start(name_of(trial), trial)

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        progress, node = Progress(**result["progress"]), result["node"]
        name = progress.trial_id
        self.node_of[name] = node
        if self.watchdog.see(progress, result["batches"]):
            self.memory.note_progress()
        if progress.status == "running":
            self.display.update(progress)
            return
        self.watchdog.end(name)
        if progress.status == "unfit":
            if self.nodes.avoid(node, "unfit", progress.error or ""):
                self.display.print_line(f"node {node[:12]} is left out: {progress.error}")
        elif progress.status == "out_of_memory":
            self.crowded[name] = self.unfinished.pop(name)
            self.incidents.add("out_of_memory", "on a share of a GPU", trial_id=name, node=node)
            self.display.print_line(f"{name}: out of memory; later alone on a whole GPU")
        else:
            self.note_end(progress, node)

    def note_end(self, progress: Progress, node: str) -> None:
        """Take in a trial whose row is written."""
        name = progress.trial_id
        self.ended[name] = self.unfinished.pop(name)
        self.queue.note_end(name)
        self.display.update(progress)
        failed, before = progress.status == "failed", set(self.nodes.bad)
        again = self.nodes.note_failure(node, name) if failed else self.nodes.note_success(node)
        self.unfinished |= {other: self.ended.pop(other) for other in again if other in self.ended}
        self.display.uncount("failed", len(again))
        for other in set(self.nodes.bad) - before:
            self.display.print_line(f"node {other[:12]} is left out: {self.nodes.bad[other]}")
        for other in before - set(self.nodes.bad):
            self.display.print_line(
                f"node {other[:12]} is taken back: its trials fail elsewhere, too"
            )

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self.deaths.count_settled()
        self.memory.see_whether_over(waiting=len(self.unfinished) > len(self.watchdog.running))
        for name, seconds in self.watchdog.silent():
            reason = f"no progress for {seconds:.0f} s; its process is ended"
            self.incidents.add("silent", reason, trial_id=name, node=self.node_of.get(name, ""))
            self.display.print_line(f"{name}: {reason}")
            self.watchdog.kill(name, seconds)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        name, what = self.note_death(trial)
        self.display.print_line(f"{name}: {what}; trying again")
        if self.deaths.is_last_chance(name):
            trial.max_failures = 0  # Tune then leaves the next death to the next round

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        name, what = self.note_death(trial)
        if not self.give_up(name):
            self.display.print_line(f"{name}: {what} at the start; trying again later")

    def note_cause(self, cause: Cause) -> None:
        """Take in why the process was lost whose death Tune is about to report."""
        self.cause = cause

    def note_death(self, trial: Any) -> tuple[str, str]:
        """Take in that the process of a trial was lost; return the trial's name and how it was."""
        name, cause, self.cause = name_of(trial), self.cause, UNKNOWN
        self.watchdog.end(name)
        node = self.node_of.pop(name, "")
        if self.watchdog.killed.pop(name, None) is not None:
            self.deaths.add_silent(name)
            return name, "the driver ended its process for its silence"
        if cause.kind == "memory":
            self.deaths.add_memory(name, node, cause.reason)
            self.memory.note_kill(cause.reason)
            return name, f"Ray ended its process, since memory is short{cause.reason}"
        if cause.kind == "storage" or (cause.kind == "file" and not self.can_write()):
            self.fatal = f"storage: expected to write to {self.storage.place}, got: {cause.reason}"
        self.deaths.add(name, node, cause.reason)
        return name, f"its process died{': ' if cause.reason else ''}{cause.reason}"

    def can_write(self) -> bool:
        """Whether this process can write to the storage: a worker that cannot may be alone."""
        try:
            self.storage.check_writable()
        except OSError:
            return False
        return True

    def give_up(self, name: str) -> bool:
        """Commit the failed row of a trial that died too often; return whether it did."""
        error = self.deaths.reason_to_give_up(name)
        if error:
            commit_lost(self.unfinished.pop(name), self.storage, error)
            self.queue.note_end(name)
            self.display.update(Progress(trial_id=name, status="failed", error=error))
        return bool(error)

    def end_round(self) -> None:
        """At the end of a round, give up the trials that died too often."""
        self.watchdog.running.clear()
        self.watchdog.killed.clear()
        self.deaths.wait_for_all()
        for name in list(self.unfinished):
            self.give_up(name)


def name_of(trial: Any) -> str:
    """Return the id of our trial that one of Tune's trials runs."""
    return trial.config["trial"]["trial_id"]
