"""Do early scores foretell late ones: rank agreement of criteria with the end. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

CRITERIA = ("nvi", "entropy", "mean_abs", "fire_rate", "weight_norm", "variance")
MOST_NEURONS = 128  # of a layer: in a wider one every k-th is compared
CHANCE = 1 / 3  # Jaccard index of two random halves


def measure_rank_stability(
    neurons: pd.DataFrame, criteria: Sequence[str] = CRITERIA
) -> pd.DataFrame:
    """One row per (trial, epoch, criterion): agreement with the end, of neurons kept in both.

    `tau` is Kendall's tau-b of the neurons of a layer, `jaccard` the Jaccard index of the lower
    halves, both averaged over layers, each as heavy as its neurons. A layer in which one of the two
    is all ties has no tau. Of a tie at the middle the neuron with the smaller index is lower.
    """
    rows = [row for row in compare_layers(neurons, list(criteria))]
    columns = ["trial_id", "layer", "epoch", "criterion", "neurons", "tau", "jaccard"]
    table = pd.DataFrame(rows, columns=columns)
    keys = ["trial_id", "epoch", "criterion"]
    parts = []
    for value in ("tau", "jaccard"):
        known = table.dropna(subset=[value])
        weighted = known.assign(product=known[value] * known["neurons"]).groupby(keys)
        parts.append((weighted["product"].sum() / weighted["neurons"].sum()).rename(value))
    return pd.concat(parts, axis=1).reset_index()


def compare_layers(neurons: pd.DataFrame, criteria: list[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the agreement of every layer of every trial, epoch and criterion."""
    for (trial, layer), rows in neurons.groupby(["trial_id", "layer"], observed=True, sort=True):
        wide = rows.pivot(index="neuron", columns="epoch", values=[*criteria, "kept"])
        wide = wide.iloc[:: -(-len(wide) // MOST_NEURONS)]
        epochs = wide.columns.levels[1]
        scores = wide.to_numpy(dtype=float).T.reshape(len(criteria) + 1, len(epochs), len(wide))
        for criterion, found in zip(criteria, scores, strict=False):
            values = np.where(scores[-1] == 1, found, np.nan)
            taus = kendall_tau(values[:-1], values[-1])
            for i, epoch in enumerate(epochs[:-1]):
                both = np.isfinite(values[i]) & np.isfinite(values[-1])
                overlap = jaccard_index(values[i][both], values[-1][both])
                yield str(trial), str(layer), epoch, criterion, both.sum(), taus[i], overlap


def kendall_tau(early: np.ndarray, late: np.ndarray) -> np.ndarray:
    """Return tau-b of each row of `early` with `late`, over what is known of both; null if tied."""
    both = np.isfinite(early) & np.isfinite(late)
    one, two = np.where(both, early, np.nan), np.where(both, late, np.nan)
    first, second = (
        (v[:, :, None] > v[:, None, :]).astype(np.int8) - (v[:, :, None] < v[:, None, :])
        for v in (one, two)
    )  # 1 where the first of a pair is larger, 0 where they are equal or one is not known
    agree = np.einsum("eij,eij->e", first, second, dtype=float)
    pairs = [np.count_nonzero(one, axis=(1, 2)).astype(float) for one in (first, second)]
    scale = np.sqrt(pairs[0] * pairs[1])
    return np.divide(agree, scale, out=np.full(len(early), np.nan), where=scale > 0)


def jaccard_index(early: np.ndarray, late: np.ndarray) -> float:
    """Return the Jaccard index of the lower halves of two scores; null of less than two neurons."""
    half = len(early) // 2
    if not half:
        return np.nan
    low, end = (set(np.argsort(v, kind="stable")[:half]) for v in (early, late))
    return len(low & end) / len(low | end)
