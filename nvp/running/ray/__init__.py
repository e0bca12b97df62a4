"""Run trials on Ray Tune: resources, reuse of actors, retries. Only this package imports ray.

Tune places trials on nodes and retries them. Which trials are done is read from our tables alone;
nothing of Tune's own state is read back.

    sweep        rounds of Tune until every trial has its row
    tuner        Tune's driver of one round
    forgetful    Tune's controller, which forgets trials that ended
    actor        the process that runs trials one after another
    trial_feed   the feed of trials that Tune asks for one by one
    bookkeeping  rows, retries and the display, from Tune's reports
    connection   the connection to Ray, and one driver for each study
    fit_nodes    the nodes that trials run on, and those that they are kept off
    deaths       how often each trial lost its process or its node
    causes       why Tune lost the process of a trial: Ray's exceptions, told apart
    memory_shortage  fewer trials at a time while memory is short
    slots        how many trials run at a time, and what each asks of a node
    side_effects  what Ray does to the driver's process, kept away
    loss         Ray ends under the driver: the driver's last words
    watchdog     kills a trial without progress

Others start with `run_sweep`.
"""

import os

for _key, _value in {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of a process that has died: the display names it
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # five files per trial that nobody reads
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Tune would return as if all were done
}.items():
    os.environ.setdefault(_key, _value)  # Ray reads some of them when it is imported

from nvp.running.ray.connection import Resources, call_on_cluster  # noqa: E402
from nvp.running.ray.sweep import run_sweep  # noqa: E402

__all__ = ["Resources", "call_on_cluster", "run_sweep"]
