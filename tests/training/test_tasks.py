"""The borders of tasks in the training loop."""

import copy

import pytest
import torch
import torch.nn.functional as F

from nvp.data.batches import normalise_pixels
from nvp.data.tasks import make_task
from nvp.network.precision import compute_logits
from nvp.network.train_state import TrainState
from nvp.training.build import build
from nvp.training.evaluation import evaluate
from nvp.training.length import count_points, find_length, is_measured
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


def train_to_end(config, images=None) -> tuple[TrainState, list]:
    images = images or data()
    state = build(config, images, "cpu")
    return state, list(train(config, images, state))


def test_tasks_whose_permutation_changes_nothing_are_plain_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape = {"epochs": 2, "model__name": "mlp", "optim__schedule": "cosine"}
    plain, records = train_to_end(config_of(**shape | {"epochs": 6}))
    monkeypatch.setattr("nvp.data.tasks.draw_input_order", lambda n, *_: torch.arange(n))
    tasks, same = train_to_end(config_of(**shape, **TASKS))
    for one, other in zip(
        plain.model.state_dict().values(), tasks.model.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)
    for name in ("step", "lr", "train_loss", "val_loss", "val_accuracy"):
        assert [getattr(r, name) for r in records] == [getattr(r, name) for r in same]


def test_a_first_layer_whose_columns_are_permuted_alike_gives_the_same_logits() -> None:
    config = config_of(model__name="mlp", **TASKS)
    images = data()
    task = make_task(config.data, images, 0, 1)
    model = build(config, images, "cpu").model.double().eval()
    twin = copy.deepcopy(model)
    first = next(each for each in twin.modules() if isinstance(each, torch.nn.Linear))
    with torch.no_grad():
        first.weight.copy_(first.weight[:, task.train.permutation])
    plain = normalise_pixels(images.test.pixels, images.test).double()
    permuted = normalise_pixels(task.test.pixels, task.test).double()
    assert torch.allclose(model(plain), twin(permuted), rtol=0, atol=1e-12)
    assert not torch.allclose(model(plain), model(permuted), atol=1e-3)


def test_loss_and_accuracy_are_over_the_classes_that_were_seen() -> None:
    config = config_of(epochs=2, data__task="class_incremental", data__tasks=2,
                       data__batch_size=16)  # fmt: skip
    images = data()
    state, records = train_to_end(config, images)
    first = make_task(config.data, images, 0, 0)
    seen = first.val.seen.nonzero().flatten()
    assert len(seen) == 2
    with torch.no_grad():
        state.model.eval()
        logits = compute_logits(
            state.model, normalise_pixels(first.val.pixels, first.val), "float32"
        )
        among = logits[:, seen]
        labels = (first.val.labels.unsqueeze(1) == seen).int().argmax(1)
    loss, accuracy = evaluate(state.model, first.val)
    assert loss == pytest.approx(float(F.cross_entropy(among, labels)), rel=1e-5)
    assert accuracy == pytest.approx(float((among.argmax(1) == labels).double().mean()))
    assert records[0].val_loss < 1.5, "about log 2, not log 10"


def test_logits_of_classes_that_were_not_seen_do_not_learn() -> None:
    config = config_of(epochs=1, data__task="class_incremental", data__tasks=2,
                       data__batch_size=16, model__name="mlp")  # fmt: skip
    images = data()
    state = build(config, images, "cpu")
    *_, head = (each for each in state.model.modules() if isinstance(each, torch.nn.Linear))
    before = head.weight.detach().clone()
    list(train(config.with_overrides({"data.tasks": 2}), images, state))
    seen = make_task(config.data, images, 0, 1).train.seen
    moved = (head.weight.detach() != before).any(1)
    assert torch.equal(moved, seen)


def test_random_labels_have_no_validation_and_are_learned_by_heart() -> None:
    config = config_of(epochs=30, data__task="shuffled_labels", data__tasks=2, model__name="mlp",
                       data__batch_size=16, optim__name="adam", optim__lr=0.01,
                       model__norm="none", model__width=0.5)  # fmt: skip
    _, records = train_to_end(config, data(64))
    assert all(r.val_loss is None and r.val_accuracy is None for r in records)
    ends = [records[30].train_accuracy, records[60].train_accuracy]
    assert min(ends) > 0.9
    assert records[31].train_accuracy < 0.5, "the labels of the new task are other ones"


@pytest.mark.parametrize("restart", ["never", "task"])
def test_the_learning_rate_is_of_the_whole_run_or_starts_anew_at_each_task(
    restart: str,
) -> None:
    config = config_of(epochs=2, optim__schedule="cosine", optim__lr=0.1,
                       optim__restart=restart, **TASKS)  # fmt: skip
    _, records = train_to_end(config)
    rates = [record.lr for record in records]
    anew = [0.1, 0.05, 0.1, 0.05, 0.1, 0.05, 0.0]
    if restart == "task":
        assert rates == pytest.approx(anew)
    else:
        assert rates == sorted(rates, reverse=True)
        assert rates[3] == pytest.approx(0.05)


def test_the_end_of_a_task_is_a_measuring_point_and_steps_count_within_a_task() -> None:
    config = config_of(epochs=3, probe__every=2, **TASKS)
    _, records = train_to_end(config)
    assert [record.epoch for record in records] == [0, 2, 3, 4, 6, 8, 9]
    assert count_points(config, find_length(config, 200)) == len(records)
    _, records = train_to_end(config_of(steps=4, **TASKS))
    assert [record.step for record in records] == [0, 3, 4, 7, 8, 11, 12]


@pytest.mark.parametrize("every", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("tasks", [1, 2, 5])
def test_measuring_points_are_counted_as_they_are_measured(every: int, tasks: int) -> None:
    of_tasks = {"data__task": "permuted", "data__tasks": tasks} if tasks > 1 else {}
    config = config_of(epochs=3, probe__every=every, **of_tasks)
    length = find_length(config, 200)
    measured = [epoch for epoch in range(length.epochs + 1) if is_measured(config, length, epoch)]
    assert count_points(config, length) == len(measured)
