"""How many cores this process may use."""

import os


def count_cores() -> int:
    """Return the cores that this process may run on; where the system does not say, all there are.

    macOS and Windows have no affinity of processes.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
