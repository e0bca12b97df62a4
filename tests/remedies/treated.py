"""A small trial under a remedy, and steps of it that a test sees."""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nvp.config.trial_config import TrialConfig
from nvp.data import DATASETS
from nvp.data.splits import Splits
from nvp.network.train_state import TrainState
from nvp.remedies import Treated
from nvp.training.build import build
from nvp.training.loop import train
from nvp.training.record import EpochRecord

torch.set_num_threads(1)
SMALL = {
    "epochs": 3,
    "data.batch_size": 32,
    "model.name": "mlp",
    "model.norm": "none",
    "model.width": 0.1,
    "optim.name": "adam",
    "optim.lr": 0.01,
    "probe.size": 64,
    "probe.bins": 8,
}
# of `remedy.*`, each another value than its default
OTHER = {
    "choice": "random", "every": 5, "tau": 0.3, "batch": 9, "rho": 0.01, "maturity": 1,
    "decay": 0.5, "rule": "lop", "percentile": 0.5, "update": 2, "silence": 2, "silence_max": 3,
    "shrink": 0.9, "sigma": 0.1, "moments": "cleared", "strength": 0.1, "form": "decoupled",
    "weight_decay": 0.3,
}  # fmt: skip


@cache
def data() -> Splits:
    """Return a few digits."""
    digits = DATASETS["digits"].load(Path())
    return Splits(*(s.first(128) for s in (digits.train, digits.val, digits.test)), num_classes=10)


def config_of(remedy: str = "none", **changes: Any) -> TrialConfig:
    """Return a small trial with these changes; a__b = a.b."""
    flat = {path.replace("__", "."): value for path, value in changes.items()}
    return TrialConfig().with_overrides(SMALL | {"remedy.name": remedy} | flat)


def treat(config: TrialConfig, state: TrainState | None = None) -> Treated:
    """Return what a remedy treats: the initial state of a trial, or another one."""
    state = state or build(config, data(), "cpu")
    return Treated(config, state, data().train, 10)


def run(config: TrialConfig) -> tuple[list[EpochRecord], TrainState]:
    """Train a trial to its end."""
    state = build(config, data(), "cpu")
    return list(train(config, data(), state)), state


def same(one: nn.Module, other: nn.Module) -> bool:
    """Whether two networks have the same parameters and buffers, bit for bit."""
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[k], theirs[k]) for k in mine)
