"""What the small setting of docs/methods gave: one paragraph for a card, one table of all."""

from math import ceil

import pandas as pd

from nvp.config.trial_config import PruneConfig
from nvp.pruning import METHODS

SEEDS = 3
SETTING = {  # one for all: neurons die here, and clipping keeps the soft methods finite
    "epochs": 12,
    "data.batch_size": 16,
    "model.width": 0.5,
    "optim.lr": 0.2,
    "optim.noise": 2.0,
    "optim.clip_norm": 2.0,
    "probe.size": 256,
}
IN_WORDS = (
    "scikit-learn's digits, a 144-neuron ReLU convnet with batch norm, "
    "12 epochs of SGD (momentum 0.9, constant learning rate 0.2, batches of 16, gradients clipped "
    "to norm 2, then noise of twice their norm added), a measuring point each epoch, target "
    f"sparsity 0.5 where the method has a target, seeds 0 to {SEEDS - 1}"
)
CONTROLS = {"neuron": "random", "weight": "random_weight"}


def sparsity_column(method: str) -> str:
    """Return the column with the sparsity of what a method masks."""
    return "weight_sparsity" if METHODS[method].granularity == "weight" else "sparsity"


def last_rows(frame: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the last measuring point of each run of a method that did not diverge."""
    runs = frame[frame["method"] == method]
    return runs[runs["epoch"] == SETTING["epochs"]]


def spread(values: pd.Series) -> str:
    """Return "mean [min, max]"; one number where all are the same."""
    if values.empty:
        return "diverged"
    low, mean, high = values.min(), values.mean(), values.max()
    return f"{mean:.3f}" if low == high else f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def measured(name: str, frame: pd.DataFrame) -> str:
    """Return the figure of a card and what it shows."""
    last, none = last_rows(frame, name), last_rows(frame, "none")
    masks = "weights" if METHODS[name].granularity == "weight" else "neurons"
    lines = [f"![{name}: sparsity and validation accuracy](figures/{name}.png)", ""]
    lines += [f"Setting: {IN_WORDS}.", ""]
    accuracy = f"Final validation accuracy, mean [min, max]: {spread(last['val_accuracy'])}"
    if name == "none":
        return "\n".join([*lines, f"{accuracy}."])
    lines.append(f"{accuracy}; unpruned {spread(none['val_accuracy'])}.")
    lines.append(f"Final sparsity ({masks}): {spread(last[sparsity_column(name)])}.")
    if METHODS[name].trigger:
        lines.append(first_masks(name, frame))
    if len(last) < SEEDS:
        lines.append(f"Of {SEEDS} runs {SEEDS - len(last)} diverged and are not in these numbers.")
    lines.append("One small setting and three seeds: an illustration, not a ranking.")
    return "\n".join(lines)


def first_masks(name: str, frame: pd.DataFrame) -> str:
    """Return when the runs of a method that waits for a trigger first masked."""
    masked = frame[(frame["method"] == name) & (frame[sparsity_column(name)] > 0)]
    first = masked.groupby("seed")["epoch"].min()
    cap = ceil(PruneConfig().end * SETTING["epochs"])
    epochs = ", ".join(str(epoch) for epoch in first)
    return f"Masked after epoch {epochs} (by seed); epoch {cap} is where it no longer waits."


def table_of_results(frame: pd.DataFrame) -> str:
    """Return the table of all methods at the setting."""
    lines = [f"Setting: {IN_WORDS}.", ""]
    lines += ["| method | runs | validation accuracy | neurons masked | weights masked |"]
    lines += ["|---|---|---|---|---|"]
    for name in METHODS:
        last = last_rows(frame, name)
        cells = [spread(last[key]) for key in ("val_accuracy", "sparsity", "weight_sparsity")]
        lines.append(f"| [{name}]({name}.md) | {len(last)} of {SEEDS} | {' | '.join(cells)} |")
    return "\n".join(lines)
