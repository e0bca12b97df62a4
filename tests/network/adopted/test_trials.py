"""Trials of an adopted network: every method, and checkpoints that go on exactly."""

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.config.trial_config import TrialConfig
from nvp.data.splits import Images, Splits
from nvp.network.adopted.adopted import Adopted
from nvp.network.adopting.anatomy import Anatomy
from nvp.network.adopting.finding import find_anatomy
from nvp.network.groups import neuron_layers
from nvp.network.train_state import TrainState
from nvp.pruning import METHODS, check_support, plan_pruning
from nvp.storage.store import Storage
from nvp.training.loop import train
from nvp.training.optim import build_optimizer
from nvp.training.record import EpochRecord
from nvp.trial.rows import epoch_rows, event_rows, layer_rows, neuron_rows
from tests.continuing import check_continued
from tests.in_turn import in_turn

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)
SETTINGS = {
    "epochs": 3,
    "data.batch_size": 32,
    "optim.lr": 0.1,
    "optim.noise": 0.1,
    "prune.start": 0.0,
    "prune.end": 0.5,
    "prune.batch": 32,
    "prune.patience": 2,
    "prune.tau": 0.8,
    "probe.size": 32,
    "probe.bins": 8,
}


class Residual(nn.Module):
    """A stream of two layers, one inside, and one behind a concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.one_norm = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.two, self.two_norm = nn.Conv2d(8, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.three, self.three_norm = nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.last, self.last_norm = nn.Conv2d(14, 8, 1), nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.one_norm(self.one(x)))
        y = F.relu(self.two_norm(self.two(x)), inplace=True)
        x = F.relu(self.three_norm(self.three(y)) + x)
        x = F.relu(self.last_norm(self.last(torch.cat([x, y], 1))))
        return self.head(x.mean((2, 3)))


def make_data() -> Splits:
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (96, 3, 8, 8), generator=rng, dtype=torch.uint8)
    images = Images(pixels, torch.arange(96) % 3, (0.5,) * 3, (0.25,) * 3)
    return Splits(images, images.first(32), images.first(32), 3)


DATA = make_data()


@cache
def find_once() -> Anatomy:
    return find_anatomy(Residual(), torch.zeros(2, 3, 8, 8))


def make_state(config: TrialConfig) -> TrainState:
    torch.manual_seed(0)
    network = Adopted(Residual(), find_once())
    return TrainState(network, build_optimizer(network, config.optim))


def run(config: TrialConfig, state: TrainState) -> Iterator[EpochRecord]:
    check_support(plan_pruning(config.prune), state.model, "relu")
    return train(config, DATA, state)


@pytest.mark.one_in(5)
@pytest.mark.parametrize(("method", "twice"), in_turn(METHODS, [True, False, False]))
def test_every_method_runs_on_an_adopted_network(method: str, twice: bool) -> None:
    config = TrialConfig().with_overrides(SETTINGS | {"prune.method": method})
    plan, state = plan_pruning(config.prune), make_state(config)
    records = list(run(config, state))
    assert [record.epoch for record in records] == [0, 1, 2, 3]
    last, soft = records[-1], plan.schedule == "zero_at_init"  # it is released after the start
    if plan.granularity == "weight" and plan.method.aim == "emergent":
        assert 0.05 < last.masked_weights / last.weights < 0.95
    elif plan.granularity == "weight":
        assert last.masked_weights / last.weights == pytest.approx(0.5, abs=0.02)
    elif plan.method.aim == "target" and not soft:
        assert 0.3 < last.masked / last.units <= 0.5
    assert sum(map(len, (layer_rows("t", last), neuron_rows("t", last)))) > 0
    assert len(epoch_rows("t", last)) > 0
    assert event_rows("t", last, method) is not None
    if twice and plan.may_shrink():
        shrunk = config.with_overrides({"prune.shrink": "always"})
        other = make_state(shrunk)
        again = list(run(shrunk, other))[-1]
        assert again.masked == last.masked
        assert again.val_loss == pytest.approx(last.val_loss, abs=1e-3)
        layers = neuron_layers(other.model).values()
        removed = sum(layer.dense - len(layer.keep) for layer in layers)
        assert bool(removed) == bool(last.masked)


CASES = {
    "shrunk": {"prune.method": "nvp", "prune.shrink": "always"},
    "weights": {"prune.method": "rigl", "optim.name": "adamw", "optim.lr": 0.01},
    "soft": {"prune.method": "sfp"},
    "regrown": {"prune.method": "dnr_budget"},
    "relieved": {"prune.method": "nn_relief", "prune.rounds": 3, "optim.name": "adam"},
    "rewound": {"prune.method": "nn_relief_rewind", "prune.rounds": 3},
}


@pytest.mark.parametrize(("case", "stop"), in_turn(CASES, [1, 2]))
def test_continued_equals_unbroken_to_the_last_bit(case: str, stop: int, tmp_path: Path) -> None:
    config = TrialConfig().with_overrides(SETTINGS | CASES[case])
    storage = Storage.at(str(tmp_path))
    check_continued(partial(make_state, config), partial(run, config), stop, storage)
