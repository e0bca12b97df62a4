"""Trackers by name: `mlflow`, `mlflow=http://host:5000`, or a dotted name of one's own."""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias

from nvp.config.dotted_names import SHAPE, explain_failure, import_name, is_dotted
from nvp.config.registry import look_up, shorten_text
from nvp.trackers.tracked_study import TrackedStudy
from nvp.trackers.trial_run import Tracker

OpenTracker: TypeAlias = Callable[[TrackedStudy, str], Tracker]
# how the answers of `nvp.trackers.follow` begin; here, since a driver imports this and no pandas
READY, REFUSED, FAILED = "ready", "refused", "failed"
NAMES = ("tensorboard", "mlflow", "wandb")
TRACKERS = {name: f"nvp.trackers.{name}:open_tracker" for name in NAMES}


def open_tracker(named: str, study: TrackedStudy) -> Tracker:
    """Return the tracker that a user names, ready to be written to.

    Args:
        named: a name of TRACKERS or a dotted one; behind a "=" the place: a folder, or the URI of
            a server.
        study: whose trials it is for.

    Raises:
        ValueError: there is no such tracker, its package is not installed, or its place cannot be
            reached; in one line.
    """
    name, _, place = named.partition("=")
    if not is_dotted(name):
        home = look_up("tracker", name, TRACKERS, SHAPE)
        module, _, function = home.partition(":")
        return getattr(import_module(module), function)(study, place)
    make = import_name("tracker", name)
    try:
        made = make(study, place)
    except ValueError:
        raise
    except Exception as error:  # whatever the user's tracker raises
        raise ValueError(f"tracker: {name} fails: {explain_failure(error)}") from error
    if not isinstance(made, Tracker):
        raise ValueError(
            f"tracker: expected {name} to return an object with place, list_runs, write_runs and "
            f"close, got {shorten_text(repr(made))}"
        )
    return made


def tracker_flag() -> dict[str, Any]:
    """Return the keywords of an argument that names trackers; an error names the nearest."""
    return {
        "type": read_name,
        "action": "append",
        "metavar": "TRACKER",
        "help": "show finished trials in tensorboard, mlflow, wandb or package.module:attribute; "
        "with =PLACE in that folder or at that URI (repeatable)",
    }


def read_name(named: str) -> str:
    """Return what a user names a tracker; refuses what names none, and imports nothing."""
    name = named.partition("=")[0]
    try:
        return named if is_dotted(name) else look_up("tracker", name, TRACKERS, SHAPE) and named
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("tracker: ")) from None


def import_package(name: str, extra: str) -> Any:
    """Return a module of a tracker's package.

    Raises:
        ValueError: it is not installed, or does not work; the message has the command that
            installs it.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise ValueError(
            f"tracker: expected the package {name.partition('.')[0]} for {extra}, which is not "
            f"installed: pip install 'nvp[{extra}]'"
        ) from None
    except Exception as error:  # a package that was built for another one
        raise ValueError(f"tracker: importing {name} fails: {explain_failure(error)}") from error
