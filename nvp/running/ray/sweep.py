"""Rounds of Tune until every trial has its row."""

import os
from dataclasses import replace
from functools import partial
from typing import Any

import ray
from ray import tune

from nvp.config.trial_config import TrialConfig
from nvp.planning.plan import waves
from nvp.planning.queue import Source
from nvp.running.node_check import mark_storage
from nvp.running.progress import Display
from nvp.running.ray.actor import REPORT_SECONDS, REPORTS_A_SECOND, Setting, TrialActor
from nvp.running.ray.bookkeeping import Watch
from nvp.running.ray.connection import Resources, connect, hold
from nvp.running.ray.fit_nodes import Nodes
from nvp.running.ray.trial_feed import Asking, StopWhen
from nvp.storage.store import Storage

QUEUE = "200"  # trials that Tune holds ready, as it does by itself for a grid


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

    Raises:
        ValueError: no Ray at the address, another driver on it, or no node fit for trials.
    """
    connect(resources.address)
    watch = Watch(display, storage, trials, source or Source())
    try:
        held = hold(storage) if resources.address else None
        if held is not None:
            setting = survey(storage, setting, resources, watch)
        if source:
            run_source(watch, setting, resources, asked_to_stop)
        for wave in [dict(watch.left)] if source else waves(trials):
            watch.left = wave
            run_wave(watch, setting, resources, asked_to_stop)
    finally:
        ray.shutdown()
        storage.delete_folder(".tune")


def survey(storage: Storage, setting: Setting, resources: Resources, watch: Watch) -> Setting:
    """Check the nodes that are there; return the setting with the check for those to come.

    Raises:
        ValueError: no node is fit, or one does not see a storage that is a local path.
    """
    check = mark_storage(storage, setting.data, setting.device)
    reasons = watch.nodes.survey(check, resources.gpus_per_trial)
    unseen = [reason for reason in reasons if storage.local and reason.startswith("storage:")]
    if unseen:
        raise ValueError(f"--storage: {unseen[0]}")
    watch.nodes.check(resources.gpus_per_trial)
    for node, reason in watch.nodes.bad.items():
        watch.display.say(f"node {node[:12]} is left out: {reason}")
    if not watch.nodes.fit(resources.gpus_per_trial):
        watch.display.say("no node for trials yet; waiting for the cluster to start one")
    return replace(setting, check=check)


def run_source(
    watch: Watch, setting: Setting, resources: Resources, asked_to_stop: list[str]
) -> None:
    """Run what a source hands out, in rounds that end when a node is to be avoided."""
    while True:
        watch.nodes.changed = False
        fit(watch, setting, resources, asked_to_stop)
        if asked_to_stop or not watch.nodes.changed:
            return


def run_wave(
    watch: Watch, setting: Setting, resources: Resources, asked_to_stop: list[str]
) -> None:
    """Run what is left, again where a process died; then what ran out of memory, alone."""
    while (watch.left or watch.crowded) and not asked_to_stop:
        if not watch.left:
            watch.left, watch.crowded = watch.crowded, {}
            setting = replace(setting, share=1.0, retried=True)
            resources = replace(resources, gpus_per_trial=1.0)
        watch.nodes.changed = False
        fit(watch, setting, resources, asked_to_stop)


def slots(resources: Resources, nodes: Nodes) -> int:
    """Return how many trials run at a time on the cluster as it is now; at least one."""
    gpus = resources.gpus_per_trial
    have = [node["Resources"] for node in nodes.fit(gpus)]
    count = sum(node["CPU"] for node in have)
    if gpus:
        count = min(count, sum(node["GPU"] for node in have) / gpus)
    return max(1, min(int(count + 1e-6), resources.max_concurrent or int(count + 1e-6)))


def request(resources: Resources, nodes: Nodes) -> Any:
    """Return what a trial is given, on a node that is not avoided."""
    bundle = {"CPU": 1.0} | ({"GPU": resources.gpus_per_trial} if resources.gpus_per_trial else {})
    selector = nodes.selector()
    how: dict[str, Any] = {"bundle_label_selector": [selector]} if selector else {}
    return tune.PlacementGroupFactory([bundle], **how)


def fit(watch: Watch, setting: Setting, resources: Resources, asked_to_stop: list[str]) -> None:
    """Run the trials that are left through Tune once, and those that are asked meanwhile.

    Ends early on a signal, or because a node turned out to be unfit.
    """
    watch.nodes.check(resources.gpus_per_trial)
    pause = max(REPORT_SECONDS, slots(resources, watch.nodes) / REPORTS_A_SECOND)
    setting = replace(setting, report_seconds=pause)
    os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", QUEUE)
    free = partial(slots, resources, watch.nodes)

    def stop() -> bool:
        return bool(asked_to_stop) or watch.nodes.changed

    trainable = tune.with_resources(
        tune.with_parameters(TrialActor, setting=setting), request(resources, watch.nodes)
    )
    tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            reuse_actors=True,
            search_alg=Asking(watch, free, stop, resources.max_concurrent),
            num_samples=-1,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=watch.storage.below(".tune").place,
            verbose=0,
            callbacks=[watch],
            stop=StopWhen(stop),
            checkpoint_config=tune.CheckpointConfig(
                checkpoint_frequency=0, checkpoint_at_end=False
            ),
            failure_config=tune.FailureConfig(max_failures=-1),  # `Deaths` has the budgets
        ),
    ).fit()
    watch.settle()
