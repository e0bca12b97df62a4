"""Run trials on Ray Tune: resources, reuse of actors, retries. Only this package imports ray.

Tune places and retries; the truth is in our tables. Nothing of Tune's own state is read back.
"""

import os

for _key, _value in {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # five files per trial that nobody reads
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Tune would return as if all were done
    "TUNE_GLOBAL_CHECKPOINT_S": "3600",  # its state file is rewritten whole each time
}.items():
    os.environ.setdefault(_key, _value)  # Ray reads some of them when it is imported

from nvp.running.ray.actor import Setting  # noqa: E402
from nvp.running.ray.connection import Resources, on_cluster  # noqa: E402
from nvp.running.ray.sweep import run_sweep  # noqa: E402

__all__ = ["Resources", "Setting", "on_cluster", "run_sweep"]
