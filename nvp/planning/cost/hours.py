"""Hours that trials will take, as an interval: from finished trials, else from two short runs."""

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from statistics import mean, stdev

from nvp.config.dotted_paths import flatten_config, list_paths
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, read_trial_facts
from nvp.data.tasks import expect_task_images
from nvp.network.flops import count_flops
from nvp.planning.cost.disk_use import group_by_cost
from nvp.pruning import plan_pruning
from nvp.storage.index import Index
from nvp.training.build import build_untrained, random_images, set_up_process
from nvp.training.length import count_points, count_steps, find_length
from nvp.training.loop import train
from nvp.trial.validation import check_model

FEWEST = 3  # finished trials from which a spread can be estimated
MOST = 500  # finished trials that are read
STEPS = 5
QUICK = 0.1  # seconds; a first step as short as that is mostly start-up, so more are timed
IMAGES = 256  # of the probe and of validation in a short run
VALIDATED = 1 / 9  # images of the validation split for each of train
MARGIN = 1.5  # nine of ten trials took 1/1.5 to 1.5 times the estimate, on a busy machine
PRICED = ("data.", "model.", "probe.", "precision", "layout")
Kinds = list[tuple[TrialConfig, int]]


@dataclass(frozen=True)
class Price:
    """Seconds of trials one after another, at least and at most, and the source of the estimate."""

    low: float
    high: float
    source: str


def estimate_price(trials: list[TrialConfig], index: Index) -> Price:
    """Return the price of `trials`: a 95 % prediction interval where finished trials are like them.

    Of the other trials, the cheapest and the dearest run for a few steps on this machine's CPU.
    """
    rates = read_rates(index)
    every = group_by_cost(trials)
    seen = [pair for pair in every if len(rates[make_cost_key(pair[0])]) >= FEWEST]
    new = [pair for pair in every if pair not in seen]
    prices = ([price_from_rows(seen, rates)] if seen else []) + (
        [price_from_short_runs(new)] if new else []
    )
    sources = " and ".join(part.source for part in prices)
    return Price(
        low=sum(part.low for part in prices),
        high=sum(part.high for part in prices),
        source=sources,
    )


def read_rates(index: Index) -> defaultdict[str, list[float]]:
    """Return {kind of step: seconds per step of finished trials}, measuring points included."""
    rows = [row for row in index.rows.values() if row["status"] == "done" and row["steps"]]
    usual = flatten_config(TrialConfig())
    rates = defaultdict(list)
    for row in rows[:: len(rows) // MOST + 1]:  # evenly spread over all, at most MOST
        rates[join_priced(usual | json.loads(row["config"]))].append(row["seconds"] / row["steps"])
    return rates


def make_cost_key(config: TrialConfig) -> str:
    """Return the values that change the cost of a step, as a row of `trials` has them, too."""
    return join_priced(flatten_config(config))


def join_priced(flat: dict) -> str:
    """Return those values of a flat configuration that change the cost of a step, as text."""
    return json.dumps(
        [flat.get(path) for path in list_paths(TrialConfig) if path.startswith(PRICED)]
    )


def price_from_rows(seen: Kinds, rates: dict[str, list[float]]) -> Price:
    """Return the prediction interval of the sum, with the spread of the finished trials."""
    from scipy.special import stdtrit  # here: a third of a second, which only an estimate needs

    middle = variance = 0.0
    counts = []
    for config, count in seen:
        found = rates[make_cost_key(config)]
        steps = count_trial_steps(config)
        middle += count * steps * mean(found)
        variance += (stdev(found) * steps) ** 2 * (count + count**2 / len(found))
        counts.append(len(found))
    half = float(stdtrit(min(counts) - 1, 0.975)) * variance**0.5
    source = f"{sum(counts)} finished trials"
    return Price(low=max(middle - half, 0.0), high=middle + half, source=source)


def count_trial_steps(config: TrialConfig) -> int:
    """Return the steps of a trial."""
    facts = read_trial_facts(config.data, data_root())
    return count_steps(config, expect_task_images(config.data, facts))


def price_from_short_runs(new: Kinds) -> Price:
    """Return the price of all, extrapolated by operations from the cheapest and the dearest.

    A single kind is run with two seeds.
    """
    work = {config: count_trial_flops(config) for config, _ in new}
    cheap, dear = min(work, key=work.__getitem__), max(work, key=work.__getitem__)
    other = replace(dear, seed=dear.seed + 1) if cheap == dear else dear
    rates = [extrapolate_run(cheap) / work[cheap], extrapolate_run(other) / work[dear]]
    total = sum(count * work[config] for config, count in new)
    source = "two short runs on this machine's CPU"
    low, high = min(rates) * total / MARGIN, max(rates) * total * MARGIN
    return Price(low=low, high=high, source=source)


def count_trial_flops(config: TrialConfig) -> int:
    """Return the operations of a trial's forward passes."""
    facts = read_trial_facts(config.data, data_root())
    model = check_model(config.model, facts.image_shape, facts.num_classes)
    images = count_trial_steps(config) * config.data.batch_size
    return images * count_flops(model, facts.image_shape)


@cache
def extrapolate_run(config: TrialConfig) -> float:
    """Train a few steps, observe and evaluate once; scale each to the whole trial."""
    set_up_process("cpu")
    seconds = time_short_run(config, 1)
    if seconds["train"] < QUICK:
        seconds = time_short_run(config, STEPS)
    facts = read_trial_facts(config.data, data_root())
    images, num_train = expect_task_images(config.data, facts), facts.num_train
    length = find_length(config, images)
    points, borders = count_points(config, length), len(length.epoch_ends) - 1
    passes = points + borders * (2 if plan_pruning(config.prune).criterion else 1)
    evaluations = points + borders  # at the end of each task, on about as many test images
    return (
        length.steps * seconds["train"]
        + passes * min(config.probe.size, num_train) * seconds["observe"]
        + evaluations * num_train * VALIDATED * seconds["evaluate"]
    )


def time_short_run(config: TrialConfig, steps: int) -> dict[str, float]:
    """Return the seconds of a step, and of observing and evaluating an image."""
    facts = read_trial_facts(config.data, data_root())
    count = max(steps * config.data.batch_size, min(IMAGES, facts.num_train))
    probe = replace(config.probe, size=min(config.probe.size, max(IMAGES, config.probe.bins)))
    data = replace(config.data, task="none")  # noise has no classes; a step costs the same
    short = replace(config, steps=steps, epochs=1, probe=probe, data=data)
    images = random_images(facts, count)
    *_, last = train(short, images, build_untrained(short, images, "cpu"))
    return {
        "train": last.seconds["train"] / steps,
        "observe": last.seconds["observe"] / min(probe.size, count),
        "evaluate": last.seconds["evaluate"] / count,
    }
