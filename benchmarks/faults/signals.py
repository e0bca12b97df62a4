"""The part that sends signals to the driver, to workers and to Ray, at random moments.

A study is started again after each signal that ended it, until it is complete; then the next one.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.drivers import FIRST_LINE, Driver, judge_end, send, start_driver
from benchmarks.faults.scene import Tables, list_done, open_place, read_rows
from benchmarks.faults.tally import Tally
from nvp.storage.index import read_index

# so long that a signal arrives before the end; `auto` might be measured otherwise elsewhere
LONG = ("--set", "epochs=60", "--set", "precision=float32")
SILENT = {"NVP_SILENT_SECONDS": "5"}
START_SECONDS, END_SECONDS = 180.0, 240.0  # on a machine that has other work, too
FINISHED = "broken studies, run to the end"
PAUSE = 3.0  # seconds that a process is stopped, at most
TOGETHER = 2  # attacks of one start that do not end it: a trial may die three times
STARTS = 6  # of a study whose trials fail, at most


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


def try_signals(
    root: Path, whole: Tables, environment: dict[str, str], count: int, seed: int, tally: Tally
) -> None:
    """Send `count` signals, and count what went wrong.

    Args:
        root: a folder for the studies.
        whole: the tables of the unbroken run with `LONG`.
        environment: of the drivers.
        count: of signals.
        seed: draws their order and moments.
        tally: is changed.
    """
    draw = random.Random(seed)
    waiting, number = draw_attacks(count, draw), 0
    while waiting:
        number += 1
        place = root / f"signals{number}"
        sent = break_study(place, environment, waiting, draw, tally)
        finish_study(place, environment, whole, tally, f"after {', '.join(sent)}")


def break_study(
    place: Path,
    environment: dict[str, str],
    waiting: list[Attack],
    draw: random.Random,
    tally: Tally,
) -> list[str]:
    """Start a study again and again, each time with other attacks, until it is complete.

    Returns the names of the attacks, which are taken off `waiting`.
    """
    sent: list[str] = []
    while waiting:
        attacks = choose_attacks(waiting)
        more = SILENT if attacks[0].target == "workers" else {}
        driver = start_driver(place, environment | more, *LONG)
        try:
            reached = [a for a in attacks if attack_driver(driver, a, draw)]
            for attack in reached[:-1]:
                tally.add(attack.name, {})  # the driver was alive when the next one was sent
            if reached:
                count_end(driver, reached[-1], tally)
            driver.wait(END_SECONDS)
        finally:
            driver.kill()
        for attack in reached:
            waiting.remove(attack)
        sent += [attack.name for attack in reached]
        print(f"    {[a.name for a in reached]}, {len(waiting)} to send", flush=True)
        if driver.process.returncode == 0:
            return sent
    return sent


def choose_attacks(waiting: list[Attack]) -> list[Attack]:
    """Return the attacks of one start: a few that do not end it, then one that does."""
    if waiting[-1].target == "workers":
        return waiting[-1:]
    mild = [a for a in waiting if not a.ends and a.target != "workers"][:TOGETHER]
    return mild + [a for a in waiting if a.ends][:1]


def attack_driver(driver: Driver, attack: Attack, draw: random.Random) -> bool:
    """Wait for the moment of an attack and send it; return whether the driver still ran then."""
    return wait_for_moment(driver, attack, draw) and send_all(driver, attack, draw)


def wait_for_moment(driver: Driver, attack: Attack, draw: random.Random) -> bool:
    """Wait for the moment of an attack; return whether the driver still runs then.

    Most moments are while trials run; some are from the driver's first line on.
    """
    early = attack.target in ("driver", "group") and draw.random() < 0.3
    if early:
        driver.wait(START_SECONDS, lambda: FIRST_LINE in driver.output)
        driver.wait(draw.uniform(0, 8))
        return not driver.ended
    driver.wait(START_SECONDS, lambda: bool(list_workers(driver)))
    if attack.target != "workers":
        driver.wait(draw.uniform(0, 5))
    return not driver.ended


def list_workers(driver: Driver) -> list[int]:
    """Return the processes of trials; before there are any, those that wait for work."""
    return [pid for pid in driver.find(b"Trainable", b"TrialActor") if pid != driver.process.pid]


def list_targets(driver: Driver, attack: Attack, draw: random.Random) -> list[int]:
    """Return the processes that an attack goes to."""
    if attack.target in ("driver", "group"):
        return [driver.process.pid]
    found = driver.find(b"/raylet/raylet") if attack.target == "raylet" else list_workers(driver)
    return found if attack.target == "workers" else found and [draw.choice(found)]


def send_all(driver: Driver, attack: Attack, draw: random.Random) -> bool:
    """Send the signals of an attack; return whether there was somebody to send them to."""
    targets = list_targets(driver, attack, draw)
    how: Callable[[int, signal.Signals], None] = send
    if attack.target == "group":
        how = os.killpg  # type: ignore[assignment]
    for number in attack.numbers:
        for pid in targets:
            how(pid, number)
        if number is not attack.numbers[-1]:
            time.sleep(draw.uniform(0.2, PAUSE))
    return bool(targets)


def count_end(driver: Driver, attack: Attack, tally: Tally) -> None:
    """Wait for the end of a driver and count what is wrong with it."""
    note = f"after {time.monotonic() - driver.started:.1f} s"
    if not driver.wait(END_SECONDS):
        tally.add(attack.name, {"hangs": 1}, f"{note}; {driver.output[-200:]!r}")
        return
    killed = attack.codes == (-KILL,)
    found = judge_end(driver, attack.codes, spoken=not killed)
    left = driver.wait_for_family()
    if left and not killed:
        found["hangs"] = 1
        note += f"; {left} processes are left"
    tally.add(attack.name, found, f"{note}; exit code {driver.process.returncode}; "
              f"{driver.output[-200:]!r}")  # fmt: skip


def finish_study(
    place: Path, environment: dict[str, str], whole: Tables, tally: Tally, note: str
) -> None:
    """Run a broken study to its end in one process, and compare its tables."""
    tally.add(FINISHED, judge_tables(place, environment, whole), note)


def judge_tables(place: Path, environment: dict[str, str], whole: Tables) -> dict[str, int]:
    """Run a broken study to its end in one process; return what is wrong with its tables."""
    code = -1
    for _ in range(STARTS):
        driver = start_driver(place, environment, *LONG, "--no-ray")
        in_time = driver.wait(END_SECONDS)
        driver.kill()
        code = driver.process.returncode
        if not in_time or code == 0:
            break
    if code != 0:
        return {"hangs": 1}
    index = read_index(open_place(place))
    return {"wrong tables": int(read_rows(index, list_done(index)) != whole)}


def run_unbroken(place: Path, environment: dict[str, str]) -> Tables:
    """Run the study of the drivers without a fault; return its tables."""
    driver = start_driver(place, environment, *LONG, "--no-ray")
    driver.wait(END_SECONDS * 2)
    driver.kill()
    assert driver.process.returncode == 0, driver.output
    return read_rows(read_index(open_place(place)))
