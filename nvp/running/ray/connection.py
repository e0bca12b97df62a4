"""The connection to Ray: a cluster or a private Ray, and one driver for each study."""

import hashlib
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import AuthenticationError

from nvp.config.cores import count_cores
from nvp.running.cluster_address import Holder, check_cluster
from nvp.running.ray.fit_nodes import bind_to_node
from nvp.storage.store import Storage


@dataclass(frozen=True)
class Resources:
    """What a sweep asks of Ray.

    Attributes:
        address: of a cluster; None = a private Ray on this machine.
        gpus_per_trial: 0, 1 or 1/k.
        max_concurrent: trials at a time, at most; None = as many as fit.
        data_names: the data sets that each node must have.
    """

    address: str | None
    gpus_per_trial: float
    max_concurrent: int | None
    data_names: tuple[str, ...] = ()


def connect_to_ray(address: str | None) -> None:
    """Attach to a cluster, or start a private Ray on this machine; once.

    Raises:
        ValueError: when there is no cluster at the address.
    """
    if ray.is_initialized():
        return
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)  # rows and display say it
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address:
        try:
            ray.init(address=address, **quiet)
        except (ConnectionError, AuthenticationError) as error:
            raise ValueError(
                f"--address: expected a Ray cluster, got {address!r}: {error}. A cluster "
                "with token authentication wants RAY_AUTH_MODE=token and its token"
            ) from None
    else:
        cpus = count_cores()
        ray.init(address="local", num_cpus=cpus, include_dashboard=False, **quiet)


def call_on_cluster(address: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns on a GPU of the cluster; this machine may have none."""
    check_cluster(address)  # a dry run has not checked it yet, and ray.init waits for minutes
    connect_to_ray(address)
    return ray.get(ray.remote(num_gpus=1, max_retries=0)(function).remote(*arguments))


def hold_study(storage: Storage) -> Any:
    """Return a handle that keeps other drivers of this cluster off a study.

    Raises:
        ValueError: when another driver holds it; says which.
    """
    name = f"study {hashlib.sha256(storage.place.encode()).hexdigest()[:16]}"
    who = f"process {os.getpid()} on {socket.gethostname()}"
    here = bind_to_node(ray.get_runtime_context().get_node_id())
    holder = ray.remote(num_cpus=0)(Holder).options(
        name=name, namespace="nvp", scheduling_strategy=here
    )
    try:
        return holder.remote(who)
    except ValueError:
        other = ray.get(ray.get_actor(name, namespace="nvp").tell_holder.remote())
        raise ValueError(
            f"{storage.root}: expected no other driver on this study, but {other} holds it"
        ) from None
