"""Where a start runs: on a cluster or on this machine alone, and the preset that goes with it."""

import argparse
import sys

from nvp.running.cluster_address import check_cluster
from nvp.running.own_cluster import LOCAL, find_own_cluster, read_own_address
from nvp.study.devices import describe_lack, has_gpu


def settle_address(arguments: argparse.Namespace) -> None:
    """Set `arguments.address` to that of the cluster to run on, or to None for a Ray of one's own.

    Without an address, a cluster that this machine is a node of is joined, and a line says so.
    `arguments.gpus_declared` becomes whether it has GPUs, or None where nobody knows.

    Raises:
        ValueError: no cluster at the address lets a driver of this machine in.
    """
    asked = arguments.address or None
    arguments.address, arguments.gpus_declared = (None if asked == LOCAL else asked), None
    if asked == LOCAL or arguments.no_ray or (not asked and has_ray()):
        return
    if asked in (None, "auto") and (found := find_own_cluster()):
        arguments.address, arguments.gpus_declared = found.address, found.declares_gpus
        print(f"Ray: joins the cluster at {found.address} ({found}), of which this machine is a "
              "node; --address local runs on this machine alone", flush=True)  # fmt: skip
    elif asked and not arguments.dry_run:
        check_cluster(asked)
    elif not asked and (dead := read_own_address()):
        print(f"Ray: one of this machine alone; the cluster that `ray start` made it a node of, at "
              f"{dead}, is gone", flush=True)  # fmt: skip


def has_ray() -> bool:
    """Whether this process is connected to a Ray already, as a notebook may be."""
    ray = sys.modules.get("ray")
    return ray is not None and ray.is_initialized()


def choose_run_preset(arguments: argparse.Namespace) -> tuple[str, str]:
    """Return the preset to run and why."""
    if arguments.preset != "auto":
        return arguments.preset, "as asked"
    if arguments.address and arguments.gpus_declared is False:
        return "quick", f"the cluster at {arguments.address} declares no GPU"
    if arguments.address:
        return "paper", f"a cluster at {arguments.address}"
    if has_gpu():
        return "paper", "a local GPU"
    return "quick", f"no cluster, and {describe_lack()} here"
