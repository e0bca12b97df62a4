"""The process that runs trials one after another; a fresh one costs seconds (torch import)."""

import os
import signal
import threading
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Any

import ray
from ray import tune

from nvp.config.dotted_names import add_folders
from nvp.config.trial_config import TrialConfig
from nvp.data.batch_count import BATCHES
from nvp.running.node_check import NodeCheck, find_fault
from nvp.storage.store import Storage
from nvp.trial.progress import Progress
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions

REPORT_SECONDS = 2.0
REPORTS_A_SECOND = 100  # of all trials together: Tune gets busy with more (docs/scale.md)
LAST_SECONDS = 30.0  # that a process told to end may take to save


@dataclass(frozen=True)
class ActorOptions:
    """What an actor needs: how trials run, and what only Ray has to know.

    Attributes:
        place: of the study's storage.
        run: how trials are to run.
        check: what a node must have; None = it is not checked.
        folders: in which the driver finds the user's modules.
        report_seconds: between two reports of a trial.
    """

    place: str
    run: RunOptions
    check: NodeCheck | None = None
    folders: tuple[str, ...] = ()
    report_seconds: float = REPORT_SECONDS


class TrialActor(tune.Trainable):
    """Runs a trial in a thread of its own.

    Tune takes up to 0.3 s to deal with a report. The trial goes on meanwhile.
    """

    node_is_fit = False  # whether this process has passed the check of its node

    def setup(self, config: dict[str, Any], options: ActorOptions | None = None) -> None:
        self.options = options or self.options  # a reused actor is set up without them
        add_folders(self.options.folders)
        self.trial_config = TrialConfig().with_overrides(config["trial"]["changed"])
        self.latest = Progress(trial_id=config["trial"]["trial_id"], status="running")
        self.error: BaseException | None = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.check_and_run)
        self.node = ray.get_runtime_context().get_node_id()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self.terminate)

    def check_and_run(self) -> None:
        """Run the trial on a node that is fit; an error is kept for `step`, where Tune sees it."""
        try:
            if self.options.check and not self.node_is_fit:
                fault = find_fault(self.options.check)
                if fault:
                    name = self.latest.trial_id
                    self.latest = Progress(trial_id=name, status="unfit", error=fault)
                    return
                self.node_is_fit = True
            self.run_to_end()
        except BaseException as error:
            self.error = error

    def run_to_end(self) -> None:
        """Run the trial until it ends or `stopping` is set; then it saves a checkpoint."""
        storage = Storage.at(self.options.place)
        trial = run_trial(self.trial_config, storage, self.options.run)
        for self.latest in trial:
            if self.stopping.is_set():
                trial.close()

    def terminate(self, number: int, frame: FrameType | None) -> None:
        """Save a checkpoint and end: the machine is about to be taken away."""
        self.stopping.set()
        if self.thread.ident is not None:
            self.thread.join(LAST_SECONDS)
        os._exit(128 + number)

    def step(self) -> dict[str, Any]:
        """Return how far the trial is, once it ends or a report is due."""
        if self.thread.ident is None:  # not in setup: Tune retries what dies in a step
            self.thread.start()
        self.thread.join(self.options.report_seconds)
        if self.error:
            raise self.error
        done = self.latest.status != "running"
        return {
            "progress": asdict(self.latest),
            "node": self.node,
            "batches": BATCHES.begun,
            "done": done,
        }

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.cleanup()
        self.setup(new_config)
        return True

    def cleanup(self) -> None:
        self.stopping.set()
        if self.thread.ident is not None:
            self.thread.join()
