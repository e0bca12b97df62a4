"""A cluster's YAML: read, checked beyond Ray's own schema, compared with the nodes there are.

Ray hands `node_config` to EC2's RunInstances as it is, so a misspelt key of it costs a start, or
passes in silence. Its keys are taken from the service model that botocore ships (EC2, API version
2016-11-15), which is also what EC2's own client checks against.
"""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nvp.config.registry import suggest_nearest

RESOLVED_BY_RAY = {"SubnetIds"}  # of which Ray makes one SubnetId
PLACEHOLDER = re.compile(r"YOUR-[A-Z0-9-]+")


@dataclass(frozen=True)
class Promise:
    """The nodes that a YAML promises.

    Attributes:
        addresses: of every node, where the YAML names them.
        workers: how many workers are always there.
        most: how many workers there are at most.
    """

    addresses: frozenset[str]
    workers: int
    most: int


def read_yaml(path: str) -> dict[str, Any]:
    """Return the content of a cluster's YAML.

    Raises:
        ValueError: no such file, not YAML, not a mapping, or a YOUR-... left in it; one line.
    """
    try:
        text = Path(path).expanduser().read_text()
        config = yaml.safe_load(text)
    except OSError as error:
        raise ValueError(f"{path}: expected a cluster's YAML, got {error.strerror}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        said = getattr(error, "problem", None) or "not YAML"
        raise ValueError(f"{path}{where}: expected YAML, got: {said}") from None
    if not isinstance(config, dict) or not isinstance(config.get("provider"), dict):
        raise ValueError(f"{path}: expected a mapping with a provider, got {type(config).__name__}")
    placeholders = sorted(set(PLACEHOLDER.findall(yaml.safe_dump(config))))
    if placeholders:
        raise ValueError(
            f"{path}: expected your own values in the place of {', '.join(placeholders)}"
        )
    return config


def check_node_configs(config: dict[str, Any]) -> None:
    """Raise ValueError for a key or value of a `node_config` that EC2 does not know.

    The YAML of another provider passes.

    Raises:
        ValueError: an unknown key, instance type or market; names the nearest. Or no botocore.
    """
    if config["provider"].get("type") != "aws":
        return
    shapes, request = ec2_model()
    for name, node_type in config.get("available_node_types", {}).items():
        node_config = node_type.get("node_config") or {}
        for path, found, valid in find_unknown(node_config, request, shapes):
            if path or found not in RESOLVED_BY_RAY:
                where = ".".join(["available_node_types", name, "node_config", *path])
                raise ValueError(
                    f"{where}: expected what EC2's RunInstances takes, got {found!r}"
                    f"{suggest_nearest(found, valid)}"
                )


def ec2_model() -> tuple[dict[str, Any], str]:
    """Return (shapes of the EC2 API, name of RunInstances' own one)."""
    try:
        from botocore.loaders import Loader
    except ImportError:
        raise ValueError(
            "provider aws: expected boto3 here, which `ray up` needs too, got none: "
            "pip install 'nvp[cluster]'"
        ) from None
    model = Loader().load_service_model("ec2", "service-2")
    return model["shapes"], model["operations"]["RunInstances"]["input"]["shape"]


def find_unknown(
    value: Any, shape_name: str, shapes: dict[str, Any]
) -> Iterator[tuple[list[str], str, list[str]]]:
    """Yield (path, unknown key or value, valid ones) of each part that does not fit a shape."""
    shape = shapes[shape_name]
    if shape["type"] == "structure" and isinstance(value, dict):
        for key, inner in value.items():
            if key not in shape["members"]:
                yield [], str(key), list(shape["members"])
                continue
            member = shape["members"][key]["shape"]
            for path, found, valid in find_unknown(inner, member, shapes):
                yield [key, *path], found, valid
    elif shape["type"] == "list" and isinstance(value, list):
        for inner in value:
            yield from find_unknown(inner, shape["member"]["shape"], shapes)
    elif shape["type"] in ("structure", "list") or value not in shape.get("enum", [value]):
        yield [], str(value), shape.get("enum", [])


def read_promise(config: dict[str, Any]) -> Promise:
    """Return the nodes that a YAML promises; `config` is as Ray's `prepare_config` returns it."""
    provider, head = config["provider"], config["head_node_type"]
    local = [provider["head_ip"], *provider["worker_ips"]] if "worker_ips" in provider else []
    kinds = {k: v for k, v in config["available_node_types"].items() if local or k != head}
    return Promise(
        addresses=frozenset(map(resolve_address, local)),
        workers=sum(kind.get("min_workers", 0) for kind in kinds.values()),
        most=config["max_workers"],
    )


def may_start_gpus(config: dict[str, Any]) -> bool:
    """Whether a YAML lets the autoscaler start nodes with a GPU, or does not say what they have.

    Of machines that are there already, those with a GPU join by themselves.
    """
    if config["provider"].get("type") == "local":
        return False
    kinds = config.get("available_node_types") or {}
    workers = [kind for name, kind in kinds.items() if name != config.get("head_node_type")]
    return any(
        not kind.get("resources") or kind["resources"].get("GPU", 0) > 0
        for kind in workers
        if kind.get("max_workers", 1)
    )


def resolve_address(name: str) -> str:
    """Return the address of a host, or its name where nobody knows it."""
    try:
        return socket.gethostbyname(name)
    except OSError:
        return name


def list_absent(promise: Promise, alive: list[str]) -> list[str]:
    """Return a line for each node that is promised and not among the addresses of `alive`."""
    named = [f"{address} is not there" for address in sorted(promise.addresses - set(alive))]
    workers = len(alive) - 1
    if named or workers >= promise.workers:
        return named
    return [f"expected at least {promise.workers} workers, got {workers}"]
