"""Every method runs as a study does: planned on the driver, trained, and written to the tables."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
import torch

from nvp.pruning import METHODS
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.study_folder import open_study
from nvp.study.study import main
from tests.conftest import SCRIPT, run_study

torch.set_num_threads(1)
SETTINGS = {
    "epochs": "5",
    "data.images": "256",
    "optim.lr": "0.02",
    "optim.noise": "0.0",
    "probe.size": "64",
    "data.batch_size": "128",
    "model.width": "0.25",
}


def arguments(place: Path, method: str) -> list[str]:
    settings = SETTINGS | {"prune.method": method}
    if METHODS[method].aim == "target":  # the others would refuse a setting that they do not read
        settings["prune.sparsity"] = "0.6"
    flat = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    return ["--preset", "quick", "--seeds", "1", "--no-ray", "--storage", str(place), *flat]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_on_digits_through_the_study(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(SCRIPT)])
    spec = importlib.util.spec_from_file_location("sgd_noise", SCRIPT)
    assert spec
    assert spec.loader
    study = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(study)
    with pytest.raises(SystemExit) as ended:
        main(study.STUDY, arguments(tmp_path, method))
    assert ended.value.code == 0
    index = read_index(open_study(str(tmp_path), "sgd_noise", "quick"))
    (row,) = index.rows.values()
    assert row["status"] == "done"
    assert json.loads(row["config"])["prune.method"] == method
    epochs = read_table(index, "epochs").to_pylist()
    assert [epoch["epoch"] for epoch in epochs] == list(range(6))
    events = read_table(index, "events").to_pylist()
    units = [e for e in events if e["event"] == "pruned"]
    weights = [e for e in events if e["event"] == "weights_pruned"]
    if METHODS[method].granularity == "weight":
        assert row["weight_sparsity"] > 0.3
        assert sum(e["count"] for e in weights) >= row["masked_weights"] * 0.5
        assert all(e["neuron"] is None for e in weights)
    elif METHODS[method].aim == "target" and METHODS[method].schedule != "zero_at_init":
        assert row["masked_units"] == int(0.6 * row["units"])
        assert units
    assert {e["cause"] for e in units + weights} <= {method, f"{method} at the latest"}


def test_a_method_runs_from_the_command_line(tmp_path: Path) -> None:
    ended = run_study(
        tmp_path, *arguments(tmp_path, "early_snap")[:5], *arguments(tmp_path, "early_snap")[7:]
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 of 1 trials done" in ended.stdout
