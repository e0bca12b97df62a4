"""What a dry run prices: an interval of hours from rows or short runs, and the bytes on disk."""

import json
from pathlib import Path

import pytest

from nvp.config.dotted_paths import flatten_config
from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.data.sets.digits import DIGITS
from nvp.planning.cost import hours as pricing
from nvp.planning.cost.disk_use import checkpoint_bytes, estimate_bytes, group_by_cost, kept_bytes
from nvp.planning.cost.hours import estimate_price
from nvp.storage.index import Index, read_index
from nvp.storage.store import Storage
from nvp.training.length import count_steps
from nvp.training.optim import OPTIMIZERS
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions

BASE = TrialConfig().with_overrides({"model.width": 0.25, "epochs": 2})
SHORT = {"epochs": 1, "probe.size": 64, "data.batch_size": 350}
WIDE = BASE.with_overrides({"model.width": 0.5})
STEPS = count_steps(BASE, DIGITS.num_train)


def index_of(seconds_a_step: list[float], **changes: object) -> Index:
    """Return an index of done trials, one seed each."""
    rows = {}
    for seed, rate in enumerate(seconds_a_step):
        config = BASE.with_overrides({"seed": seed, **changes})
        steps = count_steps(config, DIGITS.num_train)
        rows[trial_id(config)] = {
            "status": "done", "seconds": rate * steps, "steps": steps,
            "config": json.dumps(flatten_config(config)),
        }  # fmt: skip
    return Index(Storage.at("nowhere"), rows, {}, frozenset())


@pytest.fixture
def no_short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(config: TrialConfig) -> float:
        raise AssertionError(f"a short run of {config}")

    monkeypatch.setattr(pricing, "extrapolate_run", refuse)


@pytest.mark.usefixtures("no_short_runs")
def test_the_interval_is_the_prediction_interval_of_the_sum() -> None:
    found = estimate_price([BASE] * 4, index_of([1.9, 2.0, 2.1]))
    half = (
        4.302653 * 0.1 * STEPS * (4 + 4**2 / 3) ** 0.5
    )  # t(2), deviation 0.1, four trials of three
    assert found.low == pytest.approx(8 * STEPS - half, rel=1e-5)
    assert found.high == pytest.approx(8 * STEPS + half, rel=1e-5)
    assert found.source == "3 finished trials"
    assert estimate_price([BASE] * 4, index_of([1.0, 20.0, 3.0])).low == 0


@pytest.mark.usefixtures("no_short_runs")
def test_trials_twice_as_long_cost_twice_and_other_methods_the_same() -> None:
    index = index_of([1.0, 1.1, 0.9])
    once = estimate_price([BASE], index)
    twice = estimate_price([BASE.with_overrides({"epochs": 4})], index)
    assert (twice.low, twice.high) == pytest.approx((2 * once.low, 2 * once.high))
    assert once == estimate_price(
        [BASE.with_overrides({"prune.method": "dead", "optim.lr": 0.3})], index
    )


def test_what_no_finished_trial_is_like_is_run_for_a_few_steps(monkeypatch) -> None:
    ran = []
    monkeypatch.setattr(pricing, "extrapolate_run", lambda config: ran.append(config) or 60.0)
    index = index_of([1.0, 1.0, 1.0], **{"data.batch_size": 128})
    for few in (index, index_of([1.0, 1.0])):
        ran.clear()
        found = estimate_price([BASE, BASE, WIDE], few)
        assert ran == [BASE, WIDE], "the cheapest and the dearest"
        assert 0 < found.low < 3 * 60 < found.high
        assert found.source == "two short runs on this machine's CPU"
    ran.clear()
    both = estimate_price([BASE, WIDE], index_of([1.0, 1.0, 1.0]))
    assert [config.model for config in ran] == [WIDE.model] * 2
    assert [config.seed for config in ran] == [0, 1]
    assert both.source == "3 finished trials and two short runs on this machine's CPU"
    assert both.low == pytest.approx(STEPS + 60 / pricing.MARGIN)


def test_a_short_run_says_what_a_trial_takes(tmp_path: Path) -> None:
    config = BASE.with_overrides({"epochs": 4, "model.width": 0.5})
    said = pricing.extrapolate_run(config)
    *_, last = run_trial(config, storage := Storage.at(str(tmp_path)))
    assert last.status == "done"
    (row,) = read_index(storage).rows.values()
    assert said / 4 < row["seconds"] < said * 4, "far off, even for a busy machine"


def test_a_longer_trial_is_dearer() -> None:
    assert pricing.count_trial_flops(WIDE) > pricing.count_trial_flops(BASE)
    assert pricing.count_trial_flops(
        BASE.with_overrides({"epochs": 4})
    ) == 2 * pricing.count_trial_flops(BASE)


CASES = {name: {"optim.name": name, "optim.lr": 0.01} for name in OPTIMIZERS} | {
    "no momentum": {"optim.momentum": 0.0},
    "weights": {"prune.method": "snip", "prune.sparsity": 0.5},
    "resnet": {"model.name": "resnet18", "model.width": 0.25},
}


@pytest.mark.one_in(3)
@pytest.mark.parametrize("case", CASES)
def test_a_checkpoint_is_as_large_as_was_said(case: str, tmp_path: Path) -> None:
    config = TrialConfig().with_overrides(SHORT | {"model.width": 0.5} | CASES[case])
    storage = Storage.at(str(tmp_path))
    *_, last = run_trial(config, storage, RunOptions(keep_checkpoints=True))
    assert last.status == "done", last.error
    sizes = storage.files("checkpoints").values()
    assert checkpoint_bytes([config]) == pytest.approx(max(sizes), rel=0.2)


def test_the_largest_checkpoint_counts_while_running_and_all_when_kept() -> None:
    one, other = checkpoint_bytes([BASE]), checkpoint_bytes([WIDE])
    assert checkpoint_bytes([BASE, WIDE, BASE]) == other > one
    assert kept_bytes([BASE, WIDE, BASE]) == 2 * (2 * one + other)


def test_trials_that_hardly_differ_in_cost_are_counted_together() -> None:
    seeds = [BASE.with_overrides({"seed": seed, "optim.noise": 1.0}) for seed in range(3)]
    assert group_by_cost([BASE, *seeds, WIDE]) == [(BASE, 4), (WIDE, 1)]
    assert estimate_bytes([BASE, *seeds]) == 4 * estimate_bytes([BASE])
