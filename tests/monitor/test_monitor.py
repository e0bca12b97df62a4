"""Monitor: its rows are those of our own loop; what lies between observations; how trials end."""

import json
import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from nvp.config.trial_config import TrialConfig
from nvp.data import DATASETS
from nvp.data.batches import eval_batches
from nvp.monitor.monitor import Monitor
from nvp.network.groups import neuron_layers
from nvp.network.removal import find_survivors, keep_units
from nvp.network.weight_masks import register_mask
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study, read_study
from nvp.training.build import build
from nvp.training.loop import train
from nvp.trial.rows import epoch_rows, event_rows, layer_rows, neuron_rows
from nvp.trial.sampling import is_sampled
from tests.monitor.loop import load_images, make_network, mask
from tests.rows import sorted_rows

torch.set_num_threads(1)
Row = dict[str, Any]


def monitor_at(place: Path, network: nn.Module | None = None, **arguments: Any) -> Monitor:
    images, _ = load_images(64)
    own = {"study": "own", "storage": place} | arguments
    return Monitor(network or make_network(), own.pop("probe", images), **own)


def folder(place: Path, study: str = "own") -> Storage:
    return open_study(str(place), study, "monitor")


def row_of(place: Path) -> Row:
    (row,) = read_index(folder(place)).rows.values()
    return row


def table(place: Path, name: str) -> list[Row]:
    return read_table(read_index(folder(place)), name).to_pylist()


def test_rows_are_those_of_our_own_loop(tmp_path: Path) -> None:
    """A monitor beside our own loop sees what it sees, by a pass of its own over equal images."""
    data = DATASETS["digits"].load(Path())
    config = TrialConfig().with_overrides(
        {
            "epochs": 3,
            "data.batch_size": 64,
            "data.images": 256,
            "model.name": "convnet",
            "model.width": 0.25,
            "probe.size": 64,
            "optim.lr": 0.3,
        }  # fmt: skip
    )
    state = build(config, data, "cpu")
    probe = torch.cat([pixels for pixels, _ in eval_batches(data.probe(64))])
    monitor = monitor_at(tmp_path, state.model, probe=probe)
    expected: dict[str, list[Row]] = defaultdict(list)
    for record in train(config, data, state):
        names = ("step", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy")
        monitor.observe(record.epoch, **{name: getattr(record, name) for name in names})
        rows = {
            "epochs": epoch_rows(monitor.trial_id, record),
            "layers": layer_rows(monitor.trial_id, record),
            "events": event_rows(monitor.trial_id, record, "none"),
        }
        if is_sampled(record.epoch):
            rows["neurons"] = neuron_rows(monitor.trial_id, record)
        for name, found in rows.items():
            expected[name] += found.to_pylist()
    monitor.finish(test_accuracy=0.9, test_loss=0.3)
    found = sorted_rows(folder(tmp_path))
    assert any(row["event"] == "died" for row in expected["events"])
    for row in expected["layers"]:
        row["floored"] = None  # what held a method back, a monitor does not know
    for name, rows in expected.items():
        kept = [{k: v for k, v in row.items() if k in found[name][0]} for row in rows]
        assert found[name] == sorted(kept, key=repr), name
    row = row_of(tmp_path)
    assert (row["status"], row["epochs"], row["steps"]) == ("done", 3, state.step)
    assert row["test_accuracy"] == pytest.approx(0.9)
    assert row["probe_size"] == 64
    assert row["flops"] == row["flops_left"] > 0
    assert row["parameters"] == sum(p.numel() for p in state.model.parameters())


def test_what_happens_between_observations_belongs_to_the_first(tmp_path: Path) -> None:
    network = make_network()
    first, second = neuron_layers(network).values()
    monitor = monitor_at(tmp_path, network, config={"prune.method": "mine"})
    monitor.observe(0)
    first.keep[:5] = False
    register_mask(network, "head.weight")[:2, :3] = False
    monitor.observe(1)
    first.keep[4] = True
    monitor.observe(2)
    seen = monitor.observe(3)
    assert seen.sparsity == pytest.approx(4 / 52)
    keep_units(network, find_survivors(network))
    monitor.finish()
    columns = ("epoch", "neuron", "event", "cause", "count")
    events = [
        tuple(row[name] for name in columns)
        for row in table(tmp_path, "events")
        if row["event"] not in ("died", "revived")
    ]
    assert events == [
        *((0, neuron, "pruned", "mine", None) for neuron in range(5)),
        (0, None, "weights_pruned", "mine", 6),
        (1, 4, "reactivated", "mine", None),
        (3, None, "shrunk", "mine", 4),
    ]
    layers = [row for row in table(tmp_path, "layers") if row["layer"] == "hidden.0"]
    assert [row["kept"] for row in layers] == [26, 21, 22, 22]
    assert [row["masked"] for row in layers] == [0, 5, 4, 4]
    assert [row["pruned"] for row in layers] == [5, 0, 0, 0]
    sparsities = [row["sparsity"] for row in table(tmp_path, "epochs")]
    assert sparsities == pytest.approx([5 / 52, 4 / 52, 4 / 52, 4 / 52])
    row = row_of(tmp_path)
    assert (row["masked_units"], row["units"]) == (4, 52)
    assert row["parameters_left"] < row["parameters"]
    assert len(second.keep) == 26


def test_a_shrunk_network_goes_on_in_dense_indices(tmp_path: Path) -> None:
    network = make_network()
    first, *_ = neuron_layers(network).values()
    monitor = monitor_at(tmp_path, network)
    monitor.observe(0)
    first.keep[:3] = False
    keep_units(network, find_survivors(network))
    monitor.observe(1)
    first.keep[0] = False  # neuron 3 of the dense layer
    with torch.no_grad():
        first.affine.weight[1:].zero_()  # all others die
        first.affine.bias[1:].fill_(-1.0)
    monitor.observe(2)
    monitor.finish()
    own = [row for row in table(tmp_path, "events") if row["layer"] == "hidden.0"]
    pruned = {(row["epoch"], row["neuron"]) for row in own if row["event"] == "pruned"}
    assert pruned == {(0, 0), (0, 1), (0, 2), (1, 3)}
    died = {row["neuron"] for row in own if row["event"] == "died" and row["epoch"] == 2}
    before = {row["neuron"] for row in own if row["event"] == "died"}
    assert died | before == set(range(4, 26))
    assert row_of(tmp_path)["masked_units"] == 4
    assert json.loads(row_of(tmp_path)["config"])["prune.method"] == "by hand"


def test_observing_changes_nothing(tmp_path: Path) -> None:
    network = make_network().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network(load_images(64)[0]).sum().backward()
    gradients = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    torch.manual_seed(7)
    monitor = monitor_at(tmp_path, network)
    monitor.observe(0)
    monitor.observe(1)
    drawn = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(3))
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    now = [p.grad for p in network.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(gradients, now, strict=True))


@pytest.mark.parametrize("name", ["train_loss", "val_loss"])
def test_a_loss_that_is_not_finite_is_a_result(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    monitor = monitor_at(tmp_path)
    monitor.observe(0)
    monitor.observe(1, train_loss=2.0)
    with caplog.at_level(logging.WARNING):
        seen = monitor.observe(2, **{name: float("nan")})
    assert seen.status == monitor.status == "diverged"
    assert f"the {name} is not finite" in caplog.text
    assert monitor.observe(3, train_loss=1.0).status == "diverged"  # the loop may go on
    assert monitor.finish(test_accuracy=0.1).status == "diverged"
    row = row_of(tmp_path)
    assert (row["status"], row["epochs"], row["test_accuracy"]) == ("diverged", 1, None)
    assert row["error"] == f"the {name} is not finite"
    assert [r["epoch"] for r in table(tmp_path, "epochs")] == [0, 1]


def test_a_network_of_nan_is_a_result(tmp_path: Path) -> None:
    network = make_network()
    monitor = monitor_at(tmp_path, network)
    monitor.observe(0)
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    assert monitor.observe(1).status == "diverged"
    assert row_of(tmp_path)["epochs"] == 0


def observe_twice(place: Path, error: BaseException) -> None:
    """Leave a monitor by an error."""
    with monitor_at(place) as monitor:
        monitor.observe(0)
        monitor.observe(1, train_loss=2.0)
        raise error


def test_an_error_leaves_the_trial_unfinished_and_readable(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no more"):
        observe_twice(tmp_path, RuntimeError("no more"))
    row = row_of(tmp_path)
    assert row["status"] == "failed"
    assert row["error"].strip().endswith("RuntimeError: no more")
    assert [r["train_loss"] for r in table(tmp_path, "epochs")] == [None, 2.0]
    with monitor_at(tmp_path) as again:  # it goes on, and is finished by leaving
        assert (again.status, again.epoch) == ("running", 1)
        again.observe(2, train_loss=1.5)
    assert row_of(tmp_path)["status"] == "done"
    assert row_of(tmp_path)["attempt"] == 2
    assert [r["train_loss"] for r in table(tmp_path, "epochs")] == [None, 2.0, 1.5]


def test_an_interrupt_leaves_no_row(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        observe_twice(tmp_path, KeyboardInterrupt())
    assert not read_index(folder(tmp_path)).rows
    assert [r["epoch"] for r in table(tmp_path, "epochs")] == [0]  # the last one waits in the log
    assert monitor_at(tmp_path).epoch == 1


def test_an_earlier_epoch_drops_what_came_after_it(tmp_path: Path) -> None:
    network = make_network()
    monitor = monitor_at(tmp_path, network)
    for epoch in range(4):
        monitor.observe(epoch, train_loss=float(epoch))
    mask(network, 2)
    monitor.observe(4)
    monitor.observe(2, train_loss=9.0)
    assert monitor.epoch == 2
    monitor.finish()
    losses = [row["train_loss"] for row in table(tmp_path, "epochs")]
    assert losses == [0.0, 1.0, 9.0]
    pruned = {row["epoch"] for row in table(tmp_path, "events") if row["event"] == "pruned"}
    assert pruned == {1}, "masked since the observation that is now the one before"


def test_a_finished_trial_stays_until_another_one_is_finished(tmp_path: Path) -> None:
    monitor = monitor_at(tmp_path)
    monitor.observe(0)
    monitor.observe(1, val_accuracy=0.5)
    monitor.finish(test_accuracy=0.5)
    unchanged = monitor_at(tmp_path)  # killed after its row: nothing is left to observe
    assert (unchanged.status, unchanged.epoch) == ("done", 1)
    assert unchanged.finish(test_accuracy=0.7).status == "done"
    assert row_of(tmp_path)["test_accuracy"] == 0.5
    again = monitor_at(tmp_path)
    with pytest.raises(ValueError, match="expected its first epoch, 0, got 2"):
        again.observe(2)
    again.observe(0)
    again.close()
    assert row_of(tmp_path)["test_accuracy"] == 0.5
    third = monitor_at(tmp_path)
    assert third.epoch == 0, "what the second one observed was lost"
    third.observe(1)
    third.finish(test_accuracy=0.9)
    assert row_of(tmp_path)["test_accuracy"] == pytest.approx(0.9)
    assert len(list(folder(tmp_path).files("epochs"))) == 1


def test_one_process_makes_way_for_its_newer_monitor(tmp_path: Path) -> None:
    older = monitor_at(tmp_path)
    older.observe(0)
    newer = monitor_at(tmp_path)
    newer.observe(0)
    with pytest.raises(ValueError, match="this process made a newer monitor"):
        older.observe(1)
    newer.observe(1)
    newer.finish()
    with pytest.raises(ValueError, match="its trial has ended"):
        newer.observe(2)


def test_trials_side_by_side_are_one_study(tmp_path: Path) -> None:
    monitors = [
        monitor_at(tmp_path, config={"widen": widen, "optim": {"lr": 0.1}}, seed=seed)
        for widen in (2, 1) for seed in (0, 1)
    ]  # fmt: skip
    for monitor in monitors:
        monitor.observe(0)
    for monitor in monitors:
        monitor.finish()
    study = read_study(folder(tmp_path))
    assert study["space"] == {"widen": [2, 1]}
    assert study["base"] == {"optim.lr": 0.1}
    assert study["seeds"] == 2
    assert len(study["starts"]) == 4
    assert study["trials"][monitors[0].trial_id] == {"widen": 2, "optim.lr": 0.1, "seed": 0}
    assert set(study["trials"]) == set(read_index(folder(tmp_path)).rows)


def test_a_probe_is_the_same_in_each_process(tmp_path: Path) -> None:
    images, labels = load_images(96)
    monitor = monitor_at(tmp_path, probe=(images[:64], labels[:64]))
    monitor.observe(0)
    monitor.close()
    other = monitor_at(tmp_path, probe=images[32:])
    with pytest.raises(ValueError, match="expected the 64 examples"):
        other.observe(1)
    other.observe(0)  # from the beginning, over another probe
    other.finish()
