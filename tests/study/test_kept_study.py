"""A study that the code of 52c8dc0 began goes on with the code of today, and ends as it would have.

tests/golden/kept_study holds its tables. `begun` has 4 trials that are done, 2 that were
interrupted after the second epoch and 2 that never started; `whole` has the other four, run to
their end by that code. A change of results makes these tables again, and says why.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nvp import DataConfig, Design, ModelConfig, OptimConfig, Study, TrialConfig, grid, main
from nvp.planning.plan import make_plan
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from tests.arithmetic import fingerprint
from tests.rows import Tables, sorted_rows

GOLDEN = Path(__file__).parents[1] / "golden" / "kept_study"
DONE = {"388d95d8c01d", "ecfd42c9ab83", "f1869b74c2b6", "242dc95a96e5"}
INTERRUPTED = {"00ddde6b7da4", "1110b953dc3a"}
MISSING = {"599c4559d668", "7258057122a7"}
OF_NO_ARITHMETIC = [  # columns of a trial's row in which two types of CPU agree
    "trial_id", "status", "config", "epochs", "steps", "units", "neurons", "weights", "death",
    "parameters", "flops", "probe_size", "probe_hash",
]  # fmt: skip
NEWER = ("born_dead", "died", "revived")  # columns of `trials` and `layers`
DESIGN = Design(
    base=TrialConfig(
        epochs=4,
        data=DataConfig(images=256, batch_size=32),
        model=ModelConfig(name="convnet", width=0.25),
        optim=OptimConfig(lr=0.1, noise=0.5),
    ),
    space={"prune.method": grid("none", "dead", "nn_relief", "magnitude_weight")},
    seeds=2,
)
STUDY = Study(name="kept", quick=DESIGN, paper=DESIGN)


@pytest.fixture(scope="module")
def continued(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the storage of the begun study after it went on to its end."""
    place = tmp_path_factory.mktemp("kept") / "results"
    shutil.copytree(GOLDEN / "begun", place)
    with pytest.raises(SystemExit) as ended:
        main(STUDY, ["--preset", "quick", "--no-ray", "--storage", str(place)])
    assert ended.value.code == 0
    return place


def storage_at(place: Path) -> Storage:
    return open_study(str(place), "kept", "quick")


def files_of(place: Path, trials: set[str]) -> dict[str, bytes]:
    """Return {name: content} of the rows and the parts of some trials."""
    study = place / "kept" / "quick"
    found = {str(path.relative_to(study)): path for path in study.glob("*/*/*/*.arrow")}
    return {name: path.read_bytes() for name, path in found.items() if name.split("/")[1] in trials}


def test_the_trials_have_the_names_they_had() -> None:
    planned = json.loads((GOLDEN / "begun/kept/quick/study.json").read_text())["trials"]
    assert list(make_plan(DESIGN).trials) == list(planned)
    assert set(planned) == DONE | INTERRUPTED | MISSING


def test_the_tables_are_those_of_a_study_in_its_middle() -> None:
    index = read_index(storage_at(GOLDEN / "begun"))
    assert index.rows.keys() == DONE
    assert set(index.running) == INTERRUPTED
    assert not index.damaged


def test_no_finished_trial_runs_again(continued: Path) -> None:
    before = files_of(GOLDEN / "begun", DONE)
    assert len(before) == 5 * len(DONE)
    assert files_of(continued, DONE) == before


def test_the_others_are_done_and_the_interrupted_go_on_from_their_checkpoints(
    continued: Path,
) -> None:
    rows = read_index(storage_at(continued)).rows
    assert rows.keys() == DONE | INTERRUPTED | MISSING
    assert {row["status"] for row in rows.values()} == {"done"}
    attempts = {trial: row["attempt"] for trial, row in rows.items()}
    assert attempts == dict.fromkeys(DONE | MISSING, 1) | dict.fromkeys(INTERRUPTED, 2)
    for trial in INTERRUPTED:
        parts = json.loads(rows[trial]["manifest"])
        assert f"epochs/{trial}/1/00001-00002" in {name.rpartition("-")[0] for name in parts}


def test_their_tables_are_those_of_the_code_that_began_it(continued: Path) -> None:
    unfinished = INTERRUPTED | MISSING
    found = with_known_columns(sorted_rows(storage_at(continued), unfinished))
    expected = with_known_columns(sorted_rows(storage_at(GOLDEN / "whole"), unfinished))
    if fingerprint() == (GOLDEN / "arithmetic.txt").read_text().strip():
        assert found == expected
    else:  # this machine rounds in another way, and the noise of training makes it much
        assert robust(found) == robust(expected)


def with_known_columns(tables: Tables) -> Tables:
    """Return tables without columns that the older code had not.

    Configurations are as they are read: newer settings have defaults.
    """
    trials = [
        row | {"config": TrialConfig().with_overrides(json.loads(row["config"]))}
        for row in tables["trials"]
    ]
    tables = tables | {"trials": trials}
    return tables | {
        table: [{k: v for k, v in row.items() if k not in NEWER} for row in tables[table]]
        for table in ("trials", "layers")
    }


def robust(tables: Tables) -> dict[str, list[list[Any]]]:
    """Return what of the tables is the same on every type of CPU: what was run, for how long."""
    keys = ["trial_id", "epoch", "layer", "neuron"]
    columns = {"trials": OF_NO_ARITHMETIC, "epochs": keys[:2], "layers": keys[:3], "neurons": keys}
    return {
        table: sorted([row[name] for name in names] for row in tables[table])
        for table, names in columns.items()
    }
