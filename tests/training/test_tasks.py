"""The borders of tasks in the training loop."""

import pytest

from nvp.training.build import build
from nvp.training.length import find_length
from nvp.training.loop import train
from nvp.training.tasks import cross_border
from tests.training.test_train import config_of, data

TASKS = {"data__task": "permuted", "data__tasks": 3}


def test_a_border_is_crossed_once_before_the_first_step_of_each_later_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crossed = []

    def note(config, state, task, data):
        crossed.append((task, state.task, state.epoch, state.step))
        cross_border(config, state, task, data)

    monkeypatch.setattr("nvp.training.loop.cross_border", note)
    config, images = config_of(epochs=2, **TASKS), data()
    state = build(config, images, "cpu")
    records = list(train(config, images, state))
    assert crossed == [(1, 0, 2, 6), (2, 1, 4, 12)]
    assert find_length(config, 200).step_ends == (6, 12, 18)
    assert [record.epoch for record in records] == [0, 1, 2, 3, 4, 5, 6]
    assert state.task == 2


@pytest.mark.parametrize(("reset", "kept"), [("never", True), ("task", False)])
def test_moments_are_kept_at_a_border_unless_they_are_to_be_cleared(reset: str, kept: bool) -> None:
    config, images = config_of(epochs=1, optim__momentum=0.9, optim__reset=reset), data()
    state = build(config, images, "cpu")
    list(train(config, images, state))
    assert state.optimizer.state
    cross_border(config, state, 1, images)
    assert bool(state.optimizer.state) == kept
    assert state.task == 1
