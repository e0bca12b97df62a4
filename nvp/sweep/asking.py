"""Trials that are asked for one by one, and the way a run is stopped."""

from collections.abc import Callable
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from nvp.config import changed
from nvp.sweep.watch import Watch


class Asking(Searcher):
    """Tune's way to `Source.next`: the known trials first, then one asked as a slot comes free.

    Tune would ask one more ahead of time, before the trials under way can say anything.
    """

    def __init__(self, watch: Watch, slots: Callable[[], int], stop: Callable[[], bool]) -> None:
        super().__init__()
        self.watch, self.slots, self.stop = watch, slots, stop
        self.known = list(watch.left.items())
        self.live: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune pickles its searcher, and this one holds the terminal."""
        return {}

    def __deepcopy__(self, memo: dict[int, Any]) -> "Asking":
        """Return itself: Tune copies its searcher, and there is one source."""
        return self

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        if len(self.live) >= self.slots():
            return None
        asked = None
        if not self.stop():
            asked = self.known.pop(0) if self.known else self.watch.source.next()
        if asked is None:
            return Searcher.FINISHED
        name, config = asked
        self.watch.add(name, config)
        self.live.add(trial_id)
        return {"trial": {"trial_id": name, "changed": changed(config)}}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        self.live.discard(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: what was asked is in study.json."""

    def restore(self, checkpoint_path: str) -> None:
        raise NotImplementedError("Tune's state is never read back")


class StopWhen(tune.Stopper):
    """Stops all trials, each at its next report, once there is a reason to."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self.stop = stop

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return self.stop()

    def stop_all(self) -> bool:
        return self.stop()
