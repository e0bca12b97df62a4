"""Hours that trials will take, as an interval: from finished trials, else from two short runs."""

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from statistics import mean, stdev

from nvp.config.dotted_paths import flatten_config, list_paths
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, facts_of
from nvp.network.flops import count_flops
from nvp.planning.cost.disk_use import kinds
from nvp.storage.reader import Index
from nvp.training.build import build, random_images, set_up_process
from nvp.training.loop import num_epochs, num_steps, train
from nvp.trial.validation import check_model

FEWEST = 3  # finished trials that say something of a spread
MOST = 500  # finished trials that are looked at
STEPS = 5
QUICK = 0.1  # seconds of a first step that is no measure yet
IMAGES = 256  # of the probe and of validation in a short run
VALIDATED = 1 / 9  # images of the validation split for each of train
MARGIN = 1.5  # nine of ten trials took 1/1.5 to 1.5 of what a short run said, on a busy machine
PRICED = ("data.", "model.", "probe.", "precision", "layout")
Kinds = list[tuple[TrialConfig, int]]


@dataclass(frozen=True)
class Price:
    """Seconds of trials one after another, at least and at most, and what that rests on."""

    low: float
    high: float
    source: str


def price(trials: list[TrialConfig], index: Index) -> Price:
    """Return the price of `trials`: a 95 % prediction interval where finished trials are like them.

    Of the others the cheapest and the dearest are run for a few steps on this machine's CPU.
    """
    rates = finished_rates(index)
    every = kinds(trials)
    seen = [pair for pair in every if len(rates[written_kind(pair[0])]) >= FEWEST]
    new = [pair for pair in every if pair not in seen]
    parts = ([from_rows(seen, rates)] if seen else []) + ([from_short_runs(new)] if new else [])
    sources = " and ".join(part.source for part in parts)
    return Price(sum(part.low for part in parts), sum(part.high for part in parts), sources)


def finished_rates(index: Index) -> defaultdict[str, list[float]]:
    """Return {kind of step: seconds per step of finished trials}, measuring points included."""
    rows = [row for row in index.rows.values() if row["status"] == "done" and row["steps"]]
    usual = flatten_config(TrialConfig())
    rates = defaultdict(list)
    for row in rows[:: len(rows) // MOST + 1]:
        rates[priced(usual | json.loads(row["config"]))].append(row["seconds"] / row["steps"])
    return rates


def written_kind(config: TrialConfig) -> str:
    """Return `step_kind` as it can be read from a row."""
    return priced(flatten_config(config))


def priced(flat: dict) -> str:
    """Return the values that change the cost of a step."""
    return json.dumps(
        [flat.get(path) for path in list_paths(TrialConfig) if path.startswith(PRICED)]
    )


def from_rows(seen: Kinds, rates: dict[str, list[float]]) -> Price:
    """Return the prediction interval of the sum, trials spreading as the finished ones do."""
    from scipy.special import stdtrit  # here: a third of a second, which only an estimate needs

    middle = variance = 0.0
    counts = []
    for config, count in seen:
        found = rates[written_kind(config)]
        steps = steps_of(config)
        middle += count * steps * mean(found)
        variance += (stdev(found) * steps) ** 2 * (count + count**2 / len(found))
        counts.append(len(found))
    half = float(stdtrit(min(counts) - 1, 0.975)) * variance**0.5
    return Price(max(middle - half, 0.0), middle + half, f"{sum(counts)} finished trials")


def steps_of(config: TrialConfig) -> int:
    """Return the steps of a trial."""
    return num_steps(config, facts_of(config.data, data_root()).num_train)


def from_short_runs(new: Kinds) -> Price:
    """Return what the cheapest and the dearest trial say of all, by their operations.

    A single kind is run with two seeds.
    """
    work = {config: trial_flops(config) for config, _ in new}
    cheap, dear = min(work, key=work.__getitem__), max(work, key=work.__getitem__)
    other = replace(dear, seed=dear.seed + 1) if cheap == dear else dear
    rates = [extrapolate(cheap) / work[cheap], extrapolate(other) / work[dear]]
    total = sum(count * work[config] for config, count in new)
    source = "two short runs on this machine's CPU"
    return Price(min(rates) * total / MARGIN, max(rates) * total * MARGIN, source)


def trial_flops(config: TrialConfig) -> int:
    """Return the operations of a trial's forward passes."""
    facts = facts_of(config.data, data_root())
    model = check_model(config.model, facts.image_shape, facts.num_classes)
    return steps_of(config) * config.data.batch_size * count_flops(model, facts.image_shape)


@cache
def extrapolate(config: TrialConfig) -> float:
    """Train a few steps, observe and evaluate once; scale each to the whole trial."""
    set_up_process("cpu")
    seconds = short_run(config, 1)
    if seconds["train"] < QUICK:
        seconds = short_run(config, STEPS)
    num_train = facts_of(config.data, data_root()).num_train
    points = num_epochs(config, num_train) / config.probe.every + 1
    return (
        num_steps(config, num_train) * seconds["train"]
        + points * min(config.probe.size, num_train) * seconds["observe"]
        + points * num_train * VALIDATED * seconds["evaluate"]
    )


def short_run(config: TrialConfig, steps: int) -> dict[str, float]:
    """Return the seconds of a step, and of observing and evaluating an image."""
    facts = facts_of(config.data, data_root())
    count = max(steps * config.data.batch_size, min(IMAGES, facts.num_train))
    probe = replace(config.probe, size=min(config.probe.size, max(IMAGES, config.probe.bins)))
    short = replace(config, steps=steps, epochs=1, probe=probe)
    data = random_images(facts, count)
    *_, last = train(short, data, build(short, data, "cpu"))
    return {
        "train": last.seconds["train"] / last.step,
        "observe": last.seconds["observe"] / min(probe.size, count),
        "evaluate": last.seconds["evaluate"] / count,
    }
