"""Published numbers beside trials of the published presets, made by hand."""

from typing import Any

import pandas as pd
import pytest

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.bars import judge_bars
from nvp.analysis.reproduction.imagenet import compare_imagenet
from nvp.analysis.reproduction.published import compare_accuracies, measure_accuracies
from tests.analysis.made_frames import make_frames

WHOLE = {"status": "done", "model.width": 1.0, "data.images": 0, "length": "fixed epochs"}


def study(name: str, rows: list[dict[str, Any]], layers: pd.DataFrame | None = None) -> StudyFrames:
    """Return frames of the preset paper with these trials and layers."""
    trials = pd.DataFrame([WHOLE | {"trial_id": str(i)} | row for i, row in enumerate(rows)])
    frames = make_frames(trials, swept=[], name=name, preset="paper")
    if layers is not None:
        frames.__dict__["layers"] = layers
    return frames


def snap(seed: int, accuracy: float, **more: object) -> dict[str, Any]:
    row = {"prune.method": "snap", "prune.sparsity": 0.5, "seed": seed, "test_accuracy": accuracy}
    return row | more


def test_an_accuracy_stands_beside_its_published_one() -> None:
    ran = study("neuron_sparsity", [snap(0, 0.91), snap(1, 0.91), snap(2, 0.5, status="failed")])
    table = "ResNet-18, CIFAR-10, neuron sparsity"
    assert measure_accuracies([ran], table, "snap")[0.5]["mean"] == pytest.approx(0.91)
    assert measure_accuracies([ran], table, "random") == {}
    assert (
        measure_accuracies([ran], "ResNet-18 with LeakyReLU, CIFAR-10, neuron sparsity", "snap")
        == {}
    )
    (row,) = [row for row in compare_accuracies([ran])[0]["rows"] if row["run"] == "snap"]
    assert row["cells"][0] == "0.920 / 0.910 [0.910, 0.910]"
    assert row["verdict"] == "contradicted"
    thin = study("neuron_sparsity", [snap(0, 0.91, **{"model.width": 0.25})])
    assert measure_accuracies([thin], table, "snap") == {}


def test_imagenet_is_relative_to_the_dense_network() -> None:
    def row(method: str, seed: int, **more: float) -> dict[str, Any]:
        usual = {"weight_sparsity": 0.814, "flops": 100, "prune.sparsity": 0.8}
        return {"prune.method": method, "seed": seed} | usual | more

    dense = {"seconds": 200.0, "flops_left": 100, "test_accuracy": 0.76, "sparsity": 0.0}
    pruned = {"seconds": 100.0, "flops_left": 32, "test_accuracy": 0.5, "sparsity": 0.369}
    rows = [row(m, seed, **r) for seed in (0, 1) for m, r in (("none", dense), ("snap", pruned))]
    shown = compare_imagenet([study("imagenet", rows)])
    (first,) = [row for row in shown["rows"] if row["run"] == "snap" and row["target"] == "80%"]
    cells = dict(zip(shown["heads"], first["cells"], strict=True))
    assert cells["time"] == "0.5100 / 0.5000 [0.5000, 0.5000]"
    assert cells["inference operations"] == "0.3200 / 0.3200 [0.3200, 0.3200]"
    assert cells["train operations"] == "0.3200 / –"
    assert first["verdict"] == "of 5: 4 reproduced, 1 contradicted"


def test_dead_neurons_are_counted_over_the_layers_at_the_end() -> None:
    usual = {"prune.method": "none", "optim.lr": 0.1, "optim.l1": 0.0}
    layers = pd.DataFrame(
        [("0", 0, 0, 9), ("0", 1, 0, 1000), ("0", 1, 0, 674), ("1", 1, 1, 1674)],
        columns=pd.Index(["trial_id", "epoch", "seed", "dead"]),
    )
    ran = study("learning_rate", [usual | {"seed": 0}, usual | {"seed": 1}], layers)
    (row,) = [row for row in judge_bars([ran]) if row["level"] == "learning rate 0.1"]
    assert (row["ours"], row["verdict"]) == ("1,674 [1,674, 1,674]", "reproduced")
