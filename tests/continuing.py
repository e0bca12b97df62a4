"""A trial that is killed at a measuring point and continued, beside an unbroken one."""

from collections.abc import Callable, Iterator

import torch

from nvp.network.train_state import TrainState
from nvp.storage.store import Storage
from nvp.training.record import EpochRecord
from nvp.trial.checkpoint import read_checkpoints, restore_state, save_checkpoint

Run = Callable[[TrainState], Iterator[EpochRecord]]


def break_and_continue(
    make: Callable[[], TrainState], run: Run, stop: int, storage: Storage
) -> tuple[list[EpochRecord], TrainState]:
    """Return the records of both halves of a trial, and its state at the end.

    Args:
        make: builds the initial state of the trial.
        run: trains a state to the end.
        stop: the epoch after which the first half is saved and given up.
        storage: an empty one, for the checkpoint.
    """
    found, state = [], make()
    for record in run(state):
        found.append(record)
        if record.epoch == stop:
            save_checkpoint(storage, "continued", state, {})
            break
    torch.manual_seed(123)  # nothing may hang on the global generator
    state = make()
    restore_state(read_checkpoints(storage, "continued")[0], state)
    return [*found, *run(state)], state


def check_continued(
    make: Callable[[], TrainState], run: Run, stop: int, storage: Storage
) -> tuple[list[EpochRecord], TrainState, TrainState]:
    """Assert that a continued trial is an unbroken one, bit for bit.

    Returns:
        The records, the continued state at the end, and the unbroken one's.
    """
    whole = make()
    expected = [plain(record) for record in run(whole)]
    records, state = break_and_continue(make, run, stop, storage)
    assert [plain(record) for record in records] == expected
    assert same_tensors(state.model.state_dict(), whole.model.state_dict())
    assert same_tensors(moments(state), moments(whole))
    for kind in ("idle", "dead", "kept"):
        assert same_tensors(getattr(state, kind), getattr(whole, kind)), kind
    return records, state, whole


def plain(record: EpochRecord) -> list:
    """All of a record but its times, in values that compare exactly."""
    scalars = [record.epoch, record.step, record.lr, record.train_loss, record.train_accuracy]
    scalars += [record.val_loss, record.val_accuracy, record.target, record.masked, record.units]
    tensors = [record.observation.features.tolist()]
    for path, activity in record.observation.layers.items():
        tensors += [path, *(v.tolist() for v in vars(activity).values() if v is not None)]
    for path, layer in record.layers.items():
        verdicts = (layer.deaths | layer.events).items()
        tensors += [path, layer.keep.tolist(), layer.norms.tolist(), layer.floored]
        tensors += [(name, which.tolist()) for name, which in verdicts]
    return [*scalars, *tensors]


def same_tensors(one: dict, two: dict) -> bool:
    """Whether two tables have the same tensors under the same keys, bit for bit."""
    return one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)


def moments(state: TrainState) -> dict:
    """Return what the optimizer remembers, by parameter and name."""
    by_index = state.optimizer.state_dict()["state"]
    return {(i, key): value for i, entry in by_index.items() for key, value in entry.items()}
