"""Damaged studies that really run to their end: several faults each, then the tables compared."""

import random
from collections import Counter
from functools import partial
from pathlib import Path

from benchmarks.faults.damage import DAMAGES
from benchmarks.faults.files import (
    CACHE,
    KINDS,
    Fault,
    copy_scene,
    count_end,
    damage,
    listen,
)
from benchmarks.faults.guarded import run_guarded
from benchmarks.faults.reading import SILENT, TRACEBACK, Reading
from benchmarks.faults.scene import FLAGS, Scenes, list_done, open_place, read_rows
from benchmarks.faults.study import STUDY
from benchmarks.faults.tally import Tally
from nvp.config.cores import count_cores
from nvp.storage.index import read_index
from tests.in_process import run_main

NAME = "several, then run to the end"
MOST = 6  # faults of one study
SECONDS = 240.0


def continue_damaged(scenes: Scenes, count: int, seed: int, tally: Tally) -> None:
    """Damage `count` studies, run each to its end and count what went wrong."""
    checks = [partial(check_end, scenes, f"{seed}.continued.{k}") for k in range(count)]
    for number, end in run_guarded(checks, seconds=SECONDS, at_a_time=count_cores()):
        count_end(tally, NAME, end, f"study {number}")


def check_end(scenes: Scenes, seed: str) -> tuple[Counter[str], list[str]]:
    """Damage a study several times and run it to its end; return what went wrong."""
    draw = random.Random(seed)
    scene = draw.choice(["loose", "packed"])
    # a lost choice of `auto` may be measured otherwise: then these are other trials, rightly
    kinds = [file for file, (where, _) in KINDS.items() if where == scene and file != "auto.json"]
    with copy_scene(scenes, scene, CACHE) as place:
        touched: list[str] = []
        for k in range(draw.randint(2, MOST)):
            file, kind = draw.choice(kinds), draw.choice(list(DAMAGES))
            touched += damage(place, Fault(file, kind, f"{seed}.{k}"), draw)[0]
        reading = Reading(scenes, scenes.facts[scene], place, tuple(touched))
        with listen(reading.said):
            run_to_end(reading)
        return reading.found, reading.notes


def run_to_end(reading: Reading) -> None:
    """Run a damaged study, and compare its tables."""
    ended = run_main(STUDY, reading.place, *FLAGS)
    reading.said.lines += ended.stderr.splitlines()
    if ended.returncode == 2 and len(ended.stderr.strip().splitlines()) == 1:
        if not reading.said.names(*reading.files):
            reading.count(SILENT, f"refused without a name: {ended.stderr}")
        return
    if ended.returncode or "Traceback" in ended.stdout + ended.stderr:
        reading.count(TRACEBACK, f"exit code {ended.returncode}: {ended.stdout[-300:]}")
        return
    index = read_index(open_place(reading.place))
    done = list_done(index)
    if done != reading.scenes.configs.keys():
        reading.count(SILENT, f"{len(done)} trials are done at the end")
    reading.compare(read_rows(index), done)
    left = [file.name for file in Path(index.storage.root).rglob(".*.tmp")]
    if left:
        reading.count(SILENT, f"left lying: {', '.join(left)}")
