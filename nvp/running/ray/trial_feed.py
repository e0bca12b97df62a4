"""The feed of trials: Tune asks for them one by one, and is told when to stop."""

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from nvp.config.identity import find_changes
from nvp.running.ray.bookkeeping import Watch


class TrialFeed(Searcher):
    """Hands Tune the known trials, at most `most` at a time, then the queue's as slots come free.

    Known trials are handed out ahead of free slots: an autoscaler sees them wait and starts nodes.
    A trial of the queue is taken only once a slot is free: a search chooses it by the results so
    far. (Tune's own grid search is not used: it copies the whole grid for each trial.)
    """

    def __init__(
        self, watch: Watch, slots: Callable[[], int], stop: Callable[[], bool], most: int | None
    ) -> None:
        super().__init__()
        self.watch, self.slots, self.stop, self.most = watch, slots, stop, most
        self.known = deque(watch.unfinished.items())
        self.live: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune pickles its searcher, and this one holds the terminal."""
        return {}

    def __deepcopy__(self, memo: dict[int, Any]) -> "TrialFeed":
        """Return itself: Tune copies its searcher, and there is one queue."""
        return self

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        room = (self.most or inf) if self.known else self.slots()
        if len(self.live) >= room:
            return None
        following = None
        if not self.stop():
            following = self.known.popleft() if self.known else self.watch.queue.next_trial()
        if following is None:
            return Searcher.FINISHED
        name, config = following
        self.watch.add_trial(name, config)
        self.live.add(trial_id)
        return {"trial": {"trial_id": name, "changed": find_changes(config)}}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        self.live.discard(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the trials of a search are in study.json before they start."""

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
