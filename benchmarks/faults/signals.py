"""The part that sends signals to the driver, to workers and to Ray, at random moments.

A study is started again after each signal that ended it, until it is complete; then the next one.
"""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.faults.attacks import KILL, Attack, draw_attacks
from benchmarks.faults.drivers import FIRST_LINE, Driver, judge_end, send, start_driver
from benchmarks.faults.finishing import END_SECONDS, LONG, START_SECONDS, finish_study
from benchmarks.faults.scene import Tables
from benchmarks.faults.tally import Tally

SILENT = {"NVP_SILENT_SECONDS": "5"}
PAUSE = 3.0  # seconds that a process is stopped, at most
TOGETHER = 2  # attacks of one start that do not end it: a trial may die three times


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
