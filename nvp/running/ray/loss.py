"""The loss of Ray under the driver: its raylet or its head ends, and nothing would ever come back.

Ray's own calls then wait for ever, or end the process after a minute without a word. So a thread
looks after Ray's processes, and ends the driver with its last words.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray._private import worker

from nvp.running.exit_codes import FAILED, INTERRUPTED
from nvp.running.last_words import explain_continuing, quit_at_once

LOOK_SECONDS = 0.5
HEAD_SECONDS = 30.0  # that the head of a cluster may be unreachable
NAMES = {"raylet": "raylet", "gcs_server": "head process (GCS)"}


@contextmanager
def watch_over_ray(stop_signals: list[str]) -> Iterator[None]:
    """End this process with its last words when Ray ends under it.

    Args:
        stop_signals: where there are some, they are what ended Ray, too: the driver was
            interrupted.
    """
    ended = threading.Event()
    seen = Head(ray.get_runtime_context().gcs_address)
    node = worker._global_node  # of a private Ray: with the processes that this one started

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            loss = find_dead(node) or seen.find_silence()
            if loss and not ended.is_set():
                end_driver(node, loss, stop_signals)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def find_dead(node: Any) -> str:
    """Return which of the processes of a private Ray ended; empty while all are there."""
    dead = [kind for kind, _ in node.dead_processes() if kind in NAMES]
    return f"Ray's {NAMES[dead[0]]} ended: it was killed, or it crashed" if dead else ""


class Head:
    """The head of a Ray, which is asked now and then whether it is there."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self.address = host.strip("[]"), int(port)
        self.asked = self.heard = time.monotonic()

    def find_silence(self) -> str:
        """Return that the head has not been reached for long; empty while it is."""
        now = time.monotonic()
        if now - self.asked < HEAD_SECONDS / 6:
            return ""
        self.asked = now
        try:
            with socket.create_connection(self.address, timeout=HEAD_SECONDS / 6):
                self.heard = time.monotonic()
        except OSError as error:
            if now - self.heard > HEAD_SECONDS:
                return f"Ray's head at {':'.join(map(str, self.address))} is not reached: {error}"
        return ""


def end_driver(node: Any, loss: str, stop_signals: list[str]) -> None:
    """End what is left of a private Ray, so that no trial runs on, and then this process."""
    node.kill_all_processes(check_alive=False, allow_graceful=False)
    if stop_signals:
        quit_at_once(
            f"interrupted ({stop_signals[0]}), and {loss}; {explain_continuing()}", INTERRUPTED
        )
    went = "trials go on from their checkpoints"
    quit_at_once(f"error: {loss}; {went}; {explain_continuing()}", FAILED)
