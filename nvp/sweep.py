"""Run trials on Ray Tune: resources, reuse of actors, retries. The only file that imports ray.

Tune places and retries; the truth is in our tables. Nothing of Tune's own state is read back.
"""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

for _key, _value in {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # five files per trial that nobody reads
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Tune would return as if all were done
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # its state file is rewritten whole each time
}.items():
    os.environ.setdefault(_key, _value)  # Ray reads some of them when it is imported

import ray  # noqa: E402
from ray import tune  # noqa: E402
from ray.tune.search import Searcher  # noqa: E402

from nvp.asha import Asha  # noqa: E402
from nvp.config import TrialConfig, changed  # noqa: E402
from nvp.plan import waves  # noqa: E402
from nvp.progress import Display  # noqa: E402
from nvp.result import commit_lost  # noqa: E402
from nvp.source import Source  # noqa: E402
from nvp.storage import Storage  # noqa: E402
from nvp.trial import Progress, run_trial  # noqa: E402

REPORT_SECONDS = 2.0
LOST_RETRIES = 3


@dataclass(frozen=True)
class Resources:
    """Where and how wide a sweep runs."""

    address: str | None
    gpus_per_trial: float
    max_concurrent: int | None


@dataclass(frozen=True)
class Setting:
    """What all trials of a sweep share and no trial id contains."""

    place: str
    root: str
    device: str
    checkpoint_seconds: float
    keep_checkpoints: bool = False
    share: float = 1.0
    asha: Asha | None = None
    parents: frozenset[str] = frozenset()
    retried: bool = False


class TrialActor(tune.Trainable):
    """A process that runs trials one after another; a fresh one costs seconds (torch import).

    The trial runs in a thread of its own: a report takes Tune up to 0.3 s, for which it would idle.
    """

    def setup(self, config: dict[str, Any], setting: Setting | None = None) -> None:
        self.setting = setting or self.setting
        self.config_ = TrialConfig().with_overrides(config["trial"]["changed"])
        self.latest = Progress(config["trial"]["trial_id"], "running")
        self.error: BaseException | None = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self) -> None:
        """Run the trial until it ends or `stopping` is set; then it saves a checkpoint."""
        is_parent = self.latest.trial_id in self.setting.parents
        try:
            run = run_trial(
                self.config_,
                Storage.at(self.setting.place),
                device=self.setting.device,
                root=Path(self.setting.root),
                share=self.setting.share,
                retried=self.setting.retried,
                checkpoint_seconds=self.setting.checkpoint_seconds,
                keep_checkpoint=self.setting.keep_checkpoints or is_parent,
                asha=None if is_parent else self.setting.asha,
            )
            for self.latest in run:
                if self.stopping.is_set():
                    run.close()
        except BaseException as error:  # raised again by `step`, where Tune sees it
            self.error = error

    def step(self) -> dict[str, Any]:
        """Return how far the trial is, once it ends or a report is due."""
        if self.thread.ident is None:  # not in setup: Tune retries what dies in a step
            self.thread.start()
        self.thread.join(REPORT_SECONDS)
        if self.error:
            raise self.error
        return {"progress": asdict(self.latest), "done": self.latest.status != "running"}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.cleanup()
        self.setup(new_config)
        return True

    def cleanup(self) -> None:
        self.stopping.set()
        if self.thread.ident is not None:
            self.thread.join()


class Watch(tune.Callback):
    """Feeds the display, counts deaths, and commits the row of a trial that died for good.

    Tune gives a trial up at once when its process dies before the first step (in a reset), so
    `left` says which trials are owed another try, and `crowded` which a GPU of their own.
    """

    def __init__(
        self,
        display: Display,
        storage: Storage,
        trials: dict[str, TrialConfig],
        source: Source,
    ) -> None:
        self.display, self.storage, self.source = display, storage, source
        self.left = dict(trials)
        self.crowded: dict[str, TrialConfig] = {}
        self.deaths: Counter[str] = Counter()

    def __getstate__(self) -> dict[str, Any]:
        """Return nothing: Tune pickles its callbacks, and this one holds the terminal."""
        return {}

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        progress = Progress(**result["progress"])
        if progress.status == "out_of_memory":
            self.crowded[progress.trial_id] = self.left.pop(progress.trial_id)
            self.display.say(f"{progress.trial_id}: out of memory; later alone on a whole GPU")
            return
        if progress.status != "running":
            self.left.pop(progress.trial_id)
            self.source.ended(progress.trial_id)
        self.display.update(progress)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        name = trial.config["trial"]["trial_id"]
        self.deaths[name] += 1
        self.display.say(f"{name}: its process died; trying again")

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        name = trial.config["trial"]["trial_id"]
        self.deaths[name] += 1
        if self.deaths[name] <= LOST_RETRIES:
            self.display.say(f"{name}: its process died at the start; trying again later")
            return
        error = f"the trial's process died {self.deaths[name]} times"
        commit_lost(self.left.pop(name), self.storage, error)
        self.source.ended(name)
        self.display.update(Progress(name, "failed", error=error))


class Asking(Searcher):
    """Tune's way to `Source.next`: the known trials first, then one asked as a slot comes free.

    Tune would ask one more ahead of time, before the trials under way can say anything.
    """

    def __init__(self, watch: Watch, slots: Callable[[], int], stop: list[str]) -> None:
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
        if not self.stop:
            asked = self.known.pop(0) if self.known else self.watch.source.next()
        if asked is None:
            return Searcher.FINISHED
        name, config = asked
        self.watch.left[name] = config
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
    """Stops all trials, each at its next report, once `asked` holds something."""

    def __init__(self, asked: list[str]) -> None:
        self.asked = asked

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return bool(self.asked)

    def stop_all(self) -> bool:
        return bool(self.asked)


def run_sweep(
    trials: dict[str, TrialConfig],
    storage: Storage,
    setting: Setting,
    resources: Resources,
    *,
    display: Display,
    asked_to_stop: list[str],
    source: Source | None = None,
) -> None:
    """Run `trials`, each to its committed row; returns early once `asked_to_stop` is not empty.

    Args:
        trials: {trial id: configuration}, in the order to start them.
        storage: the study's.
        setting: what the actors need.
        resources: on which Ray, with what for each trial.
        display: shows progress.
        asked_to_stop: filled by a signal handler.
        source: of more trials, which are not known yet.
    """
    quiet_tune()
    connect(resources)
    watch = Watch(display, storage, trials, source or Source())
    try:
        if source:
            asking = Asking(watch, partial(slots, resources), asked_to_stop)
            fit(watch, setting, resources, StopWhen(asked_to_stop), asking)
        for wave in [dict(watch.left)] if source else waves(trials):
            watch.left = wave
            run_wave(watch, setting, resources, asked_to_stop)
    finally:
        ray.shutdown()
        storage.delete_folder(".tune")


def run_wave(
    watch: Watch, setting: Setting, resources: Resources, asked_to_stop: list[str]
) -> None:
    """Run what is left, again where a process died; then what ran out of memory, alone."""
    while (watch.left or watch.crowded) and not asked_to_stop:
        if not watch.left:
            watch.left, watch.crowded = watch.crowded, {}
            setting = replace(setting, share=1.0, retried=True)
            resources = replace(resources, gpus_per_trial=1.0)
        fit(watch, setting, resources, StopWhen(asked_to_stop))


def slots(resources: Resources) -> int:
    """Return how many trials run at a time on the cluster as it is now; at least one."""
    have = ray.cluster_resources()
    count = have.get("CPU", 0.0)
    if resources.gpus_per_trial:
        count = min(count, have.get("GPU", 0.0) / resources.gpus_per_trial)
    return max(1, min(int(count + 1e-6), resources.max_concurrent or int(count + 1e-6)))


def fit(
    watch: Watch,
    setting: Setting,
    resources: Resources,
    stop: StopWhen,
    asking: Asking | None = None,
) -> None:
    """Run the trials that are left through Tune once, and those that are asked meanwhile."""
    known = [{"trial_id": name, "changed": changed(config)} for name, config in watch.left.items()]
    trainable = tune.with_resources(
        tune.with_parameters(TrialActor, setting=setting),
        {"cpu": 1, "gpu": resources.gpus_per_trial},
    )
    tune.Tuner(
        trainable,
        param_space={} if asking else {"trial": tune.grid_search(known)},
        tune_config=tune.TuneConfig(
            reuse_actors=True,
            search_alg=asking,
            num_samples=-1 if asking else 1,
            max_concurrent_trials=None if asking else resources.max_concurrent,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=watch.storage.below(".tune").place,
            verbose=0,
            callbacks=[watch],
            stop=stop,
            checkpoint_config=tune.CheckpointConfig(
                checkpoint_frequency=0, checkpoint_at_end=False
            ),
            failure_config=tune.FailureConfig(
                max_failures=LOST_RETRIES
                - max((watch.deaths[name] for name in watch.left), default=0)
            ),
        ),
    ).fit()


def quiet_tune() -> None:
    """Silence Tune's tracebacks: what becomes of a trial is in its row and on the display."""
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)


def connect(resources: Resources) -> None:
    """Attach to a cluster, or start a private Ray on this machine.

    Raises:
        ValueError: when there is no cluster at the address.
    """
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if resources.address:
        try:
            ray.init(address=resources.address, **quiet)
        except ConnectionError as error:
            raise ValueError(
                f"--address: expected a Ray cluster, got {resources.address!r}: {error}. A cluster "
                "with token authentication wants RAY_AUTH_MODE=token and its token"
            ) from None
    else:
        cpus = len(os.sched_getaffinity(0))
        ray.init(address="local", num_cpus=cpus, include_dashboard=False, **quiet)
