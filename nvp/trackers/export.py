"""Writes the runs of finished trials that a tracker lacks, or has of an earlier row."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from nvp.storage.index import Index
from nvp.trackers.read_runs import read_runs
from nvp.trackers.tracked_study import TrackedStudy, make_fingerprint
from nvp.trackers.trial_run import Tracker


@dataclass(frozen=True)
class Exported:
    """How many runs an export wrote anew, put in the place of others, and left as they were."""

    new: int = 0
    replaced: int = 0
    unchanged: int = 0

    def describe(self) -> str:
        """Return it in words."""
        return f"{self.new} new, {self.replaced} replaced, {self.unchanged} unchanged"


class Exporter:
    """Writes runs into a tracker, and knows which are there: it asks once."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.there = dict(tracker.list_runs())

    def export_trials(
        self,
        study: TrackedStudy,
        index: Index,
        trials: Collection[str],
        note: Callable[[int], None] = lambda count: None,
    ) -> Exported:
        """Write the runs of finished trials, but for those that are there and unchanged.

        Args:
            study: whose trials they are.
            index: of the study.
            trials: their ids.
            note: is told, now and then, how many are written.
        """
        prints = {trial: make_fingerprint(index.rows[trial]) for trial in trials}
        changed = [trial for trial in trials if self.there.get(trial) != prints[trial]]
        replaced = sum(trial in self.there for trial in changed)
        written = 0
        for runs in read_runs(study, index, changed):
            self.tracker.write_runs(runs)
            self.there |= {run.trial_id: run.fingerprint for run in runs}
            written += len(runs)
            note(written)
        return Exported(len(changed) - replaced, replaced, len(trials) - len(changed))
