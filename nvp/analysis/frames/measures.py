"""What was measured of networks over the epochs, each measure in rows of one kind. Pure."""

import pandas as pd

from nvp.analysis.frames.derive import choose_headline

COUNTS = ("duplicate", "grama_inactive", "grama_weight_inactive")  # kept neurons of a layer
MEANS = ("weight_magnitude",)  # of a layer
OF_EPOCHS = ("val_accuracy", "effective_rank")  # of the network


def list_measures(layers: pd.DataFrame, epochs: pd.DataFrame) -> pd.DataFrame:
    """One row per (trial, epoch, measure): its value, over all layers of neurons.

    Counts become fractions of kept neurons, and a mean is over layers. The measures are the
    headline death, those on request that some layer has, the validation accuracy and the effective
    rank. Null where a layer lacks one.
    """
    asked = [name for name in (*COUNTS, *MEANS) if layers[name].notna().any()]
    names = [choose_headline(layers), *(name for name in asked if name in COUNTS)]
    grouped = layers.groupby(["trial_id", "epoch"], observed=True)
    sums = grouped[[*names, "kept"]].sum(skipna=False)
    found = sums[names].div(sums["kept"].where(sums["kept"] > 0), axis=0)
    means = [name for name in asked if name in MEANS]
    whole = layers[means].notna().groupby([layers["trial_id"], layers["epoch"]], observed=True)
    found = found.join(grouped[means].mean().where(whole.all()))
    found = epochs.set_index(["trial_id", "epoch"])[list(OF_EPOCHS)].join(found)
    return found.reset_index().melt(["trial_id", "epoch"], var_name="measure", value_name="value")
