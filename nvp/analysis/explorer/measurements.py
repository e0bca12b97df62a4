"""Curves over epochs, and layers over epochs, of every trial, as arrays of numbers."""

from typing import Any

import pandas as pd

from nvp.analysis import style
from nvp.analysis.explorer.compact import pack
from nvp.analysis.explorer.sampling import (
    MOST_CURVE_EPOCHS,
    MOST_MAP_EPOCHS,
    sample_epochs,
)
from nvp.analysis.frames.derive import choose_definitions, name_stages

OF_EPOCHS = (
    "val_accuracy",
    "train_accuracy",
    "val_loss",
    "train_loss",
    "sparsity",
    "weight_sparsity",
    "lr",
    "effective_rank",
    "online_accuracy",
)
OF_LAYERS = ("entropy", "fire_rate", "mean_abs")  # means over kept neurons
MASKED = "masked"
LABELS = {
    MASKED: "neurons masked (fraction)",
    "fire_rate": "mean fire rate (fraction)",
    "mean_abs": "mean |activation|",
    "train_accuracy": "accuracy while training (fraction)",
    "train_loss": "loss while training (nats)",
    "lr": "learning rate of the next step",
}


def make_curves(epochs: pd.DataFrame, layers: pd.DataFrame, ids: list[str]) -> dict[str, Any]:
    """Return {"at": epochs, "measures": ..., "values": {measure: trials x epochs, packed}}.

    None where a trial was not measured at an epoch; a measure that no trial has is left out.
    """
    of_layers = sum_layers(layers, ["trial_id", "epoch"])
    rows = epochs[["trial_id", "epoch", *(name for name in OF_EPOCHS if name in epochs)]]
    rows = rows.astype({"trial_id": str}).merge(of_layers, on=["trial_id", "epoch"], how="outer")
    at = sample_epochs(rows["epoch"].tolist(), MOST_CURVE_EPOCHS)
    names = [*of_layers.columns[2:], *(name for name in OF_EPOCHS if name in rows)]
    grid = pd.MultiIndex.from_product([ids, at], names=["trial_id", "epoch"])
    found = rows.set_index(["trial_id", "epoch"])[names].astype(float).reindex(grid)
    names = [name for name in names if found[name].notna().any()]
    values = {name: pack(found[name]) for name in names}
    return {"at": at, "measures": list(map(describe, names)), "values": values}


def make_maps(layers: pd.DataFrame, ids: list[str]) -> dict[str, Any]:
    """Return {"at": epochs, "layers": names, "measures": ..., "values": {measure: ...}}.

    The values are trials x layers x epochs, packed (see `pack`); the layers from the input on. In a
    deep network a layer is a stage (see `name_stages`).
    """
    staged = layers.assign(layer=name_stages(layers["layer"]))
    order = staged.groupby("layer", observed=True)["depth"].min().sort_values().index.tolist()
    at = sample_epochs(staged["epoch"].tolist(), MOST_MAP_EPOCHS)
    sums = sum_layers(staged, ["trial_id", "layer", "epoch"])
    grid = pd.MultiIndex.from_product([ids, order, at], names=["trial_id", "layer", "epoch"])
    found = sums.set_index(["trial_id", "layer", "epoch"]).astype(float).reindex(grid)
    names = [name for name in found.columns if found[name].notna().any()]
    return {
        "at": at,
        "layers": [style.layer_name(name) for name in order],
        "measures": list(map(describe, names)),
        "values": {name: pack(found[name]) for name in names},
    }


def sum_layers(layers: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return a row per `keys`: fractions dead and dormant of kept neurons, masked of all, means.

    Null where one of the layers was not measured; a layer that is masked whole counts for nothing.
    """
    deaths = list(choose_definitions(layers)) if len(layers) else []
    kept = layers["kept"].astype(float)
    parts = {name: (layers[name].astype(float) * kept).mask(kept == 0, 0) for name in OF_LAYERS}
    parts |= {name: layers[name].astype(float) for name in deaths}
    parts |= {"kept": kept, "dense": layers["dense"].astype(float)}
    parts[MASKED] = layers["masked"].astype(float) + layers["pruned"].fillna(0)
    rows = layers[keys].astype({"trial_id": str}).assign(**parts)
    sums = rows.groupby(keys, observed=True)[list(parts)].sum(skipna=False)
    names = [*deaths, *OF_LAYERS]
    shares = sums[names].div(sums["kept"].where(sums["kept"] > 0), axis=0)
    shares[MASKED] = sums[MASKED] / sums["dense"].where(sums["dense"] > 0)
    return shares.reset_index()


def describe(name: str) -> dict[str, str]:
    """Return a measure as the page names it."""
    label = LABELS.get(name) or style.axis_label(name)
    return {"key": name, "label": " ".join(label.split())}
