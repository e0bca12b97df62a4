"""Memory that runs out in a user's part is no fault of the part: the trial runs again alone."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from nvp.config.memory import is_out_of_memory
from nvp.config.own_settings import Own
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions
from tests.smallest import SMALLEST

MODULE = "parts_that_fill_the_memory"


def fill(*arguments: Any, **settings: Any) -> Any:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


class Full(nn.Module):
    forward = fill


PARTS: dict[str, dict[str, Any]] = {
    "prune.criterion": {"prune.method": "magnitude", "prune.start": 0.0},
    "prune.allocation": {"prune.method": "magnitude", "prune.start": 0.0},
    "prune.schedule": {"prune.method": "magnitude"},
    "optim.noise_kind": {"optim.noise": 0.1},
    "optim.schedule": {},
    "optim.name": {},
    "model.name": {},
    "model.activation": {},
}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of the user's whose parts all fill the memory."""
    module = ModuleType(MODULE)
    vars(module).update(
        name=lambda *parameters: fill(),
        criterion=lambda evidence: fill(),
        allocation=lambda scores, sparsity, floors: fill(),
        schedule=lambda config, progress: fill(),
        noise_kind=lambda gradients, config, xi, count: fill(),
        activation=Full,
    )
    monkeypatch.setitem(sys.modules, MODULE, module)


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("setting", PARTS)
def test_a_trial_is_tried_again_alone_and_on_a_whole_gpu_it_failed(
    setting: str, tmp_path: Path
) -> None:
    part = f"{MODULE}:{setting.partition('.')[2]}"
    config = SMALLEST.with_overrides(PARTS[setting] | {setting: part})
    storage = Storage.at(str(tmp_path))
    *_, last = run_trial(config, storage, RunOptions(gpu_share=0.5))
    assert last.status == "out_of_memory"
    assert not read_index(storage).rows
    *_, last = run_trial(config, storage, RunOptions(gpu_share=1.0))
    assert last.status == "failed"
    (row,) = read_index(storage).rows.values()
    assert row["error"].splitlines()[-1].startswith("torch.OutOfMemoryError: CUDA out of memory")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("x"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (ValueError("not enough memory"), False),
        (KeyError("MemoryError"), False),
    ],
)
def test_what_says_that_memory_ran_out(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected

    def fail() -> None:
        raise error

    with pytest.raises(type(error) if expected else ValueError):
        Own("prune.criterion", "mine:fail", fail).call_explained({})
