"""The scenes of the attacks: the study unbroken, done in part, and packed in part.

All of them are made once, in a process of their own. A fault gets a copy.
"""

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nvp.study.start
from benchmarks.faults.guarded import run_guarded
from benchmarks.faults.study import EPOCHS, NAME, OTHER_DATA, PRESET, STUDY, write_images
from nvp.config.trial_config import TrialConfig
from nvp.data import prepare_data
from nvp.storage.compact import compact_study
from nvp.storage.incidents import Incidents, read_incidents
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.schema import TABLES, VOLATILE
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study, read_study
from tests.in_process import run_main
from tests.trials import interrupt

Tables = dict[str, dict[str, list[str]]]  # {table: {trial: its rows, sorted, as text}}
FLAGS = ("--preset", PRESET, "--no-ray")
OFTEN = {"NVP_CHECKPOINT_SECONDS": "0"}
RUNNING = 4  # of the eight trials


@dataclass(frozen=True)
class Facts:
    """What is true of an undamaged scene.

    Attributes:
        done: the trials that are done.
        incidents: their rows, as text.
        study: study.json as it is read.
    """

    done: frozenset[str]
    incidents: list[str]
    study: dict[str, Any]


@dataclass(frozen=True)
class Scenes:
    """Where the scenes are, and what is true of them.

    Attributes:
        root: a folder for each scene, named as in `facts`, and one for the images.
        whole: the tables of the unbroken run.
        configs: of its trials, by id.
        facts: of each scene.
    """

    root: Path
    whole: Tables
    configs: dict[str, TrialConfig]
    facts: dict[str, Facts]

    @property
    def data(self) -> Path:
        """Return the folder of the images."""
        return self.root / "data"


def open_place(place: Path) -> Storage:
    """Return the storage of the study in a place."""
    return open_study(str(place), NAME, PRESET)


def read_rows(index: Any, trials: Collection[str] | None = None) -> Tables:
    """Return the rows of all tables, without volatile columns."""
    found: Tables = {}
    for table in TABLES:
        rows = read_table(index, table, None if trials is None else sorted(trials))
        by_trial = defaultdict(list)
        for row in rows.drop_columns(VOLATILE[table]).to_pylist():
            by_trial[row["trial_id"]].append(repr(row))
        found[table] = {trial: sorted(texts) for trial, texts in by_trial.items()}
    return found


def list_done(index: Any) -> frozenset[str]:
    """Return the trials that an index takes for done."""
    return frozenset(name for name, row in index.rows.items() if row["status"] == "done")


def list_incidents(storage: Storage) -> list[str]:
    """Return the rows of incidents as text."""
    return sorted(map(repr, read_incidents(storage).to_pylist()))


def read_facts(place: Path) -> Facts:
    """Return what is true of a scene, as it is read undamaged."""
    storage = open_place(place)
    return Facts(list_done(read_index(storage)), list_incidents(storage), read_study(storage))


def make_scenes(root: Path) -> Scenes:
    """Write the images and make all scenes below `root`; NVP_DATA names the images from then on."""
    write_images(root / "data")
    os.environ |= {"NVP_DATA": str(root / "data")} | OFTEN
    for _, end in run_guarded([lambda: build_scenes(root)], seconds=600):
        if end.how != "value":
            raise RuntimeError(f"the scenes could not be made: {end.text}")
        return end.value
    raise AssertionError


def build_scenes(root: Path) -> Scenes:
    """Run the study unbroken, and make the other scenes from it."""
    choice = {"precision": "bfloat16", "layout": "channels_first"}  # one that is not the default
    with patch.object(nvp.study.start, "measure_fastest", lambda *_: choice):
        ended = run_main(STUDY, root / "whole", *FLAGS)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    prepare_data(f"folder:{OTHER_DATA}", root / "data")
    index = read_index(open_place(root / "whole"))
    configs = {
        name: TrialConfig().with_overrides(json.loads(row["config"]))
        for name, row in index.rows.items()
    }
    interrupt_half(root, configs)
    pack_half(root, sorted(configs)[RUNNING:])
    places = [folder for folder in root.iterdir() if folder.name != "data"]
    facts = {place.name: read_facts(place) for place in places}
    return Scenes(root, read_rows(index), configs, facts)


def interrupt_half(root: Path, configs: dict[str, TrialConfig]) -> None:
    """Make the scene `loose`: half of the trials stopped in the middle, one of two twice."""
    shutil.copytree(root / "whole", root / "loose")
    storage = open_place(root / "loose")
    for number, name in enumerate(sorted(configs)[:RUNNING]):
        for table in TABLES:
            storage.delete_folder(f"{table}/{name}")
        for epoch in (2, EPOCHS - 2)[: 1 + number % 2]:
            interrupt(configs[name], storage, epoch, data_root=root / "data")
    for number, host in enumerate(("here", "there")):
        incidents = Incidents(storage, name=f"170000000{number}-{host}")
        incidents.add("died", f"its process died on {host}", trial_id=sorted(configs)[number])
        incidents.add("avoided", f"3 trials failed on {host}", node="0123456789ab")


def pack_half(root: Path, done: list[str]) -> None:
    """Make the scene `packed`: the trials that are done are in two packs."""
    shutil.copytree(root / "loose", root / "packed")
    storage = open_place(root / "packed")
    later = done[len(done) // 2 :]
    for table in TABLES:
        for name in later:
            storage.delete_folder(f"{table}/{name}")
    assert compact_study(storage) == len(done) - len(later)
    for table in TABLES:
        for name in later:
            source = Path(open_place(root / "whole").path(f"{table}/{name}"))
            if source.exists():
                shutil.copytree(source, storage.path(f"{table}/{name}"))
    assert compact_study(storage) == len(later)
