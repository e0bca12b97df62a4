"""How Tune gets its trials, one by one, and the way a run is stopped."""

from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from nvp.config.trial_config import changed
from nvp.running.ray.bookkeeping import Watch


class Asking(Searcher):
    """Hands Tune the known trials, at most `most` at a time, then one asked as a slot comes free.

    Known ones queue up, which an autoscaler sees. What is asked does not: the trials under way are
    to speak first. (A grid of Tune's is copied whole for each of its trials.)
    """

    def __init__(
        self, watch: Watch, slots: Callable[[], int], stop: Callable[[], bool], most: int | None
    ) -> None:
        super().__init__()
        self.watch, self.slots, self.stop, self.most = watch, slots, stop, most
        self.known = deque(watch.left.items())
        self.live: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune pickles its searcher, and this one holds the terminal."""
        return {}

    def __deepcopy__(self, memo: dict[int, Any]) -> "Asking":
        """Return itself: Tune copies its searcher, and there is one source."""
        return self

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        room = (self.most or inf) if self.known else self.slots()
        if len(self.live) >= room:
            return None
        asked = None
        if not self.stop():
            asked = self.known.popleft() if self.known else self.watch.source.next()
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
