"""Monitor: somebody else's training loop writes the tables that ours writes."""

import os
import traceback
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self, Unpack

from torch import nn

from nvp.monitor.configuration import check_study_name, name_trial, read_configuration
from nvp.monitor.measured import (
    AT_END,
    AT_OBSERVATION,
    Measured,
    MeasuredAtEnd,
    check_epoch,
    check_measured,
)
from nvp.monitor.monitored_trial import MonitoredTrial
from nvp.monitor.one_monitor import hold_trial
from nvp.monitor.probe import read_probe
from nvp.monitor.recording import Recording
from nvp.monitor.study_entry import Begun, check_asked, enter_study
from nvp.monitor.watched import find_watched
from nvp.question.question import Question
from nvp.storage.studies import MONITOR, default_place
from nvp.storage.study_folder import open_study
from nvp.trial.progress import Progress


class Monitor:
    """Observes a network while a loop of one's own trains it, as a trial of a study.

        monitor = nvp.Monitor(network, probe, study="widths", config={"optim.lr": 0.1}, seed=0)
        monitor.observe(0)                              # before training: who is born dead
        for epoch in range(1, 11):
            ...
            monitor.observe(epoch, train_loss=loss, val_accuracy=accuracy)
        monitor.finish(test_accuracy=accuracy)

    The study's name, the configuration and the seed name the trial. A loop that was killed goes on
    with it: its first observation says from where, and what was observed at that epoch or later is
    dropped. Call `observe` before you save your checkpoint: what it returned from is on the disk.

    Masks and removals between two observations (`nvp.prune`, `nvp.shrink`) are events of the first.
    """

    def __init__(
        self,
        network: nn.Module,
        probe: Any,
        *,
        study: str,
        storage: str | os.PathLike[str] | None = None,
        config: Mapping[str, Any] | None = None,
        seed: int = 0,
        question: Question | None = None,
    ) -> None:
        """Begin a trial, or go on with it.

        Args:
            network: an own network, an adopted one, or a plain module, which is adopted.
            probe: the examples to observe over, the same each time: a tensor of inputs, inputs
                and labels, named tensors, or a DataLoader, of which the first 2,048 count.
            study: a name for all trials that are to be compared.
            storage: a path or a URI; None = `NVP_STORAGE`, else `results`.
            config: what tells the trials of the study apart: plain values under any keys.
            seed: of the loop, for intervals over seeds.
            question: what the study asks, for `nvp analyse`; the newest one counts. None = the one
                that is there, else one that is made from the keys in which trials differ.

        Raises:
            ValueError: a wrong argument, or another process has a monitor of this trial.
        """
        check_study_name(study)
        own = read_configuration(config)
        name, values = name_trial(own, seed), own | {"seed": seed}
        examples = read_probe(probe)
        watched = find_watched(network, examples)
        place = default_place() if storage is None else os.fspath(storage)
        folder = open_study(place, study, MONITOR)
        check_asked(question, folder, values)
        self.hold = hold_trial(folder, name)
        enter_study(folder, Begun(study=study, trial_id=name, config=values, question=question))
        self.trial = MonitoredTrial(Recording(folder, name), watched, examples, values)

    @property
    def network(self) -> nn.Module:
        """Return the network that is observed: yours, or the adopted one of a plain module."""
        return self.trial.network

    @property
    def trial_id(self) -> str:
        """Return the name of the trial, as in all tables."""
        return self.trial.recording.trial_id

    @property
    def epoch(self) -> int:
        """Return the epoch of the newest observation, also an earlier process's; -1 before it."""
        return self.trial.epoch

    @property
    def status(self) -> str:
        """Return how the trial ended, here or in an earlier process; "running" while it did not."""
        return self.trial.status

    def observe(self, epoch: int, **measured: Unpack[Measured]) -> Progress:
        """Observe the network after `epoch` epochs; 0 is the network before training.

        Leaves the network, its mode, its gradients and the random streams as they were. A loss, an
        activation or a weight that is not finite ends the trial as `diverged`. Then the loop may go
        on; later calls observe nothing.

        Args:
            epoch: epochs finished. It may go back: what was observed at it or later is dropped.
            measured: what the loop measured in that epoch, see `nvp.monitor.measured.Measured`.

        Returns:
            The numbers to watch: status, dead fraction, sparsity.

        Raises:
            ValueError: a wrong argument, or the monitor is closed.
        """
        values = check_measured(measured, AT_OBSERVATION, "observe")
        check_epoch(epoch)
        if self.trial.ended and self.trial.ended.status == "diverged":
            return self.trial.ended
        self.hold.check()
        return self.release_at_end(self.trial.observe(epoch, values))

    def epochs(self, last: int, *, done: int = 0) -> Iterator[int]:
        """Yield the epochs of a loop up to `last`; observe the network after each.

        Before the first epoch it is observed as it is born. What a loop measures needs `observe`.

        Args:
            last: number of epochs in all.
            done: epochs that your own checkpoint has; a loop goes on with the next one.
        """
        if not done:
            self.observe(0)
        for epoch in range(done + 1, last + 1):
            yield epoch
            self.observe(epoch)

    def finish(self, **measured: Unpack[MeasuredAtEnd]) -> Progress:
        """End the trial: write its row, by which it counts as done, and close the monitor.

        Test data are looked at once, at the end. A trial that an earlier process finished, and of
        which this one observed nothing, stays as it is.

        Args:
            measured: `test_loss` in nats, `test_accuracy` in [0, 1].

        Raises:
            ValueError: a wrong argument, nothing was observed, or the monitor is closed.
        """
        values = check_measured(measured, AT_END, "finish")
        if not self.trial.ended:
            self.hold.check()
        return self.release_at_end(self.trial.finish(values))

    def close(self) -> None:
        """Give the trial free as it is; this process or another one may go on with it."""
        if self.hold.held:
            self.trial.recording.write_parts()
        self.hold.release()

    def release_at_end(self, progress: Progress) -> Progress:
        """Return the progress; give the trial free where it has ended."""
        if self.trial.ended:
            self.hold.release()
        return progress

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the trial. After an error it stays unfinished, with a `failed` row that says why.

        An interrupt (Ctrl-C) leaves no row: the loop is to go on.
        """
        if self.hold.held and not self.trial.ended:
            if error is None and self.epoch >= 0:
                self.finish()
            elif isinstance(error, Exception):
                self.trial.fail("".join(traceback.format_exception(error)))
        self.close()
