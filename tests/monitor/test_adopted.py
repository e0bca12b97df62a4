"""A monitor of networks that were not written for nvp: of torchvision, of text, a plain module."""

import json
from pathlib import Path

import torch
from torch import nn
from torchvision.models import resnet18

import nvp
from nvp.network.adopted.adopted import Adopted
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.study_folder import open_study


def test_a_torchvision_network_is_pruned_and_shrunk_under_a_monitor(tmp_path: Path) -> None:
    torch.manual_seed(0)
    images = torch.randn(16, 3, 16, 16)
    network = nvp.adopt(resnet18(num_classes=4), images[:2])
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    monitor = nvp.Monitor(network, images, study="s", storage=tmp_path)
    assert monitor.network is network
    monitor.observe(0)
    network(images).square().sum().backward()
    optimizer.step()
    monitor.observe(1, train_loss=1.0)
    pruned = nvp.prune(network, optimizer, method="magnitude", sparsity=0.5, images=images)
    removed = nvp.shrink(network, optimizer)
    seen = monitor.observe(2)
    monitor.finish()
    index = read_index(open_study(str(tmp_path), "s", "monitor"))
    (row,) = index.rows.values()
    assert seen.sparsity is not None
    assert abs(seen.sparsity - row["sparsity"]) < 1e-6
    assert abs(row["sparsity"] - 0.5) < 0.01
    assert row["parameters_left"] == sum(p.numel() for p in network.parameters())
    assert row["parameters"] > 2 * row["parameters_left"]
    assert row["flops"] > 2 * row["flops_left"]
    assert json.loads(row["config"])["prune.method"] == "by hand"
    events = [e for e in read_table(index, "events").to_pylist() if e["event"] == "shrunk"]
    assert {e["layer"]: e["count"] for e in events} == removed
    assert {e["epoch"] for e in events} == {1}
    layers = read_table(index, "layers").to_pylist()
    at_one = {r["layer"]: r["pruned"] for r in layers if r["epoch"] == 1 and r["pruned"]}
    assert at_one == pruned
    at_two = {r["layer"]: r for r in layers if r["epoch"] == 2}
    assert all(r["kept"] + r["masked"] == r["dense"] for r in at_two.values())


def test_a_plain_module_is_adopted_and_stays_what_it_is(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 3)).train()
    module[2].eval()  # a mode that is not that of the whole
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    monitor = nvp.Monitor(module, torch.randn(40, 8), study="s", storage=tmp_path)
    assert isinstance(monitor.network, Adopted)
    assert monitor.network.module is module
    monitor.observe(0)
    assert [part.training for part in module] == [True, True, False, True]
    now = module.state_dict()
    assert list(now) == list(before)
    assert all(torch.equal(before[name], now[name]) for name in before)
    monitor.finish()


def test_a_network_of_text_is_observed_over_named_inputs(tmp_path: Path) -> None:
    from transformers import BertConfig, BertForSequenceClassification  # takes seconds

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=12, num_labels=3,
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    ids = torch.randint(1, 50, (20, 9))
    probe = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    monitor = nvp.Monitor(model, [probe, probe], study="s", storage=tmp_path)
    monitor.observe(0)
    monitor.finish(test_accuracy=0.4)
    index = read_index(open_study(str(tmp_path), "s", "monitor"))
    (row,) = index.rows.values()
    assert (row["status"], row["probe_size"], row["flops"]) == ("done", 40, None)
    assert row["parameters"] == sum(p.numel() for p in model.parameters())
    layers = read_table(index, "layers").to_pylist()
    assert sum(r["dense"] == 24 and r["death"] == "dormant_0025" for r in layers) == 2  # GELUs
