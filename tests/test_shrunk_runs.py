"""A whole run that shrinks has the tables of one that masks, killed and continued or not."""

import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from nvp.build import build
from nvp.checkpoint import checkpoints, restore, save_checkpoint
from nvp.config import TrialConfig
from nvp.data import DATASETS
from nvp.data.splits import Splits
from nvp.optim import build_optimizer
from nvp.pruning import METHODS, may_shrink, resolve
from nvp.record import EpochRecord
from nvp.result import results
from nvp.rows import epoch_rows, event_rows, layer_rows, neuron_rows
from nvp.schema import SHRUNK, VOLATILE
from nvp.state import TrainState
from nvp.storage import Storage
from nvp.train import train

torch.set_num_threads(1)
SMALL = {
    "epochs": 7,
    "data.batch_size": 64,
    "model.width": 0.2,
    "optim.lr": 0.05,
    "optim.noise": 0.5,
    "prune.sparsity": 0.6,
    "prune.start": 0.1,
    "prune.end": 0.5,
    "prune.patience": 1,
    "prune.tau": 0.5,
    "prune.batch": 32,
    "probe.size": 64,
    "probe.bins": 8,
}
DIGITS = DATASETS["digits"].load(Path())
DATA = Splits(*(s.first(128) for s in (DIGITS.train, DIGITS.val, DIGITS.test)), num_classes=10)
Tables = dict[str, list[dict[str, Any]]]


def config_of(**changes: Any) -> TrialConfig:
    """Return a small trial with these changes; a__b = a.b."""
    flat = {path.replace("__", "."): value for path, value in changes.items()}
    return TrialConfig().with_overrides(SMALL | flat)


def may(method: str) -> bool:
    return METHODS[method].aim != "none" and may_shrink(
        resolve(config_of(prune__method=method).prune)
    )


def in_double(config: TrialConfig) -> TrainState:
    """Return the initial state of a trial in float64."""
    model = build(config, DATA, "cpu").model.double()
    model.register_forward_pre_hook(lambda model, args: (args[0].double(),))
    return TrainState(model, build_optimizer(model, config.optim))


def tables_of(config: TrialConfig, records: list[EpochRecord], state: TrainState) -> Tables:
    """Return all rows of a run without what is volatile, and what only a shrunk one has."""
    found: Tables = {"trials": [results(config, DATA, state.model, {"epochs": 7}, status="done")]}
    for record in records:
        rows = {
            "epochs": epoch_rows("t", record),
            "layers": layer_rows("t", record),
            "neurons": neuron_rows("t", record),
            "events": event_rows("t", record, config.prune.method),
        }
        for table, part in rows.items():
            listed = part.drop_columns(VOLATILE[table]).to_pylist()
            found.setdefault(table, []).extend(r for r in listed if r.get("event") != SHRUNK)
    return found


def run(config: TrialConfig) -> tuple[Tables, list[EpochRecord], TrainState]:
    state = in_double(config)
    records = list(train(config, DATA, state))
    return tables_of(config, records, state), records, state


def assert_equal(one: Tables, other: Tables) -> None:
    """Numbers may differ in the last bits, which another order of summing moves."""
    for table, rows in one.items():
        assert len(rows) == len(other[table]), table
        for row, twin in zip(rows, other[table], strict=True):
            assert row.keys() == twin.keys()
            for column, value in row.items():
                both = (table, column, value, twin[column])
                if isinstance(value, float) and isinstance(twin[column], float):
                    assert math.isclose(value, twin[column], rel_tol=1e-5, abs_tol=1e-7), both
                else:
                    assert value == twin[column], both


def removed(records: list[EpochRecord]) -> int:
    return sum(sum(record.removed.values()) for record in records)


CASES: dict[str, dict[str, Any]] = {
    **{method: {"prune__method": method} for method in METHODS if may(method)},
    "residual A": {"prune__method": "nvp", "model__name": "resnet20", "epochs": 4},
    "residual B": {"prune__method": "random", "model__name": "resnet20_b", "epochs": 4},
    "dropout": {"prune__method": "snap", "model__name": "vgg_like", "model__width": 0.06},
    "after regrowth": {"prune__method": "dnr_budget", "prune__regrow_end": 0.4},
    "adamw": {"prune__method": "taylor", "optim__name": "adamw", "optim__lr": 0.005},
    "steps": {"prune__method": "l1", "steps": 11, "probe__noise_scale": 32},
}


@pytest.mark.parametrize("case", CASES)
def test_the_tables_of_a_shrunk_and_a_masked_run_are_equal(case: str) -> None:
    policy = "auto" if case == "after regrowth" else "always"
    masked, _, dense = run(config_of(**CASES[case]))
    shrunk, records, state = run(config_of(**CASES[case], prune__shrink=policy))
    assert_equal(masked, shrunk)
    print(case, removed(records))
