"""Heads of attention in the tables: rows of their own, no neurons, and in no figure of neurons."""

from pathlib import Path
from typing import Any

import pytest
import torch

import nvp
from nvp.analysis.frames.load import StudyFrames, load
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.study.study import Study
from tests.in_process import run_main
from tests.network.attention import for_digits

torch.set_num_threads(1)
PATH = "forward#heads"
SETTINGS: dict[str, Any] = {
    "model.name": "tests.network.attention:for_digits",
    "epochs": 2,
    "data.name": "digits",
    "data.images": 64,
    "probe.size": 32,
    "prune.method": "magnitude",
    "prune.end": 0.5,
}


@pytest.fixture(scope="module", params=["trial", "monitor"])
def frames(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> StudyFrames:
    """Return the tables of a study of one trial, by our loop and by somebody else's."""
    place = tmp_path_factory.mktemp(request.param)
    if request.param == "monitor":
        write_monitored(place)
        return load(str(place), "heads", "monitor")
    base = TrialConfig().with_overrides(SETTINGS)
    design = Design(base=base, space={}, seeds=1)
    study = Study(name="heads", paper=design, quick=design)
    ended = run_main(study, place, "--preset", "quick", "--no-ray")
    assert ended.returncode == 0, ended.stderr
    return load(str(place), "heads", "quick")


def write_monitored(place: Path) -> None:
    torch.manual_seed(0)
    images = torch.randn(32, 1, 8, 8)
    monitor = nvp.Monitor(for_digits(10), images, study="heads", storage=place)
    for epoch in range(3):
        monitor.observe(epoch)
    monitor.finish()


def test_each_attention_has_a_row_at_each_epoch(frames: StudyFrames) -> None:
    rows = frames.heads
    assert rows["layer"].tolist() == [PATH] * 3
    assert rows["epoch"].tolist() == [0, 1, 2]
    assert set(rows["depth"]) == {1}  # after all layers of neurons
    assert (rows["dense"] == 2).all()
    assert (rows["kept"] == 2).all()
    assert rows["dead"].isna().all()
    assert rows["dormant_0025"].notna().all()
    assert (rows["weight_norm"] > 0).all()
    assert (rows["mean_abs"] > 0).all()


def test_heads_are_no_neurons(frames: StudyFrames) -> None:
    assert frames.trials["neurons"].tolist() == [6]
    assert frames.trials["units"].tolist() == [6]
    assert set(frames.layers["layer"]) == set(frames.neurons["layer"]) == {"forward"}
    assert set(frames.layers["site"]) == {"internal"}
    assert PATH not in set(frames.events["layer"])
    every = frames.table("neurons")
    assert sorted(every.loc[every["layer"] == PATH, "neuron"].unique()) == [0, 1]
