"""`nvp doctor`: is a cluster's YAML right, and are the nodes there that it promises?

`ray up` starts the head and returns; why workers never come is in a log of the head (ray#38718).
"""

import argparse
import contextlib
import io
import logging
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nvp.config.command_parser import BAD_ARGUMENTS, CommandParser
from nvp.config.registry import suggest_nearest
from nvp.running.cluster_address import list_nodes
from nvp.running.cluster_yaml import (
    Promise,
    check_node_configs,
    list_absent,
    read_promise,
    read_yaml,
)
from nvp.study.command_line import parse_positive

if TYPE_CHECKING:
    from jsonschema import ValidationError

DONE, ABSENT = 0, 1
PAUSE = 5.0


def check_schema(config: dict[str, Any], path: str) -> dict[str, Any]:
    """Return `config` with Ray's defaults, in the form that `ray up` uses.

    Raises:
        ValueError: Ray refuses it; one line.
    """
    from click import ClickException
    from jsonschema import ValidationError
    from ray.autoscaler._private.util import prepare_config, validate_config

    logging.getLogger("ray").setLevel(logging.ERROR)

    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            prepared = prepare_config(config)
            validate_config(prepared)
    except ValidationError as error:
        where = ".".join(map(str, error.absolute_path)) or "top level"
        hint = "".join(suggest_nearest(key, valid) for key, valid in find_unknown_keys(error))
        raise ValueError(f"{path}: {where}: {error.message}{hint}") from None
    except (ClickException, ValueError, RuntimeError, KeyError, NotImplementedError) as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from None
    return prepared


def find_unknown_keys(error: "ValidationError") -> list[tuple[str, list[str]]]:
    """Return (key, valid ones) of each key that a schema does not allow."""
    if error.validator != "additionalProperties" or not isinstance(error.schema, dict):
        return []
    valid = list(error.schema.get("properties", {}))
    found: Any = error.instance
    return [(key, valid) for key in found if key not in valid]


def wait_for_nodes(promise: Promise, address: str, seconds: float) -> list[str]:
    """Print how many nodes there are; return a line for each that is absent after `seconds`.

    Raises:
        ValueError: when there is no cluster at `address` that lets us in.
    """
    end = time.monotonic() + seconds
    found = list_nodes(address)
    while (lines := list_absent(promise, found)) and time.monotonic() < end:
        time.sleep(PAUSE)
        found = list_nodes(address)
    print(f"nodes: the head and {len(found) - 1} of at most {promise.most} workers")
    return lines


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = CommandParser(
        prog="nvp doctor",
        description="Check a cluster's YAML and, on the cluster, whether its nodes are there.",
    )
    add = parser.add_argument
    add(
        "yaml",
        metavar="YAML",
        help="the file given to `ray up`; on the head, ~/ray_bootstrap_config.yaml",
    )
    add("--address", help="also compare with the nodes of this cluster; auto on its head")
    add("--wait", type=parse_positive, default=1, metavar="SECONDS", help="longest wait for nodes")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nvp doctor`; return its exit code: 0, 1 when nodes are absent, 2 for a wrong file."""
    arguments = build_parser().parse_args(argv)
    try:
        config = read_yaml(arguments.yaml)
        prepared = check_schema(config, arguments.yaml)
        check_node_configs(prepared)
        print(f"{arguments.yaml}: Ray takes it, and its nodes' settings are known")
        if not arguments.address:
            return DONE
        lines = wait_for_nodes(read_promise(prepared), arguments.address, arguments.wait)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_ARGUMENTS
    for line in lines:
        print(f"{line}; the head's /tmp/ray/session_latest/logs/monitor.log says why")
    return ABSENT if lines else DONE
