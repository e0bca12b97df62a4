"""Thousands of made-up but well-formed trials, through the real writer, for `benchmarks.report`.

A grid of learning rate, batch size and method. Neurons die at a rate of lr / B, a method masks
half of every layer at epoch 10, and what no figure is about is random.
"""

import json
import os
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa

from nvp.config.dotted_paths import flatten_config, read_value
from nvp.config.identity import trial_id
from nvp.config.trial_config import DataConfig, OptimConfig, PruneConfig, TrialConfig
from nvp.storage.codec import rows_from_columns
from nvp.storage.schema import TABLES
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from nvp.storage.writer import TrialWriter

WIDTHS = {"conv1": 64, "conv2": 128, "conv3": 256, "conv4": 256, "hidden": 300}
EPOCHS = 20
SAMPLED = (0, 1, 2, 4, 8, 16, 20)
UNASKED = ("task_accuracy", "online_accuracy", "noise_scale")  # without tasks, and unless asked
METHODS = ("none", "dead", "nvp", "random")


def configs(sizes: dict[str, int]) -> Iterator[TrialConfig]:
    """Yield every cell and seed of a grid of learning rate, batch size and method."""
    rates = np.geomspace(0.01, 0.5, sizes["optim.lr"]).round(4)
    batches = [2 ** (3 + i) for i in range(sizes["data.batch_size"])]
    methods = METHODS[: sizes["prune.method"]]
    for rate, batch, method, seed in product(rates, batches, methods, range(sizes["seed"])):
        yield TrialConfig(
            epochs=EPOCHS,
            seed=seed,
            data=DataConfig(batch_size=batch),
            optim=OptimConfig(lr=float(rate)),
            prune=PruneConfig(method=method),
        )


def filled(table: str, count: int, given: dict[str, Any]) -> dict[str, Any]:
    """Return columns of a table: those given, and made-up values for the others, never null."""
    generator = np.random.default_rng(count)
    columns: dict[str, Any] = {}
    for column in TABLES[table]:
        if pa.types.is_floating(column.type):
            columns[column.name] = generator.random(count).tolist()
        elif pa.types.is_boolean(column.type):
            columns[column.name] = True
        elif pa.types.is_integer(column.type):
            columns[column.name] = 0
        elif column.name != "trial_id":
            columns[column.name] = "dead"
    listed = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in given.items()}
    return columns | listed


def deaths(config: TrialConfig, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Return layer by layer the epoch at which each neuron dies, EPOCHS + 1 = never."""
    scale = 200.0 * config.data.batch_size / (config.optim.lr * 1000)
    return {
        name: np.minimum(generator.exponential(scale, width).astype(int), EPOCHS + 1)
        for name, width in WIDTHS.items()
    }


def layer_rows(died: dict[str, np.ndarray], pruned: bool) -> dict[str, Any]:
    """Return the columns of `layers`; a method masks half of every layer at epoch 10."""
    epochs, names = (part.ravel() for part in np.meshgrid(range(EPOCHS + 1), list(WIDTHS)))
    dead = np.array([(died[n] <= e).sum() for e, n in zip(epochs, names, strict=True)])
    dense = np.array([WIDTHS[n] for n in names])
    masked = np.where((epochs > 10) & pruned, dense // 2, 0)
    counts = {"dead": np.minimum(dead, dense - masked), "kept": dense - masked, "masked": masked}
    depth = [list(WIDTHS).index(n) for n in names]
    given = {"epoch": epochs, "layer": names, "depth": depth, "dense": dense, "site": "internal"}
    given |= counts | {"negative_side": None, "saturated": None, "dormant_0025": counts["dead"]}
    return filled("layers", len(names), given)


def event_rows(died: dict[str, np.ndarray], pruned: bool) -> dict[str, Any]:
    """Return the columns of `events`: deaths, and what a method prunes at epoch 10."""
    rows = [
        (int(epoch), name, neuron, "died", "training")
        for name, epochs in died.items()
        for neuron, epoch in enumerate(epochs)
        if epoch <= EPOCHS
    ]
    rows += [
        (10, name, neuron, "pruned", "nvp")
        for name, width in WIDTHS.items()
        for neuron in range(0, width, 2)
        if pruned
    ]
    names = ("epoch", "layer", "neuron", "event", "cause")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
    return filled("events", len(rows), columns | {"count": None})


def neuron_rows() -> dict[str, Any]:
    """Return the columns of `neurons`, with random scores."""
    rows = [
        (epoch, name, neuron)
        for epoch in SAMPLED
        for name, width in WIDTHS.items()
        for neuron in range(width)
    ]
    epochs, layers, neurons = map(list, zip(*rows, strict=True))
    return filled("neurons", len(rows), {"epoch": epochs, "layer": layers, "neuron": neurons})


def commit(storage: Storage, config: TrialConfig, *, whole: bool, epochs: bool) -> None:
    """Write the tables and the row of one made-up trial; of a whole one, all five tables."""
    name = trial_id(config)
    generator = np.random.default_rng(int(name, 16))
    died, pruned = deaths(config, generator), config.prune.method != "none"
    writer = TrialWriter(storage, name, 1)
    writer.add("layers", rows_from_columns("layers", name, layer_rows(died, pruned)))
    if whole or epochs:
        given = {"epoch": list(range(EPOCHS + 1))} | ({} if whole else dict.fromkeys(UNASKED))
        points = filled("epochs", EPOCHS + 1, given)
        writer.add("epochs", rows_from_columns("epochs", name, points))
    if whole:
        writer.add("events", rows_from_columns("events", name, event_rows(died, pruned)))
        writer.add("neurons", rows_from_columns("neurons", name, neuron_rows()))
    made_up = filled("trials", 1, {})
    row = {k: v[0] if isinstance(v, list) else v for k, v in made_up.items()}
    row |= {"test_accuracy": generator.random(), "weight_sparsity": generator.random()}
    units = sum(WIDTHS.values())
    row |= {"trial_id": name, "status": "done", "config": json.dumps(flatten_config(config))}
    row |= {"epochs": EPOCHS, "steps": EPOCHS * 50_000 // config.data.batch_size, "error": None}
    row |= {"flops": 100, "flops_left": 30 if pruned else 100, "sparsity": 0.5 * pruned}
    writer.commit(row | {"units": units, "masked_units": units // 2 * pruned})


def make(
    place: str, study: str, sizes: dict[str, int], *, whole: bool, epochs: bool = False
) -> None:
    """Commit all trials of a grid and its plan, unless they are there."""
    if Path(place, study).exists():
        return
    start, trials = time.perf_counter(), {}
    with patch.object(os, "fsync"):
        for config in configs(sizes):
            commit(open_study(place, study, "quick"), config, whole=whole, epochs=epochs)
            trials[trial_id(config)] = {key: read_value(config, key) for key in sizes}
    axes = {key: list(dict.fromkeys(row[key] for row in trials.values())) for key in sizes}
    plan = {"space": {key: axes[key] for key in axes if key != "seed"}, "trials": trials}
    Path(place, study, "quick", "study.json").write_text(json.dumps(plan))
    print(f"    {study}: made in {time.perf_counter() - start:.0f} s", flush=True)
