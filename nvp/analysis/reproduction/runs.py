"""What ran, in words, and how well the networks of a run classify."""

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.unpruned import measure_unpruned
from nvp.analysis.style.labels import join_words, value_text
from nvp.config.dotted_names import is_dotted
from nvp.config.sections.model import UNREAD_BY_MODELS

OWN = {"model.name": "own network", "data.name": "own data"}  # of a loop that is not ours


def describe_run(frames: StudyFrames) -> str:
    """Return what ran, in words: network, data, optimizer, length, seeds, device."""
    trials = frames.trials[frames.trials["status"] == "done"]
    base = frames.study.get("base", {})
    names = [
        " and ".join(map(str, trials[key].unique())) if key in trials else own
        for key, own in OWN.items()
    ]
    scale = base.get("model.width", 1.0)
    width = "" if scale == 1.0 else f" x {scale:g}"
    part = f" ({base['data.images']:,} images)" if base.get("data.images") else ""
    epochs = sorted(trials["epochs"].unique())
    length = f"{epochs[0]}" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]}"
    length += " epoch" if length == "1" else " epochs"
    optimizer = join_levels(trials, "optim.name") + ", " if "optim.name" in trials else ""
    norms = join_levels(select_normed(trials), "model.norm") if "model.norm" in trials else ""
    norm = f" ({norms})" if norms else ""
    seeds, devices = trials["seed"].nunique(), ", ".join(map(str, trials["device"].unique()))
    some = f"{seeds} seed" + ("s" if seeds > 1 else "")
    return f"{names[0]}{width}{norm}, {names[1]}{part}, {optimizer}{length}, {some}, {devices}"


def select_normed(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials whose networks read `model.norm`; others have what they were built with."""
    reads = [
        not is_dotted(name) and "model.norm" not in UNREAD_BY_MODELS.get(name, ())
        for name in trials["model.name"]
    ]
    return trials[reads]


def join_levels(trials: pd.DataFrame, key: str) -> str:
    """Return the levels that trials have of a key, in words: "SGD and Adam"."""
    levels = [value_text(level, key) for level in trials[key].unique()]
    return join_words(levels) if levels else ""


def describe_accuracy(frames: StudyFrames) -> str:
    """Return the range of the mean test accuracies of the cells that were not pruned."""
    means = measure_unpruned(frames)
    if not len(means):
        return ""
    low, high = f"{means.min():.3f}", f"{means.max():.3f}"
    return low if low == high else f"{low} to {high}"
