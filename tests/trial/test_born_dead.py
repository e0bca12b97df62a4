"""Born dead is not died: the columns of `layers` that tell them apart, by hand and in a trial."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nvp.config.trial_config import TrialConfig
from nvp.network.neuron_layer import NeuronLayer
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.testing.tiny import activity_of
from nvp.training.life_counts import count_changes
from nvp.training.record import record_layer
from tests.trials import run_to_end

torch.set_num_threads(1)
STATES = torch.tensor([[1, 0, 0, 1], [0, 0, 1, 1], [1, 1, 1, 1]])  # of three neurons; 1 is dead
BY_HAND = [{"born_dead": 2}, {"died": 0, "revived": 1}, {"died": 1, "revived": 0},
           {"died": 1, "revived": 0}]  # fmt: skip


def outputs(dead: Tensor) -> Tensor:
    """Return what neurons put out on two images, 0 where they are dead."""
    return torch.tensor([[0.5], [1.0]]) * (1.0 - dead.float())


def test_counts_are_those_of_the_case_by_hand() -> None:
    layer = NeuronLayer(nn.Linear(2, 3), None, nn.ReLU())
    was_dead, found = torch.zeros(3, dtype=torch.bool), []
    for epoch, dead in enumerate(STATES.T):
        record = record_layer("hidden", layer, activity_of(outputs(dead)), was_dead)
        found.append(count_changes(record, epoch))
        was_dead = record.dead
    assert found == BY_HAND
    total = sum(
        one.get("born_dead", 0) + one.get("died", 0) - one.get("revived", 0) for one in found
    )
    assert total == int(was_dead.sum()) == 3


@pytest.mark.parametrize("every", [1, 2])
def test_dead_is_born_dead_and_died_less_revived_at_each_point(tmp_path: Path, every: int) -> None:
    settings = {"epochs": 6, "optim.lr": 0.5, "optim.noise": 1.0, "data.images": 128}
    settings |= {"model.name": "mlp", "model.norm": "none", "probe.size": 64, "probe.every": every}
    storage = Storage.at(str(tmp_path))
    assert run_to_end(TrialConfig().with_overrides(settings), storage) == "done"
    table = read_table(read_index(storage), "layers").to_pylist()
    layers: dict[str, int] = {}
    for row in sorted(table, key=lambda row: row["epoch"]):
        assert (row["born_dead"] is None) is (row["epoch"] > 0)
        assert (row["died"] is None) is (row["revived"] is None) is (row["epoch"] == 0)
        change = (row["born_dead"] or 0) + (row["died"] or 0) - (row["revived"] or 0)
        layers[row["layer"]] = layers.get(row["layer"], 0) + change
        assert row["dead"] == layers[row["layer"]], row
    assert sum(row["died"] or 0 for row in table) > 5
    assert sum(row["revived"] or 0 for row in table) > 0
    assert sum(row["born_dead"] or 0 for row in table) > 0
