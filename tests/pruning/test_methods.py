"""Every method runs as a study does: planned on the driver, trained, and written to the tables."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from nvp.config.space import grid
from nvp.planning.design import Design
from nvp.pruning import METHODS
from nvp.storage.index import Index, read_index
from nvp.storage.reader import read_table
from nvp.storage.study_folder import open_study
from nvp.study.study import Study
from studies import sgd_noise
from tests.conftest import run_study
from tests.in_process import run_main

torch.set_num_threads(1)
SETTINGS = {
    "epochs": 5,
    "data.images": 256,
    "optim.lr": 0.02,
    "optim.noise": 0.0,
    "probe.size": 64,
    "data.batch_size": 128,
    "model.width": 0.25,
}
TARGETS = tuple(name for name, method in METHODS.items() if method.aim == "target")
DESIGN = Design(
    base=sgd_noise.STUDY.quick.base.with_overrides(SETTINGS),
    space={
        "prune.method": grid(*METHODS),
        "prune.sparsity": grid(0.6, when={"prune.method": TARGETS}),
    },
    seeds=1,
)
STUDY = Study(name="every_method", paper=DESIGN, quick=DESIGN)
Found = tuple[Index, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Return the index of one study of all methods, and {method: its row}."""
    place = tmp_path_factory.mktemp("methods")
    ended = run_main(STUDY, place, "--preset", "quick", "--no-ray")
    index = read_index(open_study(str(place), STUDY.name, "quick"))
    rows = {json.loads(row["config"])["prune.method"]: row for row in index.rows.values()}
    assert rows.keys() == METHODS.keys(), ended.stdout + ended.stderr
    return index, rows


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_on_digits_through_the_study(method: str, found: Found) -> None:
    index, rows = found
    row = rows[method]
    assert row["status"] == "done", row["error"]
    own = [row["trial_id"]]
    epochs = read_table(index, "epochs", own).to_pylist()
    assert [epoch["epoch"] for epoch in epochs] == list(range(6))
    events = read_table(index, "events", own).to_pylist()
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
    settings = SETTINGS | {"prune.method": "early_snap"}
    flat = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    ended = run_study(tmp_path, "--preset", "quick", "--seeds", "1", "--no-ray", *flat)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 of 1 trials done" in ended.stdout
