"""A sweep: rounds of Tune until every trial has its row."""

import os
import time
from dataclasses import replace
from functools import partial

from nvp.config.dotted_names import list_user_folders
from nvp.config.trial_config import TrialConfig
from nvp.planning.plan_state import split_into_waves
from nvp.planning.trial_queue import TrialQueue
from nvp.running.last_words import StudyStopped, while_trials_run
from nvp.running.node_check import mark_storage
from nvp.running.progress import Display
from nvp.running.ray.actor import REPORT_SECONDS, REPORTS_A_SECOND, ActorOptions
from nvp.running.ray.bookkeeping import Watch
from nvp.running.ray.causes import tell_causes
from nvp.running.ray.connection import (
    Resources,
    connect_to_ray,
    disconnect_from_ray,
    hold_study,
    require_place,
)
from nvp.running.ray.fit_nodes import describe_place
from nvp.running.ray.forgetful import forgetting
from nvp.running.ray.loss import watch_over_ray
from nvp.running.ray.side_effects import starting_at_once
from nvp.running.ray.slots import count_slots, limit_to
from nvp.running.ray.tuner import build_tuner
from nvp.storage.store import Storage
from nvp.trial.run_options import RunOptions

QUEUE = "200"  # trials that Tune holds ready, as it does by itself for a grid


def run_sweep(
    trials: dict[str, TrialConfig],
    storage: Storage,
    options: RunOptions,
    resources: Resources,
    *,
    display: Display,
    stop_signals: list[str],
    queue: TrialQueue | None = None,
) -> None:
    """Run `trials`, each to its committed row, then those of `queue`.

    Args:
        trials: {trial id: configuration}, in the order to start them.
        storage: the study's.
        options: how to run the trials.
        resources: on which Ray, with what for each trial.
        display: shows progress.
        stop_signals: filled by a signal handler; the sweep ends early once it is not empty.
        queue: of more trials, which are not known yet.

    Raises:
        ValueError: no Ray at the address, another driver on it, or no node fit for trials.
    """
    connect_to_ray(resources.address)
    require_place(resources)
    actor = ActorOptions(place=storage.place, run=options, folders=list_user_folders())
    watch = Watch(display, storage, trials, queue or TrialQueue())
    try:
        holder = hold_study(storage) if resources.address else None  # freed with its last handle
        if holder is not None:
            actor = check_cluster_nodes(actor, resources, watch)
        with while_trials_run(), watch_over_ray(stop_signals):
            if queue:
                run_queue(watch, actor, resources, stop_signals)
            for wave in [dict(watch.unfinished)] if queue else split_into_waves(trials):
                watch.unfinished = wave
                run_wave(watch, actor, resources, stop_signals)
    finally:
        disconnect_from_ray()
        storage.delete_folder(".tune")


def check_cluster_nodes(actor: ActorOptions, resources: Resources, watch: Watch) -> ActorOptions:
    """Check the nodes that are there; return the options with the check for nodes to come.

    Raises:
        ValueError: no node is fit, or one does not see a storage that is a local path.
    """
    check = mark_storage(
        watch.storage,
        resources.data_names,
        actor.run.device,
        resources.names,
        actor.run.weights,
    )
    reasons = watch.nodes.check_free_nodes(check, resources.gpus_per_trial)
    unseen = [reason for reason in reasons if reason.startswith("storage:")]
    if watch.storage.local and unseen:
        raise ValueError(f"--storage: {unseen[0]}")
    watch.nodes.require_one(resources.gpus_per_trial)
    for node, reason in watch.nodes.bad.items():
        watch.display.print_line(f"node {node[:12]} is left out: {reason}")
    if not watch.nodes.list_fit(resources.gpus_per_trial):
        watch.display.print_line(
            f"no node with {describe_place(resources.gpus_per_trial)} for a trial yet: waiting for "
            "the cluster to start one, or for one to join it"
        )
    return replace(actor, check=check)


def run_queue(
    watch: Watch, actor: ActorOptions, resources: Resources, stop_signals: list[str]
) -> None:
    """Run the trials of a queue, in rounds that end when a node is to be avoided."""
    while True:
        watch.nodes.changed = False
        run_round(watch, actor, resources, stop_signals)
        if stop_signals or not (watch.nodes.changed or watch.memory.changed):
            return


def run_wave(
    watch: Watch, actor: ActorOptions, resources: Resources, stop_signals: list[str]
) -> None:
    """Run the unfinished trials until none is; those that ran out of memory come last, alone."""
    while (watch.unfinished or watch.crowded) and not stop_signals:
        if not watch.unfinished:
            watch.unfinished, watch.crowded = watch.crowded, {}
            actor = replace(actor, run=replace(actor.run, gpu_share=1.0, retried_alone=True))
            resources = replace(resources, gpus_per_trial=1.0)
        watch.nodes.changed = False
        run_round(watch, actor, resources, stop_signals)


def wait_for_memory(watch: Watch, resources: Resources, stop_signals: list[str]) -> Resources:
    """Return with what the next round runs; first wait, if memory was short in the last one.

    Raises:
        StudyStopped: memory does not come back.
    """
    before = limit_to(watch.memory.most, resources, watch.nodes)
    line = watch.memory.begin_round(
        count_slots(before, watch.nodes), count_slots(resources, watch.nodes)
    )
    if line:
        watch.display.print_line(line)
        end = time.monotonic() + watch.memory.pause
        while time.monotonic() < end and not stop_signals:
            time.sleep(0.2)
    return limit_to(watch.memory.most, resources, watch.nodes)


def run_round(
    watch: Watch, actor: ActorOptions, resources: Resources, stop_signals: list[str]
) -> None:
    """Run the unfinished trials through Tune once, and those that the queue hands out meanwhile.

    Ends early on a signal, or because a node turned out to be unfit.
    """
    if stop_signals:
        return
    try:
        watch.nodes.require_one(resources.gpus_per_trial)
    except ValueError as error:
        raise StudyStopped(str(error)) from None
    resources = wait_for_memory(watch, resources, stop_signals)
    pause = max(REPORT_SECONDS, count_slots(resources, watch.nodes) / REPORTS_A_SECOND)
    actor = replace(actor, report_seconds=pause)
    os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", QUEUE)
    slots = partial(count_slots, resources, watch.nodes)

    def stop() -> bool:
        return (
            bool(stop_signals) or watch.nodes.changed or watch.memory.changed or bool(watch.fatal)
        )

    tuner = build_tuner(watch, actor, resources, slots, stop)
    tell_causes(watch.note_cause)
    try:
        with forgetting(), starting_at_once():
            tuner.fit()
    except Exception:
        if not watch.fatal:  # else Tune cannot write its own state either
            raise
    if watch.fatal:
        raise StudyStopped(watch.fatal)
    watch.end_round()
