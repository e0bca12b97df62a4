"""The connection to Ray: a cluster or a private Ray, and one driver for each study."""

import hashlib
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray._common.utils import get_default_system_temp_dir
from ray.exceptions import AuthenticationError
from ray.job_config import JobConfig

from nvp.config.cores import count_cores
from nvp.running.cluster_address import Holder, check_cluster
from nvp.running.ray.fit_nodes import bind_to_node, describe_place, list_large_enough
from nvp.running.ray.side_effects import hush, own_signal_handlers, shut_down
from nvp.storage.store import Storage

SOCKET_PATH = 103 if sys.platform == "darwin" else 107  # bytes that a system allows
SOCKET_BELOW = "/ray/session_2026-01-01_00-00-00_000000_{pid}/sockets/plasma_store"

KEPT_MS = 10_000  # of a process that Ray starts ahead; after Ray's own second Tune is not there yet

STARTED_HERE: list[str | None] = []  # the address of the connection that nvp made; [] = of none


@dataclass(frozen=True)
class Resources:
    """What a sweep asks of Ray.

    Attributes:
        address: of a cluster; None = a private Ray on this machine.
        gpus_per_trial: 0, 1 or 1/k.
        max_concurrent: trials at a time, at most; None = as many as fit.
        data_names: the data sets that each node must have.
        names: the dotted names of the trials, whose modules each node must have.
        cpus_per_trial: cores; more than one while memory is short.
    """

    address: str | None
    gpus_per_trial: float
    max_concurrent: int | None
    data_names: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    cpus_per_trial: int = 1


def connect_to_ray(address: str | None) -> None:
    """Attach to a cluster, or start a private Ray on this machine; once.

    Raises:
        ValueError: when there is no cluster at the address.
    """
    if ray.is_initialized():
        return
    if not address:
        check_socket_path()
    hush()
    with own_signal_handlers():
        initialise_ray(address)
    STARTED_HERE.append(address)


def disconnect_from_ray() -> None:
    """End the connection that `connect_to_ray` made; one that a notebook had before stays."""
    if STARTED_HERE:
        STARTED_HERE.clear()
        shut_down()


def initialise_ray(address: str | None) -> None:
    """Attach to a cluster, or start a private Ray.

    Raises:
        ValueError: when there is no cluster at the address.
    """
    for name in ("ray.tune", "ray.train"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # rows and display say it
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    options["job_config"] = config = JobConfig()
    config._py_driver_sys_path = SameFolders()
    if address:
        try:
            ray.init(address=address, **options)
        except (ConnectionError, AuthenticationError) as error:
            raise ValueError(
                f"--address: expected a Ray cluster, got {address!r}: {error}. A cluster "
                "with token authentication wants RAY_AUTH_MODE=token and its token"
            ) from None
    else:
        options["_system_config"] = {"idle_worker_killing_time_threshold_ms": KEPT_MS}
        cpus = count_cores()
        ray.init(address="local", num_cpus=cpus, include_dashboard=False, **options)


class SameFolders(list[str]):
    """The folders in which workers look for modules first: those in which the driver does.

    Ray adds the script's folder and then the current one, which the driver may not look in, and
    puts the last one first: workers would import a folder `nvp` that happens to lie there.
    """

    def extend(self, folders: Iterable[str]) -> None:
        super().extend(folder for folder in folders if comes_before_nvp(folder))


def comes_before_nvp(folder: str) -> bool:
    """Whether the driver looks for modules in a folder before it looks where it found nvp."""
    places = [os.path.realpath(place) for place in sys.path]
    own = os.path.realpath(Path(__file__).parents[3])
    before = places[: places.index(own) + 1] if own in places else places
    return os.path.realpath(folder) in before


def check_socket_path() -> None:
    """Raise ValueError when the paths of Ray's sockets would be longer than a system allows."""
    folder = get_default_system_temp_dir()
    most = SOCKET_PATH - len(SOCKET_BELOW.format(pid=os.getpid()))
    if len(os.fsencode(folder)) > most:
        name = "RAY_TMPDIR" if "RAY_TMPDIR" in os.environ else "TMPDIR"
        raise ValueError(
            f"{name}: expected a path of at most {most} bytes, since Ray puts sockets below it, "
            f"got {len(os.fsencode(folder))}: {folder}; RAY_TMPDIR=/tmp would do"
        )


def require_place(resources: Resources) -> None:
    """Raise ValueError when no trial can ever run on this machine's private Ray.

    A cluster passes: it may start nodes, or somebody may join some to it.
    """
    gpus = resources.gpus_per_trial
    if resources.address or list_large_enough(gpus):
        return
    raise ValueError(
        f"--gpus-per-trial: expected {describe_place(gpus)} for a trial, which this machine lacks: "
        "--gpus-per-trial 0 runs trials on its CPU"
    )


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
