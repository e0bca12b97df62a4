"""The trackers themselves, for real: what is written is read back by their own readers.

TensorBoard by its event reader, MLflow by a server on loopback with SQLite, Weights & Biases by its
own records out of the file of an offline run. `make test-all` installs them.
"""

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mlflow_server import QUIET, find_port, serve
from nvp.__main__ import main
from nvp.storage.index import read_index
from nvp.trackers.read_runs import read_runs
from nvp.trackers.tracked_study import TrackedStudy
from nvp.trackers.trial_run import TrialRun
from tests.trackers.tracked import STUDY, run

pytestmark = [
    pytest.mark.minutes,
    pytest.mark.filterwarnings("ignore"),  # what the trackers' packages warn of is not ours
]
PLACE = ["tracked", "--preset", "quick", "--storage", "results"]


@pytest.fixture
def runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, TrialRun]:
    """Return the runs of the study, which is run in the current folder."""
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run(folder / "results")
    study = TrackedStudy("results", STUDY.name, "quick")
    index = read_index(study.storage)
    return {run.trial_id: run for some in read_runs(study, index, list(index.rows)) for run in some}


def export(to: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Export the study; return what was printed."""
    capsys.readouterr()
    assert main(["export-runs", *PLACE, "--to", to]) == 0
    return capsys.readouterr().out


def change_a_trial(folder: Path, trial: str) -> None:
    """Run a trial again, so that its row is another one."""
    import shutil

    shutil.rmtree(folder / "results/tracked/quick/trials" / trial)
    run(folder / "results")


def test_tensorboard_reads_the_event_files(
    folder: Path, runs: dict[str, TrialRun], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "4 new" in export("tensorboard", capsys)
    reader = import_module("tensorboard.backend.event_processing.plugin_event_multiplexer")
    hparams = import_module("tensorboard.plugins.hparams.metadata")
    shown = reader.EventMultiplexer().AddRunsFromDirectory(
        str(folder / "results/tracked/quick/tensorboard")
    )
    shown.Reload()
    assert set(shown.Runs()) == {*runs, "."}
    for trial, one in runs.items():
        found = shown.GetAccumulator(trial)
        for name, curve in one.curves.items():
            points = [
                (p.step, pytest.approx(p.tensor_proto.float_val[0])) for p in found.Tensors(name)
            ]
            assert curve == points, name
        content = found.SummaryMetadata(hparams.SESSION_START_INFO_TAG).plugin_data.content
        start = hparams.parse_session_start_info_plugin_data(content)
        assert start.hparams["optim.lr"].number_value == one.parameters["optim.lr"]
        (text,) = found.Tensors("nvp/command")
        assert one.command in text.tensor_proto.string_val[0].decode()
    content = shown.SummaryMetadata(".", hparams.EXPERIMENT_TAG).plugin_data.content
    experiment = hparams.parse_experiment_plugin_data(content)
    assert [info.name for info in experiment.hparam_infos] == ["optim.lr", "seed"]
    change_a_trial(folder, next(iter(runs)))
    assert "0 new, 1 replaced, 3 unchanged" in export("tensorboard", capsys)
    files = list((folder / "results/tracked/quick/tensorboard").glob("*/events.*"))
    assert len(files) == 4


def test_mlflow_on_a_server_has_each_trial_once(
    folder: Path, runs: dict[str, TrialRun], capsys: pytest.CaptureFixture[str]
) -> None:
    client_of: Any = import_module("mlflow.tracking").MlflowClient
    with serve(folder / "server") as uri:
        assert "4 new" in export(f"mlflow={uri}", capsys)
        assert "0 new, 0 replaced, 4 unchanged" in export(f"mlflow={uri}", capsys)
        changed = next(iter(runs))
        change_a_trial(folder, changed)
        assert "0 new, 1 replaced, 3 unchanged" in export(f"mlflow={uri}", capsys)
        client = client_of(uri)
        experiment = client.get_experiment_by_name("tracked/quick")
        found = {
            r.data.tags["nvp.trial_id"]: r for r in client.search_runs([experiment.experiment_id])
        }
        assert set(found) == set(runs)
        for trial, one in runs.items():
            data, info = found[trial].data, found[trial].info
            assert (info.status, info.run_name) == ("FINISHED", one.label)
            assert data.params["optim.lr"] == str(one.parameters["optim.lr"])
            assert set(data.params) == set(one.parameters)
            assert data.tags["nvp.command"] == one.command
            assert data.tags["nvp.commit"] == one.tags["commit"]
            if trial == changed:
                continue
            assert data.metrics["end/test_accuracy"] == one.outcomes["test_accuracy"]
            for name, curve in one.curves.items():
                history = client.get_metric_history(info.run_id, name)
                assert sorted((p.step, p.value) for p in history) == curve, name


def test_mlflow_follows_a_study_and_may_go_away(
    folder: Path, runs: dict[str, TrialRun], capsys: pytest.CaptureFixture[str]
) -> None:
    gone = f"mlflow=http://127.0.0.1:{find_port()}"
    before = (folder / "results/tracked/quick/study.json").read_bytes()
    with pytest.raises(ValueError, match="expected MLflow to answer at http") as refused:
        run(folder / "results", seeds=3, track=gone)
    assert "\n" not in str(refused.value)
    assert (folder / "results/tracked/quick/study.json").read_bytes() == before
    database = f"mlflow=sqlite:///{folder}/mlflow.db"
    frames = run(folder / "results", seeds=3, track=database)
    assert len(frames.trials) == 6
    assert "0 new, 0 replaced, 6 unchanged" in export(database, capsys)


def test_wandb_offline_writes_a_file_a_trial(
    folder: Path, runs: dict[str, TrialRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    export_wandb(folder, "4 new, 0 replaced, 0 unchanged")
    export_wandb(folder, "0 new, 0 replaced, 4 unchanged")
    changed = next(iter(runs))
    change_a_trial(folder, changed)
    export_wandb(folder, "0 new, 1 replaced, 3 unchanged")
    files = {
        path.name.removeprefix("run-").partition("-")[0]: path
        for path in (folder / "results/tracked/quick/wandb").glob("offline-run-*/*.wandb")
    }
    assert set(files) == set(runs)
    for trial, one in runs.items():
        if trial == changed:
            continue
        curves: dict[str, list[tuple[int, float]]] = {}
        for record in read_records(files[trial]):
            kind = record.WhichOneof("record_type")
            if kind == "run":
                assert (record.run.run_id, record.run.project) == (
                    f"{trial}-{one.fingerprint}",
                    "tracked",
                )
                assert (record.run.display_name, record.run.notes) == (one.label, one.command)
                config = {
                    item.key: json.loads(item.value_json) for item in record.run.config.update
                }
                assert config["optim.lr"] == one.parameters["optim.lr"]
                assert config["nvp/commit"] == one.tags["commit"]
            elif kind == "history":
                row = {
                    item.key or ".".join(item.nested_key): json.loads(item.value_json)
                    for item in record.history.item
                }
                for name in one.curves.keys() & row.keys():
                    curves.setdefault(name, []).append((row["epoch"], row[name]))
        assert curves == {name: [*curve] for name, curve in one.curves.items()}


def export_wandb(folder: Path, expected: str) -> None:
    """Export in a process of its own: wandb leaves threads and hooks behind."""
    command = [sys.executable, "-m", "nvp", "export-runs", *PLACE, "--to", "wandb"]
    ended = subprocess.run(
        command, cwd=folder, env=os.environ | QUIET, capture_output=True, text=True
    )
    assert expected in ended.stdout, ended.stdout + ended.stderr


def read_records(path: Path) -> Iterator[Any]:
    """Yield the records of a file of wandb: a head of 7 bytes, then a log of blocks of 32 KiB.

    A piece of a record has 4 bytes of checksum, 2 of length and 1 of kind: 1 whole, 2 first,
    3 middle, 4 last. A block ends in zeros where no head of a piece fits in any more.
    """
    record = import_module("wandb.proto.wandb_internal_pb2").Record
    content, at, whole = path.read_bytes(), 7, b""
    assert content[:4] == b":W&B"
    while at + 7 <= len(content):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", content[at : at + 7])
        whole += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield record.FromString(whole)
            whole = b""
