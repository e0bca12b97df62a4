"""Tune's driver of one round of trials. Its state is of no use to us and is deleted at the end."""

from collections.abc import Callable

from ray import tune

from nvp.running.ray.actor import ActorOptions, TrialActor
from nvp.running.ray.bookkeeping import Watch
from nvp.running.ray.connection import Resources
from nvp.running.ray.forgetful import NoLines
from nvp.running.ray.side_effects import NoTable
from nvp.running.ray.slots import request_bundle
from nvp.running.ray.trial_feed import StopWhen, TrialFeed


def build_tuner(
    watch: Watch,
    actor: ActorOptions,
    resources: Resources,
    slots: Callable[[], int],
    stop: Callable[[], bool],
) -> tune.Tuner:
    """Return Tune's driver of one round: it asks `TrialFeed` for trials until `stop` is true."""
    trainable = tune.with_resources(
        tune.with_parameters(TrialActor, options=actor), request_bundle(resources, watch.nodes)
    )
    return tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            reuse_actors=True,
            search_alg=TrialFeed(watch, slots, stop, resources.max_concurrent),
            num_samples=-1,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=watch.storage.below(".tune").place,
            verbose=0,
            progress_reporter=NoTable(),
            callbacks=[watch, NoLines()],
            stop=StopWhen(stop),
            checkpoint_config=tune.CheckpointConfig(
                checkpoint_frequency=0, checkpoint_at_end=False
            ),
            failure_config=tune.FailureConfig(max_failures=-1),  # `Deaths` has the budgets
        ),
    )
