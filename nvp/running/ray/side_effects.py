"""Side effects of Ray on the driver's process, kept away: signal handlers, and a word too many.

Ray sets Python handlers for SIGTERM, and once it is connected one of C++ that ends the process with
a dump; when it disconnects, it takes that away and leaves none. A driver that is to save its trials
on SIGTERM needs its own handlers all the time.
"""

import logging
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import ray
from ray import _raylet, tune
from ray._private import utils, worker
from ray.air._internal import usage
from ray.tune.execution import class_cache

from nvp.running.signals import NAMES

logger = logging.getLogger(__name__)


def renew_handlers() -> None:
    """Set the handlers of Python anew, over those that C++ has put in their place."""
    if threading.current_thread() is not threading.main_thread():
        return  # no other thread may set them, and none is told of a signal
    for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
        if (handler := signal.getsignal(number)) is not None:
            signal.signal(number, handler)


@contextmanager
def own_signal_handlers() -> Iterator[None]:
    """Keep the handlers of this process while Ray starts."""
    connected = vars(_raylet)["CoreWorker"]

    def connect(*arguments: Any, **options: Any) -> Any:
        made = connected(*arguments, **options)
        renew_handlers()
        return made

    with (
        replaced(utils, "set_sigterm_handler", lambda handler: None),
        replaced(_raylet, "CoreWorker", connect),
    ):
        yield
    renew_handlers()


@contextmanager
def replaced(module: ModuleType, name: str, value: Any) -> Iterator[None]:
    """Put something else in the place of a name of a module, for a while."""
    before = vars(module)[name]
    vars(module)[name] = value
    try:
        yield
    finally:
        vars(module)[name] = before


@contextmanager
def starting_at_once() -> Iterator[None]:
    """Keep Tune from two things that each cost a start about a second.

    It imports every tracker that is installed, to count who uses which. And it asks for an
    environment of their own for its processes, for the sake of Lightning: without it they are
    those that Ray has started ahead.
    """
    with (
        replaced(usage, "tag_callbacks", lambda callbacks: False),
        replaced(class_cache, "DEFAULT_ENV_VARS", {}),
    ):
        yield


def shut_down() -> None:
    """End the connection to Ray, and a private Ray, under the handlers of this process."""
    node = worker._global_node
    if node is not None and ray.is_initialized():
        end = node.kill_all_processes

        def kill(*arguments: Any, **options: Any) -> None:
            renew_handlers()
            end(*arguments, **options)

        node.kill_all_processes = kill  # type: ignore[method-assign]
    ray.shutdown()
    renew_handlers()


class NoTable(tune.ProgressReporter):
    """A report of Tune that shows nothing; in a notebook its table would clear a cell's output."""

    def should_report(self, trials: Sequence[Any], done: bool = False) -> bool:
        return False

    def report(self, trials: Sequence[Any], done: bool, *system: Any) -> None:
        pass


def hush() -> None:
    """Let messages of Ray's processes go to the log: the driver says itself what happened."""
    logging.getLogger("ray.widgets.util").setLevel(logging.WARNING)  # widgets that are not there
    worker.print_to_stdstream = lambda message, **options: logger.debug("%s", message)
