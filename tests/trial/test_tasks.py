"""Trials of several tasks: killed anywhere and continued, they are as if unbroken."""

from pathlib import Path

import pytest

from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.schema import VOLATILE
from nvp.storage.store import Storage
from nvp.trial.fork import make_parent
from nvp.trial.run import run_trial

pytestmark = pytest.mark.one_in(3)

CONFIG = TrialConfig(epochs=2).with_overrides(
    {
        "data.images": 200,
        "data.batch_size": 32,
        "data.task": "permuted",
        "data.tasks": 3,
        "model.name": "mlp",
        "model.width": 0.1,
        "optim.name": "adam",
        "optim.lr": 0.003,
        "optim.schedule": "cosine",
        "probe.size": 64,
    }
)
CASES = {
    "permuted": {},
    "moments cleared": {"optim.reset": "task", "optim.restart": "task"},
    "random labels": {"data.task": "shuffled_labels"},
    "more classes": {"data.task": "class_incremental"},
    "more images": {"data.task": "data_incremental"},
    "a remedy": {"remedy.name": "shrink_perturb"},
    "measured on request": {
        "probe.duplicates": 0.9,
        "probe.gradients": 64,
        "probe.weights": "magnitude",
        "prune.method": "l1",
    },
    "a method": {"prune.method": "random", "prune.end": 0.9, "probe.every": 4},
}


def read_all(storage: Storage, name: str) -> dict[str, list]:
    """Return the rows of all tables of a trial without what may differ."""
    index = read_index(storage, name)
    found = {"trials": [index.rows[name]]}
    for table in ("epochs", "layers", "neurons", "events"):
        found[table] = read_table(index, table, [name]).to_pylist()
    drop = VOLATILE
    return {
        table: [{k: v for k, v in row.items() if k not in drop[table]} for row in rows]
        for table, rows in found.items()
    }


# inside a task, at its end, after it, at the end of the next one
STOPS = [("permuted", 1), ("permuted", 2), ("permuted", 3), ("permuted", 4)]


@pytest.mark.parametrize(("case", "stop"), STOPS + [(case, 2) for case in CASES][1:])
def test_a_trial_that_was_interrupted_around_a_border_is_as_an_unbroken_one(
    case: str, stop: int, tmp_path: Path
) -> None:
    config = CONFIG.with_overrides(CASES[case])
    name = trial_id(config)
    whole, broken = (Storage.at(str(tmp_path / n)) for n in ("whole", "broken"))
    *_, last = run_trial(config, whole)
    assert (last.status, last.epochs or 6) == ("done", 6), last.error
    first = run_trial(config, broken)
    for progress in first:
        if progress.epoch == stop:
            break
    first.close()
    *_, last = run_trial(config, broken)
    assert last.status == "done", last.error
    assert read_all(broken, name) == read_all(whole, name)


def test_every_table_knows_its_task_and_a_trial_how_well_it_did_each(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    *_, last = run_trial(CONFIG, storage)
    tables = read_all(storage, last.trial_id)
    tasks = {0: 0, 1: 0, 2: 0, 3: 1, 4: 1, 5: 2, 6: 2}
    for table in ("epochs", "layers", "neurons", "events"):
        assert {row["epoch"]: row["task"] for row in tables[table]}.items() <= tasks.items()
        assert not any(tasks[row["epoch"]] != row["task"] for row in tables[table])
    (row,) = tables["trials"]
    ends = [epoch for epoch in tables["epochs"] if epoch["task_accuracy"] is not None]
    assert [epoch["epoch"] for epoch in ends] == [2, 4, 6]
    assert ends[-1]["task_accuracy"] == row["test_accuracy"]
    for of_tasks, of_trial in (
        ("task_accuracy", "mean_task_accuracy"),
        ("online_accuracy", "mean_online_accuracy"),
    ):
        mean = sum(epoch[of_tasks] for epoch in ends) / 3
        assert row[of_trial] == pytest.approx(mean, rel=1e-6)
    assert row["plasticity_loss"] is None, "three tasks are too few"
    born = [layer["born_dead"] for layer in tables["layers"] if layer["epoch"] == 0]
    assert row["born_dead"] == sum(born)
    crossed = {layer["epoch"]: layer["border_died"] is not None for layer in tables["layers"]}
    assert [epoch for epoch, border in crossed.items() if border] == [3, 5]


def test_a_fork_of_tasks_is_refused() -> None:
    with pytest.raises(ValueError, match="expected data.task=none in forks"):
        make_parent(CONFIG, {"epochs": 1})
