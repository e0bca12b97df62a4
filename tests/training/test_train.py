"""The loop: against a slow obvious one, its order, its lengths, and what it calls divergence."""

from functools import cache
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from nvp.config.trial_config import TrialConfig
from nvp.data import DATASETS
from nvp.data.batches import normalise_pixels, train_batches
from nvp.data.splits import Splits
from nvp.network.groups import neuron_layers
from nvp.network.train_state import Diverged
from nvp.training.build import build
from nvp.training.evaluation import evaluate
from nvp.training.length import count_epochs, count_steps
from nvp.training.loop import train
from nvp.training.record import EpochRecord
from nvp.training.step import train_epoch

torch.set_num_threads(1)
RAMP = torch.linspace(1, 2, 64).view(1, 1, 8, 8)  # tells pixels apart
SMALL = {
    "epochs": 3,
    "data.batch_size": 64,
    "model.name": "convnet",
    "model.width": 0.15,
    "probe.size": 64,
    "probe.bins": 8,
}


@cache
def data(count: int = 200) -> Splits:
    digits = DATASETS["digits"].load(Path())
    return Splits(
        digits.train.first(count), digits.val.first(128), digits.test.first(128), num_classes=10
    )


def config_of(**changes: object) -> TrialConfig:
    return TrialConfig().with_overrides(
        SMALL | {k.replace("__", "."): v for k, v in changes.items()}
    )


def run(config: TrialConfig, count: int = 200) -> list[EpochRecord]:
    images = data(count)
    return list(train(config, images, build(config, images, "cpu")))


def test_the_loop_is_the_obvious_one() -> None:
    config = config_of(
        optim__lr=0.05, optim__weight_decay=1e-3, optim__l1=1e-4, optim__schedule="cosine"
    )
    images = data()
    model = build(config, images, "cpu").model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0, momentum=0.9, weight_decay=1e-3)
    expected = []
    for epoch in (1, 2, 3):
        losses, hits = [], []
        for step, (x, y) in enumerate(
            train_batches(images.train, config.data, seed=0, epoch=epoch)
        ):
            progress = (3 * (epoch - 1) + step) / 9
            optimizer.param_groups[0]["lr"] = 0.05 * float(
                0.5 + 0.5 * torch.cos(torch.tensor(torch.pi * progress))
            )
            model.train()
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            penalty = sum(p.abs().sum() for p in model.parameters() if p.dim() > 1)
            optimizer.zero_grad()
            (loss + 1e-4 * penalty).backward()
            optimizer.step()
            losses.append(float(loss.detach()))
            hits.append(float((logits.argmax(1) == y).double().mean()))
        model.eval()
        logits = model(normalise_pixels(images.val.pixels, images.val)).detach()
        val_loss = float(F.cross_entropy(logits, images.val.labels))
        expected.append((sum(losses) / 3, sum(hits) / 3, val_loss))
    found = [(r.train_loss, r.train_accuracy, r.val_loss) for r in run(config)[1:]]
    for one, two in zip(found, expected, strict=True):
        assert one == pytest.approx(two, rel=2e-3)


def test_epoch_zero_is_the_initial_network() -> None:
    config = config_of()
    first = run(config)[0]
    images = data()
    loss, accuracy = evaluate(build(config, images, "cpu").model, images.val)
    assert (first.epoch, first.step, first.train_loss, first.train_accuracy) == (0, 0, None, None)
    assert (first.val_loss, first.val_accuracy) == (loss, accuracy)
    assert first.masked == 0


def test_noise_changes_no_batch() -> None:
    seen: list[list[float]] = []
    for noise in (0.0, 1.0):
        config, images = config_of(optim__noise=noise, data__augment="crop_flip"), data()
        state = build(config, images, "cpu")
        batches: list[float] = []
        state.model.register_forward_pre_hook(
            lambda model, args, found=batches: found.append(float((args[0] * RAMP).sum()))
        )
        losses = [record.val_loss for record in train(config, images, state)]
        seen.append(batches)
        assert len(set(losses)) == len(losses)
    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 9


def test_evaluation_is_the_mean_over_all_images_and_changes_nothing() -> None:
    images = data()
    model = build(config_of(), images, "cpu").model.train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    loss, accuracy = evaluate(model, images.test)
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    model.eval()
    losses, hits = [], []
    for index in range(len(images.test)):
        one = images.test.select(slice(index, index + 1))
        logits = model(normalise_pixels(one.pixels, one)).detach()
        losses.append(float(-logits.double().log_softmax(1)[0, one.labels[0]]))
        hits.append(int(logits.argmax()) == int(one.labels[0]))
    assert loss == pytest.approx(sum(losses) / len(losses), rel=1e-5)
    assert accuracy == pytest.approx(sum(hits) / len(hits), abs=1e-9)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(0, [0, 3, 6, 9]), (7, [0, 3, 6, 7]), (6, [0, 3, 6]), (2, [0, 2]), (1, [0, 1])],
)
def test_a_length_in_steps_is_exact_and_its_last_epoch_shorter(
    steps: int, expected: list[int]
) -> None:
    config = config_of(steps=steps)
    assert [record.step for record in run(config)] == expected
    assert count_steps(config, 200) == expected[-1]
    assert count_epochs(config, 200) == len(expected) - 1


@pytest.mark.parametrize(
    ("every", "epochs", "expected"),
    [(1, 3, [0, 1, 2, 3]), (2, 5, [0, 2, 4, 5]), (2, 4, [0, 2, 4]), (9, 2, [0, 2])],
)
def test_only_measuring_points_and_the_last_epoch_are_yielded(
    every: int, epochs: int, expected: list[int]
) -> None:
    records = run(config_of(epochs=epochs, probe__every=every))
    assert [record.epoch for record in records] == expected
    assert [record.step for record in records] == [3 * epoch for epoch in expected]


def test_measuring_rarely_does_not_change_training() -> None:
    often, rarely = run(config_of(epochs=4)), run(config_of(epochs=4, probe__every=4))
    assert often[-1].val_loss == rarely[-1].val_loss
    assert often[-1].train_loss == rarely[-1].train_loss


def test_the_learning_rate_of_a_record_is_that_of_the_next_step() -> None:
    records = run(config_of(optim__lr=0.2, optim__schedule="multistep", optim__gamma=0.5))
    assert [record.lr for record in records] == pytest.approx([0.2, 0.2, 0.1, 0.05])


@pytest.mark.parametrize("method", ["dead", "nvp", "random"])
def test_what_is_masked_is_what_was_pruned_and_is_not_observed_as_masked_before(
    method: str,
) -> None:
    records = run(
        config_of(epochs=6, prune__method=method, prune__patience=1, prune__tau=0.5, optim__lr=0.2)
    )
    assert records[-1].masked > 0
    for before, after in zip(records, records[1:], strict=False):
        masked = 0
        for path, layer in after.layers.items():
            previous = before.layers[path]
            assert torch.equal(layer.keep, previous.keep & ~previous.events["pruned"])
            assert not (layer.events["pruned"] & ~layer.keep).any()
            assert not layer.events["reactivated"].any()
            assert not (layer.deaths["dead"] & ~layer.keep).any()
            masked += int((~(layer.keep & ~layer.events["pruned"])).sum())
        assert after.masked == masked


def test_deaths_and_revivals_add_up() -> None:
    records = run(
        config_of(epochs=8, optim__lr=0.5, optim__noise=3.0, prune__method="dead", model__width=0.3)
    )
    total = {"died": 0, "revived": 0}
    for before, after in zip(records, records[1:], strict=False):
        for path, layer in after.layers.items():
            was = before.layers[path].deaths["dead"] & layer.keep
            died, revived = layer.events["died"], layer.events["revived"]
            assert torch.equal(layer.deaths["dead"], (was & ~revived) | died)
            assert not (died & was).any()
            total["died"] += int(died.sum())
            total["revived"] += int(revived.sum())
    assert total["died"] > 0


def test_the_soft_schedule_records_what_comes_back() -> None:
    records = run(
        config_of(
            epochs=5,
            prune__method="random",
            prune__schedule="soft",
            prune__sparsity=0.4,
            optim__lr=0.2,
        )
    )
    assert {record.masked for record in records[1:]} == {40 * records[0].units // 100}
    back = sum(
        int(layer.events["reactivated"].sum()) for r in records for layer in r.layers.values()
    )
    assert back > 0
    for before, after in zip(records[1:], records[2:], strict=False):
        for path, layer in after.layers.items():
            assert layer.keep.all(), "between two points all train"
            pruned, back_again = layer.events["pruned"], layer.events["reactivated"]
            assert not (pruned & back_again).any()
            assert not (before.layers[path].events["reactivated"] & back_again).any()


@pytest.mark.parametrize("method", ["none", "nvp"])
def test_a_rate_of_zero_leaves_the_dead_as_they_are(method: str) -> None:
    config = config_of(model__norm="none", optim__lr=0.0, prune__method=method, prune__sparsity=0.0)
    images = data()
    state = build(config, images, "cpu")
    for layer in neuron_layers(state.model).values():
        torch.nn.init.constant_(layer.affine.bias[:2], -10.0)
    records = list(train(config, images, state))
    counts = [{p: int(v.deaths["dead"].sum()) for p, v in r.layers.items()} for r in records]
    assert all(number >= 2 for number in counts[0].values())
    assert all(count == counts[0] for count in counts)
    assert len({record.val_loss for record in records}) == 1


def test_a_bias_of_minus_ten_is_a_hundred_percent_dead() -> None:
    config, images = config_of(model__name="mlp", model__norm="none", optim__lr=0.01), data()
    state = build(config, images, "cpu")
    for layer in neuron_layers(state.model).values():
        torch.nn.init.constant_(layer.affine.bias, -10.0)
    for record in train(config, images, state):
        assert all(layer.deaths["dead"].all() for layer in record.layers.values())


# --- divergence


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("name", ["mlp", "convnet"])
def test_an_explosion_is_a_divergence_after_the_last_finite_record(name: str, norm: str) -> None:
    config = config_of(model__name=name, model__norm=norm, optim__lr=1e30, optim__noise=1.0)
    images, records = data(), []

    def go() -> None:
        records.extend(train(config, images, build(config, images, "cpu")))

    with pytest.raises(Diverged, match="is not finite"):
        go()
    assert [record.epoch for record in records] == list(range(len(records)))
    assert records, "the initial network is finite"
    for record in records:
        assert record.val_loss - record.val_loss == 0


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
@pytest.mark.parametrize("path", ["conv1", "hidden"])
def test_a_weight_that_is_not_finite_is_a_divergence_not_a_living_neuron(
    path: str, poison: float
) -> None:
    config, images = config_of(), data()
    state = build(config, images, "cpu")
    with torch.no_grad():
        state.model.get_submodule(path).weight[0] = poison
    with pytest.raises(Diverged):
        list(train(config, images, state))


def test_the_seconds_of_a_point_are_those_since_the_last_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]

    def a_second_an_epoch(config, images, state, epoch, length):
        now[0] += epoch > 0
        return train_epoch(config, images, state, epoch, length=length)

    monkeypatch.setattr("nvp.training.loop.perf_counter", lambda: now[0])
    monkeypatch.setattr("nvp.training.loop.train_epoch", a_second_an_epoch)
    records = run(config_of(epochs=5, probe__every=3))
    assert [record.seconds["train"] for record in records] == [0, 3, 2]
