"""The signals: to whom, which, how often, and the exit codes that are right after them."""

import random
import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    """A signal that is sent.

    Attributes:
        name: the row of the table.
        target: "driver", "group" (the driver and all of its process group), "worker", "workers"
            (all of them, at their start) or "raylet".
        numbers: the signals, one after another.
        codes: exit codes that are right; 0 is too, when the study was complete.
        weight: how often it is sent, of 44.
        ends: whether the driver ends.
    """

    name: str
    target: str
    numbers: tuple[signal.Signals, ...]
    codes: tuple[int, ...]
    weight: int
    ends: bool = True


INT, TERM, KILL = signal.SIGINT, signal.SIGTERM, signal.SIGKILL
STOP, CONT = signal.SIGSTOP, signal.SIGCONT
ATTACKS = (
    Attack("SIGINT to the driver", "driver", (INT,), (0, 130), 4),
    Attack("Ctrl-C: SIGINT to its group", "group", (INT,), (0, 130), 4),
    Attack("SIGTERM to the driver", "driver", (TERM,), (0, 130), 7),
    Attack("SIGTERM twice to the driver", "driver", (TERM, TERM), (0, 130), 3),
    Attack("SIGKILL to the driver", "driver", (KILL,), (-KILL,), 4),
    Attack("driver stopped and continued", "driver", (STOP, CONT), (0,), 2, ends=False),
    Attack("SIGKILL to a worker", "worker", (KILL,), (0,), 8, ends=False),
    Attack("SIGTERM to a worker", "worker", (TERM,), (0,), 4, ends=False),
    Attack("worker stopped and continued", "worker", (STOP, CONT), (0,), 2, ends=False),
    Attack("all workers stopped at their start", "workers", (STOP,), (0,), 2, ends=False),
    Attack("SIGKILL to the raylet", "raylet", (KILL,), (0, 1), 4),
)


def draw_attacks(count: int, draw: random.Random) -> list[Attack]:
    """Return `count` attacks in random order; each kind by its weight, and at least once if so."""
    weighted = [attack for attack in ATTACKS for _ in range(attack.weight)]
    draw.shuffle(weighted)
    first = list(dict.fromkeys(weighted))
    rest = list(weighted)
    for attack in first:
        rest.remove(attack)
    chosen = (first + rest * (1 + count // len(weighted)))[:count]
    draw.shuffle(chosen)
    return chosen
