"""The part that damages files: at random places of random files of every kind."""

import logging
import os
import random
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from benchmarks.faults.damage import ABSENT, DAMAGES, MOVES
from benchmarks.faults.guarded import End, run_guarded
from benchmarks.faults.reading import Reading, Said, describe_pixels
from benchmarks.faults.scene import Scenes, open_place
from benchmarks.faults.study import DATA, DESIGN
from benchmarks.faults.tally import Tally
from nvp.config.cores import count_cores
from nvp.data import load_trial_splits
from nvp.storage.compact import compact_study

CACHE = "data cache"
PARTS = ("epochs", "layers", "neurons", "events")
PACKED = ("trials", *PARTS)
# {kind of file: (its scene, the pattern of its path in the study's folder)}
KINDS: dict[str, tuple[str, str]] = {
    "row": ("loose", "trials/*/*/*.arrow"),
    **{f"part of {table}": ("loose", f"{table}/*/*/*.arrow") for table in PARTS},
    "checkpoint": ("loose", "checkpoints/*/*.safetensors"),
    "incidents": ("loose", "incidents/**/*.arrow"),
    "study.json": ("loose", "study.json"),
    "auto.json": ("loose", "auto.json"),
    CACHE: ("loose", f".cache/folder_{DATA}.safetensors"),
    **{f"pack of {table}": ("packed", f"packs/*/{table}-*.arrow") for table in PACKED},
    "manifest": ("packed", "packs/*/manifest-*.json"),
}
OTHERS = {"study.json": "auto.json", "auto.json": "study.json",
          CACHE: ".cache/folder_others.safetensors"}  # fmt: skip
TRIAL = re.compile("[0-9a-f]{12}")
FLIPS = 4  # a flipped bit is tried so many times as often as any other damage
COMPACTED = 0.2  # share of the faults after which the study is compacted and read again
SECONDS = 60.0


@dataclass(frozen=True)
class Fault:
    """A fault to be tried: a kind of file, a kind of damage, and what draws the place."""

    file: str
    damage: str
    seed: str

    @property
    def name(self) -> str:
        """Return the row of the table that counts it."""
        return f"{self.file}: {'moved' if self.damage in MOVES else 'damaged'}"


def draw_faults(count: int, seed: int) -> list[Fault]:
    """Return faults of every kind of file and every kind of damage by turns."""
    draw = random.Random(seed)
    damages = [*DAMAGES, *["bit flipped"] * (FLIPS - 1)]
    pairs = [(file, damage) for damage in damages for file in KINDS]
    draw.shuffle(pairs)
    return [Fault(*pair, f"{seed}.{k}") for k, pair in enumerate(islice(cycle(pairs), count))]


def try_faults(scenes: Scenes, count: int, seed: int, tally: Tally) -> None:
    """Try `count` faults and count what went wrong."""
    faults = draw_faults(count, seed)
    pixels = next(run_guarded([lambda: load_pixels(scenes)], seconds=SECONDS))[1].value
    checks = [partial(check_fault, scenes, fault, pixels) for fault in faults]
    for number, end in run_guarded(checks, seconds=SECONDS, at_a_time=count_cores()):
        count_end(tally, faults[number].name, end, f"{faults[number]}")
        if tally.total("tried") % 100 == 0:
            print(f"    {tally.total('tried')} faults of files", flush=True)


def load_pixels(scenes: Scenes) -> str:
    """Return the undamaged images as text."""
    return describe_pixels(load_trial_splits(DESIGN.base.data, scenes.data))


def count_end(tally: Tally, kind: str, end: End, what: str) -> None:
    """Count how a guarded check ended."""
    columns = {"exception": "tracebacks", "abort": "aborts", "hang": "hangs"}
    if end.how == "value":
        found, notes = end.value
        tally.add(kind, found, f"{what}: {'; '.join(notes)}")
    else:
        tally.add(kind, {columns[end.how]: 1}, f"{what}: {end.text.strip().splitlines()[-1]}")


def check_fault(scenes: Scenes, fault: Fault, pixels: str) -> tuple[Counter[str], list[str]]:
    """Damage a copy of a scene, and read it in every way; return what went wrong."""
    draw, scene = random.Random(fault.seed), KINDS[fault.file][0]
    with copy_scene(scenes, scene, fault.file) as place:
        touched, absent = damage(place, fault, draw)
        reading = Reading(scenes, scenes.facts[scene], place, touched, absent=absent)
        with listen(reading.said):
            read_all(reading, fault.file, pixels, compact=draw.random() < COMPACTED)
        return reading.found, reading.notes


@contextmanager
def copy_scene(scenes: Scenes, scene: str, file: str) -> Iterator[Path]:
    """Yield a copy of a scene, and of the images when their cache is damaged (process-wide)."""
    with tempfile.TemporaryDirectory(dir=scenes.root.parent) as folder:
        place = Path(folder)
        shutil.copytree(scenes.root / scene, place, dirs_exist_ok=True)
        if file == CACHE:
            shutil.copytree(scenes.data, place / "data")
            os.environ["NVP_DATA"] = str(place / "data")
        yield place


def damage(place: Path, fault: Fault, draw: random.Random) -> tuple[tuple[str, ...], bool]:
    """Damage a file of a copy.

    Returns the names of the files and trials that are touched, and whether a file is not there
    afterwards, which only a listing could tell.
    """
    folder = place / "data" if fault.file == CACHE else Path(open_place(place).root)
    files = [file for file in sorted(folder.glob(KINDS[fault.file][1])) if has_content(file)]
    others = [folder / OTHERS[fault.file]] if fault.file in OTHERS else files
    if not files or not any(has_content(other) for other in others if other != files[0]):
        return (), False  # earlier faults of the same study have left nothing to damage
    file = draw.choice(files)
    partner = others[0] if fault.file in OTHERS else draw_partner(file, files, draw)
    DAMAGES[fault.damage](file, partner, draw)
    both = [file, partner] if fault.damage in MOVES else [file]
    trials = [part for path in both for part in path.parts if TRIAL.fullmatch(part)]
    names = dict.fromkeys([*(path.name for path in both), *trials])
    return tuple(names), fault.damage in ABSENT and not all(path.exists() for path in both)


def has_content(file: Path) -> bool:
    """Whether a file is there and has a byte to damage and one to keep."""
    return file.exists() and file.stat().st_size > 1


def draw_partner(file: Path, files: list[Path], draw: random.Random) -> Path:
    """Return another file of the same kind, of another trial or pack where there is one."""
    others = [other for other in files if other.parts[:-2] != file.parts[:-2]]
    others = others or [other for other in files if other.parent != file.parent]
    return draw.choice(others or [other for other in files if other != file])


@contextmanager
def listen(said: Said) -> Iterator[None]:
    """Keep what is logged in `said`, and nowhere else."""
    logging.getLogger().handlers[:] = [said]
    yield


def read_all(reading: Reading, file: str, pixels: str, *, compact: bool) -> None:
    """Read a damaged study in every way in which its damaged file is read."""
    if file == CACHE:
        reading.read_cache(pixels)
        return
    reading.read_start()
    reading.read_analysis()
    if file in OTHERS:
        reading.read_plan()
    if compact:
        compact_study(open_place(reading.place))
        reading.read_start()
    running = reading.scenes.configs.keys() - reading.facts.done
    if file == "checkpoint" or file.startswith("part"):
        reading.continue_trials(running & set(reading.files))
