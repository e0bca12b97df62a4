"""The results of each trial, a column each: the responses of effects and importances."""

import pandas as pd

from nvp.analysis.frames.derive import choose_definitions

OF_TRIALS = ("test_accuracy", "sparsity", "weight_sparsity")
MEASURED = ("entropy", "nvi", "fire_rate")  # means over kept neurons, layer by layer


def add_responses(trials: pd.DataFrame, layers: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Return `trials` with a column per response; `attrs["responses"]` names those that vary.

    Fractions of dead and dormant kept neurons at the last point, of neurons that ever died, the
    median epoch of first death of those that did, the mean entropy of kept neurons, and what the
    table `trials` has itself. Null where there was nothing to measure.
    """
    parts = [average_at_end(layers), measure_first_deaths(layers, events)]
    found = pd.concat(parts, axis=1)
    lacking = [name for name in found.columns if name not in trials.columns]
    ids = trials["trial_id"].astype(str)
    rows = pd.concat([trials, found[lacking].reindex(ids).set_axis(trials.index)], axis=1)
    names = [*choose_definitions(layers), "ever_died", "first_death", "entropy", *OF_TRIALS]
    # a value that differs between seeds alone is no response to a key
    varied = [name for name in names if rows.groupby("seed")[name].nunique().max() > 1]
    rows.attrs["responses"] = varied
    return rows


def average_at_end(layers: pd.DataFrame) -> pd.DataFrame:
    """One row per trial: dead and dormant fractions of kept neurons, and means, at the end."""
    layers = layers.assign(trial_id=layers["trial_id"].astype(str))
    last = layers[layers["epoch"] == layers.groupby("trial_id")["epoch"].transform("max")]
    counted = list(choose_definitions(layers))
    weighted = last.assign(**{name: last[name] * last["kept"] for name in MEASURED})
    grouped = weighted.groupby("trial_id")
    kept = grouped["kept"].sum().where(lambda n: n > 0)
    sums = grouped[[*counted, *MEASURED]].sum(min_count=1)
    return sums.div(kept, axis=0)


def measure_first_deaths(layers: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """One row per trial: fraction of its neurons that ever died, and the median epoch they did.

    Of neurons that were alive in the initial network: one that is dead at epoch 0 did not die.
    """
    dense = layers.assign(trial_id=layers["trial_id"].astype(str))
    dense = dense.drop_duplicates(["trial_id", "layer"]).groupby("trial_id")["dense"].sum()
    died = events[events["event"] == "died"]
    first = died.groupby(["trial_id", "layer", "neuron"], observed=True, sort=False)["epoch"].min()
    born = count_by_trial(first[first == 0]).reindex(dense.index, fill_value=0)
    later = first[first > 0]
    median = later.groupby(level="trial_id", observed=True).median()
    median.index = median.index.astype(str)
    alive = (dense - born).where(dense > born)
    ever = count_by_trial(later).reindex(dense.index, fill_value=0) / alive
    return pd.DataFrame({"ever_died": ever, "first_death": median.reindex(dense.index)})


def count_by_trial(firsts: pd.Series) -> pd.Series:
    """Return how many neurons each trial has among those of an index by trial, layer and neuron."""
    counts = firsts.groupby(level="trial_id", observed=True).size()
    return counts.set_axis(counts.index.astype(str))
