"""What a user gives a monitor: configurations, probes, measures; a wrong one is said in a line."""

import importlib
import os
import random
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from nvp.monitor.configuration import name_trial, read_configuration
from nvp.monitor.monitor import Monitor
from nvp.monitor.probe import MOST, read_probe
from nvp.network.adopted.adopt import adopt
from tests.monitor.loop import load_images, make_network


@pytest.mark.parametrize(
    ("config", "flat"),
    [
        ({"optim": {"lr": np.float32(0.1)}, "widen": 2.0}, {"optim.lr": 0.1, "widen": 2}),
        ({"lr": 0.1 + 0.2, "deep": True}, {"lr": 0.3, "deep": True}),
        ({"sizes": (64, 32.0), "name": None}, {"sizes": [64, 32], "name": None}),
        (None, {}),
    ],
)
def test_a_configuration_is_flat_and_plain(config: dict, flat: dict) -> None:
    assert read_configuration(config) == flat
    assert [type(v) for v in read_configuration(config).values()] == [
        type(v) for v in flat.values()
    ]


def test_a_name_depends_on_values_and_seed_alone() -> None:
    config = {"optim.lr": 0.1, "widen": 2}
    name = name_trial(config, 0)
    assert name == name_trial(dict(reversed(config.items())), 0)
    assert len({name, name_trial(config, 1), name_trial(config | {"widen": 3}, 0)}) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"config": {"seed": 1}}, "the seed is the argument seed"),
        ({"config": {"status": "new"}}, "keys that are no columns of the tables, got 'status'"),
        ({"config": {"a": {"b": 1}, "a.b": 2}}, "every key once, got 'a.b' twice"),
        ({"config": {3: 1}}, "keys that are text, got 3"),
        ({"config": {"out": Path("x")}}, "numbers, text or lists of them, got the PosixPath"),
        ({"config": {"lr": float("inf")}}, "finite numbers, got inf for 'lr'"),
        ({"seed": -1}, "seed: expected a whole number >= 0, got -1"),
        ({"study": "a/b"}, "study: expected a name of letters"),
        ({"probe": 3}, "probe: expected a tensor, (inputs, labels)"),
        ({"probe": []}, "got no example"),
        ({"probe": {"labels": torch.ones(3)}}, "got a batch of the type dict"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(
    tmp_path: Path, arguments: dict[str, Any], said: str
) -> None:
    given = {"study": "s", "probe": torch.ones(2, 1, 8, 8), "storage": tmp_path} | arguments
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        Monitor(make_network(), given.pop("probe"), **given)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir()), "something was written"


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ({"val_acc": 0.5}, "got 'val_acc' (did you mean 'val_accuracy'?)"),
        ({"val_accuracy": 93.0}, "val_accuracy: expected a fraction in [0, 1], got 93.0"),
        ({"lr": float("nan")}, "lr: expected a finite number"),
        ({"train_loss": "low"}, "train_loss: expected a number, got the str 'low'"),
    ],
)
def test_wrong_measures_are_refused(tmp_path: Path, measured: dict[str, Any], said: str) -> None:
    monitor = Monitor(make_network(), load_images(64)[0], study="s", storage=tmp_path)
    with pytest.raises(ValueError, match=re.escape(said)):
        monitor.observe(0, **measured)
    for epoch in (-1, 1.5, True):
        with pytest.raises(ValueError, match="a whole number >= 0"):
            monitor.observe(epoch)
    with pytest.raises(ValueError, match="at least one observation"):
        monitor.finish()
    monitor.observe(0, train_loss=torch.tensor([0.5]), val_accuracy=np.float32(0.5))


def test_a_probe_is_read_in_order_whatever_the_loader_shuffles() -> None:
    images, labels = load_images(100)
    plain = read_probe(images)
    torch.manual_seed(3)
    before = torch.get_rng_state()
    loader = DataLoader(TensorDataset(images, labels), batch_size=32, shuffle=True, drop_last=True)
    found = [
        read_probe(source) for source in (loader, (images, labels), [images[:60], images[60:]])
    ]
    assert {probe.hash for probe in [plain, *found]} == {plain.hash}
    assert all(probe.size == 100 for probe in found)
    assert torch.equal(before, torch.get_rng_state())
    assert read_probe(images[:99]).hash != plain.hash


class Drawn(Dataset):
    """Examples that each reading draws anew, from every stream that transforms use."""

    def __len__(self) -> int:
        return MOST + 10

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        drawn = torch.rand(2) + random.random() + float(np.random.rand())  # noqa: NPY002
        return {"x": drawn, "labels": torch.tensor(1)}


def test_a_probe_of_drawn_examples_is_the_same_each_time() -> None:
    probe = read_probe(DataLoader(Drawn(), batch_size=1000))
    random.random()
    torch.rand(1)
    assert probe.hash == read_probe(DataLoader(Drawn(), batch_size=1000)).hash
    assert probe.size == MOST
    assert [set(batch) for batch in probe.batches] == [{"x"}] * 3


def test_a_network_without_neurons_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found no neurons in Linear"):
        Monitor(nn.Linear(4, 2), torch.ones(2, 4), study="s", storage=tmp_path)
    with pytest.raises(ValueError, match="expected a torch.nn.Module, got str"):
        Monitor("resnet18", torch.ones(2, 4), study="s", storage=tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        (torch.ones(4, 5), "takes, got float32 of (n, 5): RuntimeError: mat1 and mat2 shapes"),
        (torch.ones(4, 4).long(), "takes, got int64 of (n, 4): RuntimeError: mat1 and mat2 must"),
        ({"x": torch.ones(4, 4)}, "takes, got x: float32 of (n, 4): TypeError"),
    ],
)
@pytest.mark.parametrize("adopted", [False, True])
def test_a_probe_that_the_network_does_not_take_is_refused_before_anything_is_written(
    tmp_path: Path, probe: Any, said: str, adopted: bool
) -> None:
    network = make_plain(8)
    if adopted:
        network = adopt(network, torch.ones(2, 4))
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        Monitor(network, probe, study="s", storage=tmp_path)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def make_plain(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))


def test_another_network_does_not_go_on_with_a_trial(tmp_path: Path) -> None:
    own: dict[str, Any] = {"study": "s", "storage": tmp_path}
    first = Monitor(make_plain(8), torch.ones(4, 4), **own)
    first.observe(0)
    first.close()
    said = "8 neurons in 1, got 16 neurons in 1; another network is another trial"
    with (
        pytest.raises(ValueError, match=said),
        Monitor(make_plain(16), torch.ones(4, 4), **own) as m,
    ):
        m.observe(1)
    with pytest.raises(ValueError, match=said):
        Monitor(make_plain(16), torch.ones(4, 4), **own).finish()
    again = Monitor(make_plain(16), torch.ones(4, 4), **own)
    again.observe(0)  # it begins again
    assert again.finish().status == "done"


def test_what_comes_after_the_end_is_not_dropped_in_silence(tmp_path: Path) -> None:
    monitor = Monitor(make_plain(8), torch.ones(4, 4), study="s", storage=tmp_path)
    monitor.observe(0)
    monitor.finish(test_accuracy=0.5)
    assert monitor.finish().status == "done"
    with pytest.raises(ValueError, match="expected test_accuracy at the first call of it"):
        monitor.finish(test_accuracy=0.7)


def test_a_forked_process_does_not_go_on_with_its_parent_s_monitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = Monitor(make_plain(8), torch.ones(4, 4), study="s", storage=tmp_path)
    monitor.observe(0)
    parent = os.getpid()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: parent + 1)
        with pytest.raises(ValueError, match=f"is of the process {parent}, from which"):
            monitor.observe(1)
        monitor.close()  # does not give the parent's lock free
    assert monitor.hold.held
    monitor.observe(1)
    assert monitor.finish().epoch == 1


@pytest.mark.parametrize(
    ("module", "lacks", "extra"),
    [
        ("lightning", "lightning.pytorch", "nvp[lightning]"),
        ("hugging_face", "transformers", "nvp[transformers]"),
    ],
)
def test_a_missing_package_is_said_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, module: str, lacks: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, lacks, None)
    monkeypatch.delitem(sys.modules, f"nvp.monitor.{module}", raising=False)
    with pytest.raises(ImportError, match=re.escape(f"pip install '{extra}'")) as error:
        importlib.import_module(f"nvp.monitor.{module}")
    assert "\n" not in str(error.value)
