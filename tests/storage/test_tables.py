"""Tables: what a trial writes is what is read; continued = unbroken; damage is named, not read.

Every kind of damage to every table is named; the trial runs again for kinds and tables in turn.
"""

import json
import logging
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch

from nvp.config.dotted_paths import flatten_config
from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.planning.plan import Plan
from nvp.planning.plan_state import read_state
from nvp.storage.codec import decode_rows, encode_rows, rows_from_columns
from nvp.storage.index import Index, read_index
from nvp.storage.reader import list_visible_parts, read_table
from nvp.storage.schema import EVENTS, TABLES, VOLATILE
from nvp.storage.sealed import is_intact, seal_name
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from nvp.storage.writer import TrialWriter, find_next_attempt
from nvp.training.record import EpochRecord
from nvp.trial.rows import layer_rows
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions
from nvp.trial.sampling import is_sampled
from nvp.trial.trial_row import commit_lost
from tests.in_turn import in_turn
from tests.rows import sorted_rows
from tests.trials import interrupt, run_to_end

torch.set_num_threads(1)
CONFIG = TrialConfig().with_overrides(
    {
        "epochs": 4,
        "data.batch_size": 32,
        "data.images": 320,
        "model.width": 0.2,
        "optim.lr": 0.2,
        "optim.noise": 2.0,
        "prune.method": "dead",
        "prune.patience": 1,
        "prune.tau": 0.5,
        "probe.size": 128,
        "probe.bins": 8,
    }
)
NAME = trial_id(CONFIG)
KEYS = {
    "trials": ["trial_id"],
    "epochs": ["trial_id", "epoch"],
    "layers": ["trial_id", "epoch", "layer"],
    "neurons": ["trial_id", "epoch", "layer", "neuron"],
    "events": ["trial_id", "epoch", "layer", "neuron", "event"],
}


def start(config: TrialConfig, storage: Storage, **options: Any):
    return run_trial(config, storage, RunOptions(**({"checkpoint_seconds": 0.0} | options)))


def numbers(tables: dict[str, list[dict[str, Any]]]) -> list[float]:
    rows = (row for table in tables.values() for row in table)
    return [value for row in rows for value in row.values() if isinstance(value, float)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study")
    assert run_to_end(CONFIG, Storage.at(str(path))) == "done"
    return path


@pytest.fixture(scope="module")
def storage(place: Path) -> Storage:
    return Storage.at(str(place))


@pytest.fixture(scope="module")
def tables(storage: Storage) -> dict[str, list[dict[str, Any]]]:
    return sorted_rows(storage, volatile=True)


# --- what a finished trial leaves


def test_a_trial_that_is_done_is_not_run_again(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    run_to_end(CONFIG, storage)
    before = {name: storage.read(name) for name in storage.files()}
    again = list(start(CONFIG, storage))
    assert [(p.status, p.epoch) for p in again] == [("done", CONFIG.epochs)]
    assert {name: storage.read(name) for name in storage.files()} == before


def test_all_five_tables_have_their_columns_and_types(storage: Storage) -> None:
    index = read_index(storage)
    for name, schema in TABLES.items():
        table = read_table(index, name)
        assert table.schema.equals(schema, check_metadata=True)
        assert len(table), name


def test_no_row_is_there_twice(tables) -> None:
    for name, rows in tables.items():
        keys = [tuple(row[column] for column in KEYS[name]) for row in rows]
        assert len(set(keys)) == len(keys)
        assert {row["trial_id"] for row in rows} == {NAME}


def test_no_value_is_nan_or_infinite(tables) -> None:
    assert numbers(tables)
    assert all(math.isfinite(value) for value in numbers(tables))


def test_every_epoch_and_layer_has_its_row(tables) -> None:
    assert sorted(row["epoch"] for row in tables["epochs"]) == [0, 1, 2, 3, 4]
    layers = {"conv1": 0, "conv2": 1, "conv3": 2, "hidden": 3}
    found = {(row["epoch"], row["layer"], row["depth"]) for row in tables["layers"]}
    assert found == {(e, layer, depth) for e in range(5) for layer, depth in layers.items()}
    assert {row["site"] for row in tables["layers"]} == {"internal"}


def test_layers_are_the_sums_and_means_of_their_neurons(tables) -> None:
    compared = 0
    for layer in tables["layers"]:
        key = (layer["epoch"], layer["layer"])
        neurons = [n for n in tables["neurons"] if (n["epoch"], n["layer"]) == key]
        if not neurons:
            continue
        kept = [n for n in neurons if n["kept"]]
        assert [n["neuron"] for n in sorted(neurons, key=lambda n: n["neuron"])] == list(
            range(layer["dense"])
        )
        assert layer["kept"] == len(kept) == layer["dense"] - layer["masked"]
        assert layer["dead"] == sum(n["dead"] for n in neurons)
        assert layer["dormant_01"] == sum(n["dormancy"] <= 0.1 for n in kept)
        for name in ("entropy", "nvi", "fire_rate", "mean_abs", "weight_norm"):
            mean = sum(n[name] for n in kept) / len(kept)
            assert layer[name] == pytest.approx(mean, rel=1e-5, abs=1e-7)
        compared += 1
    assert compared >= 20


def test_what_is_not_measured_of_a_masked_neuron_is_null(tables) -> None:
    masked = [row for row in tables["neurons"] if not row["kept"]]
    assert masked
    for row in masked:
        measured = ("mean_abs", "fire_rate", "entropy", "dormancy", "nvi", "weight_norm")
        assert all(row[name] is None for name in measured)
        assert row["dead"] is False


def test_events_count_up_to_the_layers(tables) -> None:
    for layer in tables["layers"]:
        here = [e for e in tables["events"] if e["layer"] == layer["layer"]]
        mine = [e for e in here if e["epoch"] == layer["epoch"]]
        assert layer["pruned"] == sum(e["event"] == "pruned" for e in mine)
        assert {e["event"] for e in mine} <= set(EVENTS)
        earlier = [e for e in here if e["epoch"] < layer["epoch"]]
        assert layer["masked"] == sum(e["event"] == "pruned" for e in earlier)
    causes = {(e["event"], e["cause"]) for e in tables["events"] if e["epoch"]}
    assert ("pruned", "dead") in causes
    assert {cause for event, cause in causes if event in ("died", "revived")} <= {"training"}


def test_the_row_of_the_trial_sums_it_up(tables) -> None:
    (row,) = tables["trials"]
    epochs = sorted(tables["epochs"], key=lambda r: r["epoch"])
    last = epochs[-1]
    assert (row["status"], row["error"], row["attempt"]) == ("done", None, 1)
    assert (row["epochs"], row["steps"]) == (4, last["step"]) == (4, 4 * (320 // 32))
    assert json.loads(row["config"]) == flatten_config(CONFIG)
    for name in ("val_loss", "val_accuracy", "sparsity"):
        assert row[name] == last[name]
    assert row["best_val_accuracy"] == max(r["val_accuracy"] for r in epochs)
    assert row["masked_units"] == sum(e["event"] == "pruned" for e in tables["events"])
    assert row["sparsity"] == pytest.approx(row["masked_units"] / row["units"])
    assert 0 < row["live_parameters"] < row["parameters"]
    assert row["probe_size"] == 128
    assert len(row["probe_hash"]) == 12
    assert row["started"] <= row["ended"]
    assert 0 < row["seconds"] < 60
    assert 0 <= row["test_accuracy"] <= 1


def test_the_manifest_names_what_is_there_and_the_checkpoints_are_gone(
    storage: Storage, tables
) -> None:
    manifest = json.loads(tables["trials"][0]["manifest"])
    files = storage.files()
    assert manifest == {n: size for n, size in files.items() if not n.startswith("trials/")}
    assert all(is_intact(name, storage.read(name)) for name in files)
    assert len([name for name in files if name.startswith("trials/")]) == 1


def test_the_meanings_are_not_in_every_part(storage: Storage) -> None:
    for name in storage.files():
        assert b"meaning" not in storage.read(name)


def test_neurons_are_sampled_at_spaced_epochs() -> None:
    assert [e for e in range(50) if is_sampled(e)] == [0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45]


def test_neurons_are_there_at_the_first_and_the_last_pruning_and_the_end(tmp_path: Path) -> None:
    changes = {"epochs": 10, "prune.method": "random", "prune.start": 0.5, "prune.end": 0.9,
               "model.name": "mlp", "prune.sparsity": 0.6}  # fmt: skip
    config = CONFIG.with_overrides(changes)
    storage = Storage.at(str(tmp_path))
    assert run_to_end(config, storage) == "done"
    tables = sorted_rows(storage)
    prunings = sorted({e["epoch"] for e in tables["events"] if e["event"] == "pruned"})
    sampled = {row["epoch"] for row in tables["neurons"]}
    assert prunings[0] >= 5 and prunings[-1] == 9  # noqa: PT018
    assert sampled == {0, 1, 2, 3, 4, 6, 8, prunings[0], 9, 10}


# --- continued = unbroken


@pytest.mark.one_in(2)
@pytest.mark.parametrize("epoch", [0, 1, 3, 4])
def test_interrupted_and_continued_equals_unbroken(epoch: int, tmp_path: Path, tables) -> None:
    storage = Storage.at(str(tmp_path))
    interrupt(CONFIG, storage, epoch, checkpoint_seconds=1e9)
    assert not read_index(storage).rows
    assert storage.files("checkpoints")
    assert run_to_end(CONFIG, storage) == "done"
    found = sorted_rows(storage, volatile=True)
    assert found["trials"][0]["attempt"] == 2
    expected = {n: [drop(row, n) for row in rows] for n, rows in tables.items()}
    again = {n: [drop(row, n) for row in rows] for n, rows in found.items()}
    for name in TABLES:
        assert sorted(again[name], key=repr) == sorted(expected[name], key=repr), name
    assert not storage.files("checkpoints")


def drop(row: dict[str, Any], table: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in VOLATILE[table]}


def test_interrupted_at_every_epoch_equals_unbroken(tmp_path: Path, tables) -> None:
    storage = Storage.at(str(tmp_path))
    for epoch in range(4):
        interrupt(CONFIG, storage, epoch)
    assert run_to_end(CONFIG, storage) == "done"
    found = sorted_rows(storage, volatile=True)
    assert found["trials"][0]["attempt"] == 5
    for name in TABLES:
        again = sorted((drop(row, name) for row in found[name]), key=repr)
        assert again == sorted((drop(row, name) for row in tables[name]), key=repr)


def test_with_the_newest_checkpoint_damaged_the_older_one_continues(
    tmp_path: Path, tables, caplog: pytest.LogCaptureFixture
) -> None:
    storage = Storage.at(str(tmp_path))
    interrupt(CONFIG, storage, 3)
    newest = Path(storage.path(max(storage.files("checkpoints"))))
    newest.write_bytes(newest.read_bytes()[:-1])
    assert run_to_end(CONFIG, storage) == "done"
    assert str(newest) in caplog.text
    found = sorted_rows(storage)
    for name in TABLES:
        assert found[name] == sorted((drop(row, name) for row in tables[name]), key=repr)


def test_with_a_part_damaged_the_trial_goes_back_to_before_it(tmp_path: Path, tables) -> None:
    storage = Storage.at(str(tmp_path))
    interrupt(CONFIG, storage, 3)
    part = Path(storage.path(max(storage.files("layers"))))
    part.unlink()
    assert run_to_end(CONFIG, storage) == "done"
    found = sorted_rows(storage)
    for name in TABLES:
        assert found[name] == sorted((drop(row, name) for row in tables[name]), key=repr)


def test_a_trial_s_rows_do_not_depend_on_the_trial_before_it(tmp_path: Path, tables) -> None:
    storage = Storage.at(str(tmp_path))
    run_to_end(CONFIG.with_overrides({"seed": 5, "model.name": "mlp"}), storage)
    run_to_end(CONFIG, storage)
    found = sorted_rows(storage)
    for name in TABLES:
        mine = [row for row in found[name] if row["trial_id"] == NAME]
        assert mine == sorted((drop(row, name) for row in tables[name]), key=repr)


# --- diverged and failed


def diverging(norm: str = "none") -> TrialConfig:
    return CONFIG.with_overrides({"optim.lr": 1e6, "model.norm": norm, "model.name": "mlp"})


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_a_diverged_trial_ends_with_its_last_finite_rows(norm: str, tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    config = diverging(norm).with_overrides({"optim.lr": 1e30})
    assert run_to_end(config, storage) == "diverged"
    found = sorted_rows(storage, volatile=True)
    (row,) = found["trials"]
    assert row["status"] == "diverged"
    assert "is not finite" in row["error"]
    assert row["test_loss"] is row["test_accuracy"] is None
    last = max(found["epochs"], key=lambda r: r["epoch"])
    assert row["epochs"] == last["epoch"] < 4
    assert row["val_loss"] == last["val_loss"]
    assert all(math.isfinite(value) for value in numbers(found))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("rate", [1e4, 1e12, 1e19, 1e25])
def test_no_explosion_leaves_nan_or_infinity_in_a_table(
    rate: float, norm: str, activation: str, tmp_path: Path
) -> None:
    storage = Storage.at(str(tmp_path))
    config = diverging(norm).with_overrides({"optim.lr": rate, "model.activation": activation})
    assert run_to_end(config, storage) in ("done", "diverged")
    assert all(math.isfinite(value) for value in numbers(sorted_rows(storage, volatile=True)))


def test_diverged_after_an_interruption_equals_diverged(tmp_path: Path) -> None:
    whole, broken = Storage.at(str(tmp_path / "a")), Storage.at(str(tmp_path / "b"))
    assert run_to_end(diverging(), whole) == "diverged"
    interrupt(diverging(), broken, 0)
    assert run_to_end(diverging(), broken) == "diverged"
    assert sorted_rows(broken) == sorted_rows(whole)


@pytest.mark.parametrize("why", ["model", "device", "data"])
def test_a_failing_trial_commits_its_traceback_and_no_rows(
    why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, options, config = Storage.at(str(tmp_path)), {}, CONFIG
    if why == "model":
        monkeypatch.setattr("nvp.training.build.build_model", lambda *a, **k: 1 / 0)
    elif why == "device":
        options["device"] = "hpu"
    else:
        options["data_root"] = tmp_path / "nowhere"
        config = CONFIG.with_overrides({"data.name": "cifar10"})
    assert run_to_end(config, storage, **options) == "failed"
    found = sorted_rows(storage, volatile=True)
    (row,) = found["trials"]
    assert row["status"] == "failed"
    assert "Traceback" in row["error"]
    assert row["val_loss"] is None
    assert json.loads(row["config"]) == flatten_config(config)
    assert not any(found[name] for name in TABLES if name != "trials")


def test_a_trial_that_fails_midway_is_continued_and_equals_unbroken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tables
) -> None:
    storage = Storage.at(str(tmp_path))
    with monkeypatch.context() as patch:

        def fail_at_three(name: str, record: EpochRecord) -> pa.Table:
            if record.epoch == 3:
                raise OSError("no space left")
            return layer_rows(name, record)

        patch.setattr("nvp.trial.attempt.layer_rows", fail_at_three)
        assert run_to_end(CONFIG, storage) == "failed"
    (row,) = sorted_rows(storage, volatile=True)["trials"]
    assert row["error"].strip().endswith("OSError: no space left")
    assert storage.files("checkpoints"), "a failed trial keeps them"
    assert run_to_end(CONFIG, storage) == "done"
    found = sorted_rows(storage)
    for name in TABLES:
        assert found[name] == sorted((drop(row, name) for row in tables[name]), key=repr)
    assert len(storage.files("trials")) == 1, "the failed row is still there"


def test_the_driver_commits_what_a_dead_process_could_not(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    interrupt(CONFIG, storage, 2)
    commit_lost(CONFIG, storage, "killed")
    row = read_index(storage).rows[NAME]
    assert (row["status"], row["error"], row["attempt"]) == ("failed", "killed", 2)
    assert run_to_end(CONFIG, storage) == "done"
    assert read_index(storage).rows[NAME]["attempt"] == 3


# --- damage
HOW = ["truncated", "emptied", "flipped", "deleted"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with two finished trials."""
    place = tmp_path_factory.mktemp("two")
    for seed in (0, 1):
        assert run_to_end(CONFIG.with_overrides({"seed": seed, "epochs": 2}), at(place)) == "done"
    return place


def at(place: Path) -> Storage:
    return open_study(str(place), "study", "quick")


@pytest.fixture
def two(template: Path, tmp_path: Path) -> Storage:
    """A copy of it, to damage."""
    shutil.copytree(template, tmp_path / "copy")
    return at(tmp_path / "copy")


def plan_of(index: Index) -> Plan:
    configs = [CONFIG.with_overrides({"seed": seed, "epochs": 2}) for seed in (0, 1)]
    return Plan(Design(base=CONFIG, space={}), {trial_id(c): c for c in configs})


def damage(storage: Storage, table: str, trial: str, how: str) -> Path:
    """Damage the first file of a trial in a table; return it."""
    file = Path(storage.path(min(storage.files(f"{table}/{trial}"))))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    if how == "deleted":
        file.unlink()
    else:
        changed = {"truncated": content[:-9], "emptied": b"", "flipped": content}
        file.write_bytes(changed[how])
    return file


@pytest.mark.one_in(2)
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("table", TABLES)
def test_a_damaged_file_is_named_and_the_other_trial_is_read(
    table: str, how: str, two: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    healthy, hurt = sorted(read_index(two).rows)
    before = sorted_rows(two)
    file = damage(two, table, hurt, how)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        index = read_index(two)
    assert set(index.rows) == {healthy}
    assert read_state(plan_of(index), index).missing == [hurt]
    if (table, how) != ("trials", "deleted"):  # of a row that is gone nothing can be said
        assert str(file) in caplog.text
        assert index.damaged == {hurt}
    assert healthy not in caplog.text
    whole = {name: [r for r in rows if r["trial_id"] == healthy] for name, rows in before.items()}
    for name in TABLES:
        mine = read_table(index, name, [healthy]).drop_columns(VOLATILE[name]).to_pylist()
        assert sorted(mine, key=repr) == whole[name]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("table", "how"), in_turn(TABLES, HOW))
def test_a_damaged_trial_runs_again(table: str, how: str, two: Storage) -> None:
    hurt = max(read_index(two).rows)
    before = sorted_rows(two)
    damage(two, table, hurt, how)
    assert run_to_end(plan_of(read_index(two)).trials[hurt], two) == "done"
    assert sorted_rows(two) == before
    assert not read_index(two).damaged


def test_reading_leaves_out_a_part_damaged_since_the_index(two: Storage, caplog) -> None:
    index = read_index(two)
    hurt = min(index.rows)
    file = Path(two.path(min(two.files(f"layers/{hurt}"))))  # epoch 0
    file.write_bytes(file.read_bytes()[:-1])
    rows = read_table(index, "layers").to_pylist()
    expected = {(trial, epoch) for trial in index.rows for epoch in range(3)} - {(hurt, 0)}
    assert {(row["trial_id"], row["epoch"]) for row in rows} == expected
    assert str(file) in caplog.text


# --- parts, attempts, commit


def rows(epochs: list[int], table: str = "epochs", trial: str = "t", **columns: Any) -> pa.Table:
    return rows_from_columns(table, trial, {"epoch": epochs} | columns)


def flush(writer: TrialWriter, *epochs: int) -> None:
    writer.add("epochs", rows(list(epochs), step=[10 * writer.attempt] * len(epochs)))
    writer.flush()


def seen(storage: Storage, trial: str = "t") -> list[tuple[int, int]]:
    table = read_table(read_index(storage), "epochs", [trial]).to_pylist()
    return [(row["epoch"], row["step"]) for row in table]


@pytest.fixture
def empty(tmp_path: Path) -> Storage:
    return Storage.at(str(tmp_path))


def test_parts_without_a_row_are_of_a_running_trial(empty: Storage) -> None:
    flush(TrialWriter(empty, "t", 1), 0, 1)
    index = read_index(empty)
    assert index.rows == {}
    assert index.running == ["t"]
    assert seen(empty) == [(0, 10), (1, 10)]
    assert len(read_table(index, "trials")) == 0


def test_of_a_running_trial_the_newer_attempt_replaces_what_it_did_again(empty: Storage) -> None:
    first = TrialWriter(empty, "t", 1)
    flush(first, 0, 1)
    flush(first, 2, 3)
    flush(first, 4, 5)
    flush(TrialWriter(empty, "t", 2), 2, 3, 4)
    assert seen(empty) == [(0, 10), (1, 10), (2, 20), (3, 20), (4, 20)]


@pytest.mark.parametrize("attempt", [1, 2])
def test_rows_that_were_held_hide_no_other_rows_of_a_running_trial(
    attempt: int, empty: Storage
) -> None:
    where = {"layer": "conv1", "neuron": 0}
    writer = TrialWriter(empty, "t", 1)
    writer.add("epochs", rows([6, 7, 8]))
    writer.add("neurons", rows([6], "neurons", **where))
    writer.add("neurons", rows([8], "neurons", **where))
    writer.flush()  # a checkpoint at epoch 8
    writer = TrialWriter(empty, "t", attempt, writer.manifest)
    writer.held = rows([7], "neurons", **where)  # the last pruning turned out to be at 7
    writer.release()
    writer.add("epochs", rows([9]))
    writer.add("neurons", rows([9], "neurons", **where))
    writer.flush()
    table = read_table(read_index(empty), "neurons", ["t"]).to_pylist()
    assert sorted(row["epoch"] for row in table) == [6, 7, 8, 9]


def test_a_row_makes_its_manifest_what_is_seen(empty: Storage) -> None:
    flush(TrialWriter(empty, "t", 1), 0, 1)
    writer = TrialWriter(empty, "t", 2)
    writer.add("epochs", rows([5], step=7))
    writer.commit({"status": "done"})
    index = read_index(empty)
    assert index.running == []
    assert index.rows["t"]["status"] == "done"
    assert seen(empty) == [(5, 7)]
    names = list_visible_parts(index, "epochs", "t")
    assert names == [n for n in empty.files("epochs") if n.split("/")[2] == "2"]


def test_a_commit_deletes_the_older_rows(empty: Storage) -> None:
    for attempt, status in enumerate(("failed", "failed", "done"), start=1):
        TrialWriter(empty, "t", attempt).commit({"status": status})
        assert len(empty.files("trials/t")) == 1
        row = read_index(empty).rows["t"]
        assert (row["status"], row["attempt"]) == (status, attempt)


def test_of_two_rows_the_newer_attempt_holds_also_from_ten_on(empty: Storage) -> None:
    for attempt in (9, 10):
        older = dict(empty.files("trials/t"))
        kept = {name: empty.read(name) for name in older}
        TrialWriter(empty, "t", attempt).commit({"status": "done", "epochs": attempt})
        for name, content in kept.items():  # as if the process had died before the deletion
            empty.write(name, content)
    assert len(empty.files("trials/t")) == 2
    assert read_index(empty).rows["t"]["epochs"] == 10


def test_the_next_attempt_is_after_all_that_left_something(empty: Storage) -> None:
    assert find_next_attempt(empty, "t") == 1
    flush(TrialWriter(empty, "t", 1), 0)
    flush(TrialWriter(empty, "other", 7), 0)
    assert find_next_attempt(empty, "t") == 2
    TrialWriter(empty, "t", 11).commit({"status": "failed"})
    assert find_next_attempt(empty, "t") == 12


def test_a_column_that_an_old_part_lacks_reads_as_null(empty: Storage) -> None:
    writer = TrialWriter(empty, "t", 1)
    flush(writer, 0)
    old = rows([1], step=5).drop_columns(["srank", "val_loss"])
    content = encode_rows(old)
    name = seal_name("epochs/t/1/00001-00001", "arrow", content)
    empty.write(name, content)
    writer.manifest[name] = len(content)
    writer.commit({"status": "done"})
    table = read_table(read_index(empty), "epochs")
    assert table.schema.equals(TABLES["epochs"])
    assert [(r["epoch"], r["srank"], r["val_loss"]) for r in table.to_pylist()] == [
        (0, None, None),
        (1, None, None),
    ]
    assert table["step"].to_pylist() == [10, 5]


def test_a_column_that_the_schema_no_longer_has_is_left_out(empty: Storage) -> None:
    content = encode_rows(rows([0], step=1).append_column("gone", pa.array([1.0])))
    name = seal_name("epochs/t/1/00000-00000", "arrow", content)
    empty.write(name, content)
    assert read_table(read_index(empty), "epochs").schema.names == TABLES["epochs"].names


@pytest.mark.one_in(2)
@pytest.mark.parametrize("table", [name for name in TABLES if name != "trials"])
def test_encoded_rows_decode_to_themselves(table: str) -> None:
    columns = {"layer": "conv1", "neuron": [0, 1]} if table in ("neurons", "events") else {}
    one = rows_from_columns(table, "t", {"epoch": [3, 3]} | columns)
    assert decode_rows(encode_rows(one)).to_pylist() == one.to_pylist()


def test_rows_are_of_the_columns_of_their_table() -> None:
    with pytest.raises(AssertionError, match="epochs has no columns"):
        rows_from_columns("epochs", "t", {"epoch": [0], "los": [1.0]})
    with pytest.raises(AssertionError, match="of lengths"):
        rows_from_columns("epochs", "t", {"epoch": [0, 1], "step": [1]})
    scalar = rows_from_columns("epochs", "t", {"epoch": [0, 1], "step": 5}).to_pylist()
    assert [(r["trial_id"], r["step"], r["lr"]) for r in scalar] == [("t", 5, None)] * 2


def test_only_what_is_asked_for_is_read(two: Storage) -> None:
    index = read_index(two)
    one = min(index.rows)
    for name in TABLES:
        found = read_table(index, name, [one]).to_pylist()
        assert {row["trial_id"] for row in found} == {one}
    assert len(read_table(index, "epochs", [])) == 0
    assert len(read_table(replace(index, rows={}, parts={}), "epochs")) == 0


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "method",
    [
        *("dnr", "rigl", "nn_relief_rewind", "early_bird", "ds", "sfp"),
        *(
            pytest.param(method, marks=pytest.mark.minutes)
            for method in ("dnr_budget", "set", "early_crop", "taylor", "demp", "gmp")
        ),
    ],
)
def test_a_method_that_remembers_continues_as_if_unbroken(method: str, tmp_path: Path) -> None:
    quiet = {"epochs": 6, "optim.lr": 0.05, "optim.noise": 0.0, "data.images": 160}
    pruning = {"prune.method": method, "prune.start": 0.1, "prune.rounds": 2}
    config = CONFIG.with_overrides(quiet | pruning)
    unbroken, broken = (Storage.at(str(tmp_path / name)) for name in ("unbroken", "broken"))
    assert run_to_end(config, unbroken) == "done"
    for epoch in (1, 3, 4):
        interrupt(config, broken, epoch)
    assert run_to_end(config, broken) == "done"
    assert sorted_rows(broken) == sorted_rows(unbroken)
