"""What a method says it reads is what it reads: other values of all else change no weight."""

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from nvp.config.trial_config import DataConfig, ModelConfig, OptimConfig, ProbeConfig, TrialConfig
from nvp.data import data_root, load_trial_splits
from nvp.pruning import METHODS, plan_pruning
from nvp.training.build import build
from nvp.training.loop import train
from nvp.trial.settings_read import find_unread
from nvp.trial.validation import check_trial
from tests.remedies.treated import OTHER as OTHER_OF_REMEDIES

BASE = TrialConfig(
    epochs=4,
    data=DataConfig(images=64, batch_size=32),
    model=ModelConfig(width=0.15),
    optim=OptimConfig(lr=0.05),
    probe=ProbeConfig(size=64),
).with_overrides({"prune.patience": 1, "prune.tau": 0.3, "prune.sparsity": 0.6})
OTHER: dict[str, Any] = {  # than in BASE
    "prune.sparsity": 0.3,
    "prune.criterion": "l1",
    "prune.allocation": "layerwise",
    "prune.schedule": "one_shot",
    "prune.start": 0.4,
    "prune.end": 0.95,
    "prune.floor": 0.9,
    "prune.weight_norm": "folded",
    "prune.tau": 0.9,
    "prune.patience": 2,
    "prune.sites": "internal",
    "prune.batch": 16,
    "prune.regrow": "redo",
    "prune.regrow_fraction": 1.0,
    "prune.regrow_end": 0.4,
    "prune.scale_l1": 0.1,
    "prune.scale_l1_schedule": "constant",
    "prune.live_noise": 0.1,
    "prune.alpha_conv": 0.3,
    "prune.alpha_fc": 0.3,
    "prune.position_norm": "l1",
    "prune.rounds": 2,
    "prune.shrink": "auto",
    "prune.draws": "present",
    "model.slope": 0.5,
    "model.norm_groups": 2,
    "model.norm_shift": 0.5,
    "optim.milestones": (0.2,),
    "optim.gamma": 0.9,
    "optim.noise_kind": "absolute",
    "optim.l1_scale": 0.1,
    "data.tasks": 3,
    "data.labels": "balanced",
    "data.first_classes": 3,
    "data.more_classes": 1,
    "optim.restart": "task",
    "optim.reset": "task",
    "epochs": 3,
    **{f"remedy.{name}": value for name, value in OTHER_OF_REMEDIES.items()},
}
# methods that together have every criterion with settings, every schedule, trigger and regrowth
DIFFERENT = (
    "none", "dead", "nvp", "dnr_budget", "nn_relief", "demp", "sfp", "set", "rigl", "early_bird",
    "hrank", "magnitude_weight", "ds_official", "early_snap", "apoz",
)  # fmt: skip
ALL = [m if m in DIFFERENT else pytest.param(m, marks=pytest.mark.minutes) for m in METHODS]


@cache
def run(config: TrialConfig) -> dict[str, Tensor]:
    """Train; return everything that training changed, and what each point masked."""
    check_trial(config)
    data = load_trial_splits(config.data, data_root())
    state = build(config, data, "cpu")
    records = list(train(config, data, state))
    masked = [[record.masked, record.masked_weights, record.epoch] for record in records]
    losses = [record.val_loss for record in records]
    return state.model.state_dict() | {"m": torch.tensor(masked), "l": torch.tensor(losses)}


def is_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    if one.keys() != other.keys():
        return False
    return all(torch.equal(value, other[key]) for key, value in one.items())


@pytest.mark.one_in(5)
@pytest.mark.parametrize("method", ALL)
def test_other_values_of_all_that_a_method_does_not_read_change_nothing(method: str) -> None:
    config = BASE.with_overrides({"prune.method": method})
    unread = find_unread(config)
    changed = config.with_overrides({path: OTHER[path] for path in unread if path in OTHER})
    assert changed != config
    assert find_unread(changed) == unread
    assert unread <= OTHER.keys()
    assert is_same(run(config), run(changed)), sorted(unread)


READ = [  # (path, what else its trial has)
    ("prune.sparsity", {"prune.method": "magnitude"}),
    ("prune.criterion", {"prune.method": "magnitude"}),
    ("prune.allocation", {"prune.method": "magnitude"}),
    ("prune.schedule", {"prune.method": "magnitude"}),
    ("prune.start", {"prune.method": "magnitude"}),
    ("prune.end", {"prune.method": "magnitude"}),
    ("prune.end", {"prune.method": "early_bird"}),
    ("prune.floor", {"prune.method": "magnitude"}),
    ("prune.weight_norm", {"prune.method": "magnitude"}),
    ("prune.tau", {"prune.method": "dead"}),
    ("prune.patience", {"prune.method": "dead"}),
    ("prune.sites", {"prune.method": "magnitude", "model.name": "resnet20", "epochs": 2}),
    ("prune.batch", {"prune.method": "snip"}),
    ("prune.regrow", {"prune.method": "dnr"}),
    ("prune.regrow_fraction", {"prune.method": "set"}),
    ("prune.regrow_end", {"prune.method": "set"}),
    ("prune.scale_l1", {"prune.method": "none"}),
    ("prune.scale_l1_schedule", {"prune.method": "demp"}),
    ("prune.live_noise", {"prune.method": "none"}),
    ("prune.alpha_conv", {"prune.method": "nn_relief"}),
    ("prune.alpha_fc", {"prune.method": "nn_relief"}),
    ("prune.position_norm", {"prune.method": "nn_relief"}),
    ("prune.rounds", {"prune.method": "apoz"}),
    ("prune.shrink", {"prune.method": "magnitude"}),
    ("model.slope", {"model.activation": "leaky_relu"}),
    ("optim.milestones", {"optim.schedule": "multistep"}),
    ("optim.gamma", {"optim.schedule": "multistep"}),
    ("optim.noise_kind", {"optim.noise": 1.0}),
    ("optim.l1_scale", {}),
    ("epochs", {}),
]


@pytest.mark.one_in(5)
@pytest.mark.parametrize(("path", "setting"), READ)
def test_a_setting_that_is_read_changes_the_training(path: str, setting: dict[str, Any]) -> None:
    config = BASE.with_overrides(setting)
    assert path not in find_unread(config)
    other = "always" if path == "prune.shrink" else OTHER[path]  # auto waits until it pays
    assert not is_same(run(config), run(config.with_overrides({path: other})))


def test_a_network_decides_what_is_read_too() -> None:
    def unread(**flat: Any) -> frozenset[str]:
        return find_unread(BASE.with_overrides({k.replace("__", "."): v for k, v in flat.items()}))

    relief = {"prune__method": "nn_relief", "model__norm": "none"}
    assert {"prune.alpha_conv", "prune.position_norm"} <= unread(**relief, model__name="lenet300")
    assert "prune.alpha_conv" not in unread(**relief, model__name="lenet5")
    assert "prune.weight_norm" in unread(prune__method="nvp", model__norm="none")
    assert "optim.l1_scale" in unread(model__norm="none")
    assert "prune.sites" in unread(prune__method="nvp")
    assert "prune.sites" not in unread(prune__method="nvp", model__name="resnet20")
    noisy = {"prune__method": "nvp", "prune__shrink": "auto"}
    assert "prune.draws" in unread(**noisy)
    assert "prune.draws" not in unread(**noisy, optim__noise=1.0)
    assert "epochs" in unread(steps=10)


def test_none_never_prunes_whatever_parts_the_base_has_for_other_methods() -> None:
    parts = {"prune.criterion": "magnitude", "prune.allocation": "layerwise",
             "prune.schedule": "one_shot", "prune.regrow": "gradient"}  # fmt: skip
    config = BASE.with_overrides(parts)
    assert plan_pruning(config.prune).criterion == ""
    assert is_same(run(BASE), run(config))
