"""The files of weights of a start: fetched by the driver, named, compared with earlier ones.

A trial's name has the name of its weights, not what is in the file. So the hash of the file is in
its row, and a start with another file is refused.
"""

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nvp.config.space import Grid, list_cells
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, read_trial_facts
from nvp.models.pretrained import Source, Weights, fetch, find_source, load_weights
from nvp.planning.plan import Plan
from nvp.storage.index import Index
from nvp.storage.writer import FINISHED
from nvp.study.data_check import REMEDY
from nvp.study.start import Start
from nvp.trial.validation import check_model


def fetch_all_weights(
    start: Start, trials: dict[str, TrialConfig], index: Index
) -> tuple[Weights, ...]:
    """Bring the files of weights of a start here, try and print them; return them for the trials.

    Raises:
        ValueError: one is not there and cannot be downloaded, does not fit a network, or is another
            one than finished trials started from, which is not accepted.
    """
    found: dict[str, Weights] = {}
    lines: dict[str, None] = {}
    for config in list_weighted(start, trials):
        source = find_source(config.model)
        if source.name not in found:
            announce(source)
            found[source.name] = fetch(source)
            if not start.arguments.accept_changed_data:
                refuse_other(found[source.name], start.plan, index)
        line = try_weights(config, found[source.name])
        if line not in lines:
            print(line, flush=True)
        lines[line] = None
    return tuple(found.values())


def list_weighted(start: Start, trials: dict[str, TrialConfig]) -> list[TrialConfig]:
    """Return one configuration of each network that starts from weights, of trials or a search."""
    design, asked = start.design, []
    if start.search and not start.arguments.only:
        axes = {
            path: Grid(axis.values)
            for path, axis in design.space.items()
            if isinstance(axis, Grid) and path.startswith(("model.", "data.name", "data.extra."))
        }
        asked = [design.base.with_overrides(cell) for cell in list_cells(axes)]
    configs = [*trials.values(), *(config for config in asked if is_possible(config))]
    return list(
        {(c.model, c.data.name, c.data.extra): c for c in configs if c.model.weights}.values()
    )


def is_possible(config: TrialConfig) -> bool:
    """Whether a model has the weights that a search may meet it with."""
    try:
        return bool(config.model.weights and find_source(config.model))
    except ValueError:  # other conditions of the search keep them apart, or it refuses them itself
        return False


def list_absent(start: Start, trials: dict[str, TrialConfig]) -> Iterable[str]:
    """Return a line for each file that a start would download; nothing is downloaded."""
    sources = {find_source(config.model) for config in list_weighted(start, trials)}
    for source in sorted(sources, key=lambda each: each.name):
        if source.is_absent():
            yield f"weights: {describe_download(source)}: a start downloads it"


def announce(source: Source) -> None:
    """Print that a file will be downloaded, where it is not here."""
    if source.is_absent():
        print(f"weights: downloading {describe_download(source)}", flush=True)


def describe_download(source: Source) -> str:
    """Return from where to where a file is downloaded, and how large it is where that is known."""
    size = f" ({source.megabytes:.0f} MB)" if source.megabytes >= 1 else ""
    return source.download + size


def try_weights(config: TrialConfig, weights: Weights) -> str:
    """Return what a file of weights is and what it leaves as it was, in a line for the terminal.

    Raises:
        ValueError: it does not fit the network.
    """
    facts = read_trial_facts(config.data, data_root())
    network = copy.deepcopy(check_model(config.model, facts.image_shape, facts.num_classes))
    head = load_weights(network, config.model, Path(weights.file), facts.num_classes)
    left = f"; {head} is for another number of classes there, and is drawn for {facts.num_classes}"
    return (
        f"weights {weights.source.name} of {config.model.name}: SHA-256 {weights.sha256[:12]} in "
        f"{weights.file}{left if head else ''}"
    )


def refuse_other(weights: Weights, plan: Plan, index: Index) -> None:
    """Raise ValueError where all finished trials started from another file of the same name.

    Where some started from this one, it was accepted before.
    """
    name = weights.source.name
    found = [row.get("weights_hash") for config, row in list_finished(plan, index)
             if find_source(config.model).name == name]  # fmt: skip
    known = [sha256 for sha256 in found if sha256]
    if known and weights.sha256 not in known:
        raise ValueError(
            f"model.weights: expected the file of {name} that finished trials started from "
            f"({len(known)} with SHA-256 {known[-1][:12]}), got {weights.sha256[:12]} in "
            f"{weights.file}; {REMEDY}"
        )


def list_finished(plan: Plan, index: Index) -> Iterable[tuple[TrialConfig, dict[str, Any]]]:
    """Return (configuration, row) of the finished trials of a plan that name weights."""
    for name, config in (plan.parents | plan.trials).items():
        row = index.rows.get(name)
        if row and config.model.weights and row["status"] in FINISHED:
            yield config, row
