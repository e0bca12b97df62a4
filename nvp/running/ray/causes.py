"""Why Tune lost the process of a trial: Ray's exceptions, told apart.

Tune takes some exceptions of Ray for a death and raises others, which ends the driver: it knows
nothing of a process that Ray ended for want of memory. `DeathTelling` is Tune's own manager of
processes, and turns these into deaths. It is put in Tune's place of the other one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ray.air.execution._internal import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError, RayError, RayTaskError
from ray.tune.execution import tune_controller

from nvp.storage.unreachable import FULL, join_lines

USAGE = re.compile(r"was ([\d.]+ ?GB)(?: used)? / ([\d.]+ ?GB)")


@dataclass(frozen=True)
class Cause:
    """Why the process of a trial was lost.

    Attributes:
        kind: "memory": Ray ended it; "storage": nothing can be written any more; "file": a file
            could not be read or written; "raised": another exception outside the trial's own code;
            "died": anything else.
        reason: in words; empty where there is nothing to add to the kind.
    """

    kind: str
    reason: str = ""


UNKNOWN = Cause("died")


def read_cause(error: BaseException) -> Cause:
    """Return the cause that an exception of Ray stands for."""
    text = str(error)
    if isinstance(error, OutOfMemoryError) or "running low on memory" in text:
        usage = USAGE.search(text)
        return Cause("memory", f" ({usage[1]} of {usage[2]} used)" if usage else "")
    if isinstance(error, RayTaskError):
        cause = error.cause
        if isinstance(cause, OSError):
            return Cause("storage" if cause.errno in FULL else "file", join_lines(cause))
        return Cause("raised", text.strip().rpartition("\n")[2][:200])
    return UNKNOWN


def tell_causes(note: Callable[[Cause], None]) -> None:
    """Let the runs of Tune to come tell `note` each cause, before they act on the death."""
    tune_controller.RayActorManager = make_actor_manager(note)  # type: ignore[attr-defined]


def make_actor_manager(note: Callable[[Cause], None]) -> type[RayActorManager]:
    """Return Tune's manager of processes, which tells `note` each cause before Tune acts on it."""

    class DeathTelling(RayActorManager):
        def _actor_start_failed(self, tracked_actor: Any, exception: Exception) -> None:
            note(read_cause(exception))
            super()._actor_start_failed(tracked_actor, exception)

        def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
            note(read_cause(exception))
            if isinstance(exception, RayError) and not isinstance(exception, RayTaskError):
                exception = as_death(exception)
            super()._actor_task_failed(tracked_actor_task, exception)

    return DeathTelling


def as_death(error: RayError) -> RayActorError:
    """Return an exception that Tune takes for the death of a process."""
    if isinstance(error, RayActorError):
        return error
    death = RayActorError()
    death.error_msg = str(error)
    return death
