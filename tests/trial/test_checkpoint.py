"""Checkpoints: continued equals unbroken to the last bit; damage is named and stepped over."""

import json
import logging
from functools import cache, partial
from pathlib import Path

import pytest
import torch

from nvp.config.trial_config import TrialConfig
from nvp.network.train_state import TrainState
from nvp.storage.store import Storage
from nvp.training.build import build
from nvp.training.loop import train
from nvp.training.record import EpochRecord
from nvp.trial.checkpoint import KEEP_LAST, read_checkpoints, restore_state, save_checkpoint
from tests.continuing import break_and_continue, moments, plain, same_tensors
from tests.in_turn import in_turn
from tests.training.test_train import data

pytestmark = pytest.mark.one_in(3)

torch.set_num_threads(1)
TINY = {
    "epochs": 4,
    "data.batch_size": 64,
    "model.width": 0.05,
    "optim.noise": 1.0,
    "optim.weight_decay": 1e-3,
    "prune.method": "dead",
    "prune.patience": 2,
    "prune.tau": 0.6,
    "probe.size": 64,
    "probe.bins": 8,
}
CASES = {
    "sgd": {"model.name": "resnet18", "optim.lr": 0.05},
    "adam": {"model.name": "mlp", "optim.name": "adam", "optim.lr": 0.003},
    "adamw": {"model.name": "lenet5", "model.width": 0.2, "optim.name": "adamw", "optim.lr": 0.01},
    "convnet": {"model.name": "convnet", "model.width": 0.2, "data.augment": "crop_flip"},
    "steps": {"model.name": "mlp", "model.norm": "none", "steps": 11, "optim.schedule": "cosine"},
    "soft": {
        "model.name": "convnet",
        "model.width": 0.2,
        "optim.lr": 0.02,
        "prune.method": "nvp",
        "prune.schedule": "soft",
    },
    "low": {
        "model.name": "resnet18",
        "optim.lr": 0.05,
        "precision": "bfloat16",
        "layout": "channels_last",
    },
    "random": {"model.name": "mlp", "prune.method": "random"},
}


def config_of(case: str) -> TrialConfig:
    return TrialConfig().with_overrides(TINY | CASES[case])


@cache
def unbroken(case: str) -> tuple[list[EpochRecord], TrainState]:
    """Return what a run that nothing interrupts records, and its last state."""
    config, images = config_of(case), data()
    state = build(config, images, "cpu")
    return list(train(config, images, state)), state


@pytest.mark.parametrize(("case", "stop"), in_turn(CASES, [0, 3]))
def test_continued_equals_unbroken_to_the_last_bit(case: str, stop: int, tmp_path: Path) -> None:
    config, images = config_of(case), data()
    records, whole = unbroken(case)
    expected = [plain(record) for record in records]
    storage = Storage.at(str(tmp_path))
    found, state = break_and_continue(
        lambda: build(config, images, "cpu"), partial(train, config, images), stop, storage
    )
    assert [plain(record) for record in found] == expected
    assert same_tensors(state.model.state_dict(), whole.model.state_dict())
    assert same_tensors(moments(state), moments(whole))
    for kind in ("idle", "dead", "kept"):
        assert same_tensors(getattr(state, kind), getattr(whole, kind))


def test_there_was_something_to_restore() -> None:
    for case in CASES:
        *_, last = unbroken(case)[0]
        assert 0 < last.masked < last.units, case


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Storage, TrialConfig]:
    """A storage with the checkpoints of epochs 0 to 3, of which the last two remain."""
    storage, config, images = Storage.at(str(tmp_path)), config_of("convnet"), data()
    state = build(config, images, "cpu")
    for record in train(config, images, state):
        save_checkpoint(storage, "t", state, {"note": record.epoch}, held=b"rows")
        if record.epoch == 3:
            break
    return storage, config


def test_the_last_two_remain_newest_first(saved: tuple[Storage, TrialConfig]) -> None:
    storage, _ = saved
    found = read_checkpoints(storage, "t")
    assert len(found) == len(storage.files("checkpoints/t")) == KEEP_LAST == 2
    assert [checkpoint.header["note"] for checkpoint in found] == [3, 2]
    assert [checkpoint.header["epoch"] for checkpoint in found] == [3, 2]
    assert found[0].held == b"rows"


def test_nothing_executable_and_plain_json_is_stored(saved: tuple[Storage, TrialConfig]) -> None:
    storage, _ = saved
    for name in storage.files("checkpoints/t"):
        content = storage.read(name)
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        assert json.loads(header["__metadata__"]["header"])["step"] > 0
        assert name.endswith(".safetensors")


def damage(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "emptied":
        path.write_bytes(b"")
    else:
        content[{"header flipped": 20, "tensor flipped": -100}[how]] ^= 1
        path.write_bytes(content)


@pytest.mark.parametrize("how", ["truncated", "emptied", "header flipped", "tensor flipped"])
def test_a_damaged_checkpoint_is_named_and_the_older_one_used(
    saved: tuple[Storage, TrialConfig], how: str, caplog: pytest.LogCaptureFixture
) -> None:
    storage, config = saved
    newest = Path(storage.path(max(storage.files("checkpoints/t"))))
    damage(newest, how)
    with caplog.at_level(logging.WARNING):
        found = read_checkpoints(storage, "t")
    assert [checkpoint.header["epoch"] for checkpoint in found] == [2]
    assert str(newest) in caplog.text
    state = build(config, data(), "cpu")
    restore_state(found[0], state)
    assert (state.epoch, state.step) == (2, found[0].header["step"])


def test_without_a_checkpoint_there_is_none(tmp_path: Path) -> None:
    assert read_checkpoints(Storage.at(str(tmp_path)), "t") == []


def test_a_checkpoint_survives_those_of_later_epochs_that_cannot_be_used(
    saved: tuple[Storage, TrialConfig],
) -> None:
    storage, config = saved  # epochs 2 and 3 are there; say that their parts are damaged
    state = build(config, data(), "cpu")
    state.epoch, state.step = 1, 3  # so the trial starts afresh and saves at epoch 1
    save_checkpoint(storage, "t", state, {"note": "new"})
    assert "new" in [checkpoint.header["note"] for checkpoint in read_checkpoints(storage, "t")]
