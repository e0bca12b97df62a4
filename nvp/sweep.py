"""Run trials on Ray Tune: resources, reuse of actors, retries. The only file that imports ray.

Tune places and retries; the truth is in our tables. Nothing of Tune's own state is read back.
"""

import logging
import os
import threading
from dataclasses import asdict, dataclass, replace
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

from nvp.config import TrialConfig, changed  # noqa: E402
from nvp.progress import Display  # noqa: E402
from nvp.result import commit_lost  # noqa: E402
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
        try:
            run = run_trial(
                self.config_,
                Storage.at(self.setting.place),
                device=self.setting.device,
                root=Path(self.setting.root),
                share=self.setting.share,
                retried=self.setting.retried,
                checkpoint_seconds=self.setting.checkpoint_seconds,
                keep_checkpoint=self.setting.keep_checkpoints,
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

    def __init__(self, display: Display, storage: Storage, trials: dict[str, TrialConfig]) -> None:
        self.display, self.storage = display, storage
        self.left = dict(trials)
        self.crowded: dict[str, TrialConfig] = {}
        self.deaths = dict.fromkeys(trials, 0)

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
        self.display.update(Progress(name, "failed", error=error))


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
) -> None:
    """Run `trials`, each to its committed row; returns early once `asked_to_stop` is not empty.

    Args:
        trials: {trial id: configuration}, in the order to start them.
        storage: the study's.
        setting: what the actors need.
        resources: on which Ray, with what for each trial.
        display: shows progress.
        asked_to_stop: filled by a signal handler.
    """
    quiet_tune()
    connect(resources)
    watch = Watch(display, storage, trials)
    try:
        while watch.left and not asked_to_stop:
            fit(watch, setting, resources, StopWhen(asked_to_stop))
            if watch.crowded and not watch.left:
                watch.left, watch.crowded = watch.crowded, {}
                setting = replace(setting, share=1.0, retried=True)
                resources = replace(resources, gpus_per_trial=1.0)
    finally:
        ray.shutdown()
        storage.delete_folder(".tune")


def fit(watch: Watch, setting: Setting, resources: Resources, stop: StopWhen) -> None:
    """Run the trials that are left through Tune once."""
    param_space = [
        {"trial_id": name, "changed": changed(config)} for name, config in watch.left.items()
    ]
    trainable = tune.with_resources(
        tune.with_parameters(TrialActor, setting=setting),
        {"cpu": 1, "gpu": resources.gpus_per_trial},
    )
    tune.Tuner(
        trainable,
        param_space={"trial": tune.grid_search(param_space)},
        tune_config=tune.TuneConfig(
            reuse_actors=True,
            max_concurrent_trials=resources.max_concurrent,
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
                max_failures=LOST_RETRIES - max(watch.deaths[name] for name in watch.left)
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
