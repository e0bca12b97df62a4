"""Deaths at a border between two tasks: told from those of training, by hand and by a reference."""

import copy
from collections import defaultdict

import pytest
import torch
from torch import Tensor, nn

from nvp.config.trial_config import TrialConfig
from nvp.data.batches import normalise_pixels
from nvp.data.splits import Images, Splits
from nvp.data.tasks import make_task
from nvp.network.groups import neuron_layers
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.train_state import TrainState
from nvp.testing.tiny import activity_of
from nvp.training.border import Change, observe_border
from nvp.training.build import build
from nvp.training.life_counts import count_changes
from nvp.training.loop import train
from nvp.training.plasticity import measure_plasticity_loss, summarise_tasks
from nvp.training.record import EpochRecord, record_layer
from nvp.trial.rows import event_rows
from tests.training.test_train import config_of, data

torch.set_num_threads(1)
DYING = {"model__name": "mlp", "model__norm": "none", "model__width": 0.15, "optim__lr": 0.2,
         "optim__noise": 1.0, "data__batch_size": 32, "data__task": "permuted"}  # fmt: skip


class TwoPixels(nn.Module):
    """Three neurons that fire on the first pixel, on the second one, and on none."""

    def __init__(self) -> None:
        super().__init__()
        linear = nn.Linear(2, 3)
        weights = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
        linear.load_state_dict({"weight": weights, "bias": torch.tensor([-0.5, -0.5, -1.0])})
        self.hidden = NeuronLayer(linear, None, nn.ReLU())
        self.head = nn.Linear(3, 2)
        self.reads = {"head": "hidden"}

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.hidden(x.flatten(1)))


def splits_of(pixels: list[int]) -> Splits:
    """Return splits of one image of two pixels, which a network gets as they are over 255."""
    tensor = torch.tensor(pixels, dtype=torch.uint8).view(1, 1, 1, 2)
    images = Images(tensor, torch.zeros(1, dtype=torch.int64), (0.0,), (1.0,))
    return Splits(images, images, images, num_classes=2)


def test_border_deaths_are_those_of_the_case_by_hand() -> None:
    model = TwoPixels()
    dead = torch.tensor([False, True, True])  # on the last task's probe, at its end
    state = TrainState(model, torch.optim.SGD(model.parameters()), dead={"hidden": dead})
    border = observe_border(TrialConfig(), state, splits_of([255, 0]), splits_of([0, 255]))
    assert border.dead["hidden"].tolist() == [True, False, True]
    happened = {(c.event, c.cause): c.which.tolist() for c in border.changes["hidden"]}
    nothing = [False] * 3
    assert happened == {
        ("died", "training"): nothing,
        ("revived", "training"): nothing,
        ("died", "border"): [True, False, False],
        ("revived", "border"): [False, True, False],
    }


def test_counts_tell_what_a_border_shows_from_what_is_learned() -> None:
    # one neuron each: dies at the border and stays; dies there and revives; dies in training; lives
    before, at, after = (torch.tensor(x, dtype=torch.bool) for x in
                         ([0, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0]))  # fmt: skip
    layer = NeuronLayer(nn.Linear(2, 4), None, nn.ReLU())
    record = record_layer("x", layer, activity_of(torch.ones(2, 1) * ~after), at)
    record.events["pruned"] = torch.zeros(4, dtype=torch.bool)
    record.earlier = (Change("died", "border", at & ~before), Change("revived", "border", before & ~at))  # fmt: skip # noqa: E501
    counts = count_changes(record, 2)
    assert counts == {"died": 1, "revived": 1, "border_died": 2, "border_revived": 0}
    assert sum(counts[n] * s for n, s in (("died", 1), ("revived", -1), ("border_died", 1),
                                          ("border_revived", -1))) == int(after.sum())  # fmt: skip


def run(**changes: object) -> list[EpochRecord]:
    config, images = config_of(**DYING | changes), data(128)
    return list(train(config, images, build(config, images, "cpu")))


def is_dead(model: nn.Module, task: Splits, size: int) -> dict[str, Tensor]:
    """Return which neurons put out 0 on every image of a task's probe: one image at a time."""
    most: dict[str, Tensor] = {}
    hooks = [
        layer.register_forward_hook(
            lambda module, given, out, path=path: most.update(
                {path: torch.maximum(most.get(path, out[0]), out[0])}
            )
        )
        for path, layer in neuron_layers(model).items()
    ]
    model.eval()
    with torch.no_grad():
        for i in range(size):
            model(normalise_pixels(task.train.pixels[i : i + 1], task.train))
    for hook in hooks:
        hook.remove()
    return {path: (values <= 0) & model.get_submodule(path).keep for path, values in most.items()}


@pytest.mark.parametrize(
    "changes", [{"prune__method": "none"}, {"prune__method": "random", "prune__end": 0.9}]
)
def test_a_border_is_told_from_training_by_the_same_weights(changes: dict) -> None:
    config, images = config_of(**DYING | changes, epochs=2, data__tasks=3), data(128)
    state = build(config, images, "cpu")
    at_ends, found = {}, 0
    for record in train(config, images, state):
        if record.task_end:
            at_ends[record.epoch] = copy.deepcopy(state.model)
        if record.epoch not in (3, 5):
            assert all(not layer.earlier for layer in record.layers.values())
            continue
        old, new = (make_task(config.data, images, 0, t) for t in (record.task - 1, record.task))
        left, entered = (is_dead(at_ends[record.epoch - 1], t, 64) for t in (old, new))
        for path, layer in record.layers.items():
            border = {c.event: c.which for c in layer.earlier if c.cause == "border"}
            assert torch.equal(border["died"], entered[path] & ~left[path])
            assert torch.equal(border["revived"], left[path] & ~entered[path])
            found += int(border["died"].sum() + border["revived"].sum())
    assert found > 2


@pytest.mark.parametrize("method", ["none", "random", "sfp"])
def test_every_neuron_dies_and_revives_in_turn_and_the_dead_are_what_is_left(method: str) -> None:
    records = run(epochs=2, data__tasks=4, prune__method=method, probe__every=2)
    switched: dict[tuple[str, int], list[str]] = defaultdict(list)
    total: dict[str, int] = defaultdict(int)
    border = 0
    for record in records:
        for row in event_rows("t", record, method).to_pylist():
            if row["event"] in ("died", "revived"):
                switched[row["layer"], row["neuron"]].append(row["event"])
                border += row["cause"] == "border"
        for path, layer in record.layers.items():
            counts = count_changes(layer, record.epoch)
            assert ("border_died" in counts) is (record.epoch in (4, 6, 8))
            signs = {"born_dead": 1, "died": 1, "border_died": 1}
            total[path] += sum(signs.get(name, -1) * count for name, count in counts.items())
            now = [switched[path, n][-1:] == ["died"] for n in range(len(layer.keep))]
            kept = layer.keep.tolist()
            assert [a for a, k in zip(now, kept, strict=True) if k] == layer.dead[
                layer.keep
            ].tolist()
            assert method != "none" or total[path] == int(layer.dead.sum())
    assert all(
        events == (["died", "revived"] * len(events))[: len(events)] for events in switched.values()
    )
    assert border > 2


def test_online_accuracy_is_that_before_each_step_over_a_whole_task() -> None:
    records = run(epochs=3, data__tasks=2)
    assert [r.epoch for r in records if r.task_end] == [3, 6]
    assert [r.task for r in records] == [0, 0, 0, 0, 1, 1, 1]
    for end in (3, 6):
        epochs = [r.train_accuracy for r in records if end - 3 < r.epoch <= end]
        assert records[end].task_end.online_accuracy == pytest.approx(sum(epochs) / 3)
        assert 0 <= records[end].task_end.accuracy <= 1
    # of another length in steps: 4 batches an epoch, so the second epoch of a task has two
    records = run(steps=6, data__tasks=2)
    first, second = (r.train_accuracy for r in records[1:3])
    assert records[2].task_end.online_accuracy == pytest.approx((4 * first + 2 * second) / 6)


def test_random_labels_have_no_accuracy_at_the_end_and_plain_trials_have_no_task() -> None:
    records = run(epochs=1, data__tasks=2, data__task="shuffled_labels")
    assert [r.task_end.accuracy for r in records[1:]] == [None, None]
    assert all(r.task_end.online_accuracy is not None for r in records[1:])
    config = config_of(**DYING | {"epochs": 1, "data__task": "none"})
    plain = list(train(config, data(128), build(config, data(128), "cpu")))
    assert [(r.task, r.task_end) for r in plain] == [(None, None)] * 2


def test_plasticity_loss_is_that_of_the_case_by_hand() -> None:
    online = [sum(right) / 4 for right in ([0, 1, 1, 1], [0, 0, 1, 1])]
    assert online == [0.75, 0.5]
    assert measure_plasticity_loss(online, window=1, aged=0) == 0.25
    # the first task is left out: 2 to 11 are right by 0.9, the last ten by 0.6
    whole = [0.1, *[0.9] * 10, *[0.7] * 5, *[0.6] * 10]
    assert measure_plasticity_loss(whole) == pytest.approx(0.3)
    assert measure_plasticity_loss(whole[:11]) is None
    assert measure_plasticity_loss(whole[:12]) == pytest.approx((0.9 - 0.7) / 10)
    assert measure_plasticity_loss([*whole[:-1], None]) is None


def test_means_are_null_where_a_task_is_not_known() -> None:
    found = summarise_tasks("permuted", [0.5, 0.7], [None, 0.6])
    assert found["mean_task_accuracy"] == pytest.approx(0.6)
    assert found["mean_online_accuracy"] is None
    assert set(summarise_tasks("none", [], []).values()) == {None}
    online = [0.5] * 12 + [0.2]
    assert summarise_tasks("permuted", [], online)["plasticity_loss"] == pytest.approx(0.03)
    assert summarise_tasks("data_incremental", [], online)["plasticity_loss"] is None
