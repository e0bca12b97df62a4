"""Do deaths depend on one number: on lr / B, and on which power of it? Pure.

Rows are trials with `lr` (effective: over 1 - momentum for sgd), `batch` (images), `steps` and the
dead `fraction`. A cell is one combination of levels of all swept keys; its trials are its seeds.
Where LEAST_DEAD of the neurons died in fewer than FEWEST_DEADLY cells nothing is fitted: a curve, a
constant or a power would be that of a few points, or of a few neurons.
"""

import warnings

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.isotonic import IsotonicRegression
from statsmodels.genmod.families import Poisson  # not from statsmodels.api: 0.6 s more
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning
from statsmodels.tools.tools import add_constant

from nvp.analysis.statistics.intervals import LEVEL

CANDIDATES = {
    "lr/B": lambda rows: rows["lr"] / rows["batch"],
    "lr/√B": lambda rows: rows["lr"] / np.sqrt(rows["batch"]),
    "lr": lambda rows: rows["lr"],
    "1/B": lambda rows: 1 / rows["batch"],
}
DRAWS = 500
FEWEST_DEADLY = 5  # deadly cells, for anything to be fitted
LEAST_DEAD = 0.01  # of the neurons, for a cell to be deadly: less is noise of single neurons
LEAST_LEARNED = 0.5  # of the best cell's mean test accuracy, for a cell to be fitted
FITTED = [
    *("scaling", "r2", "low", "high", "behind", "behind_low", "behind_high"),
    *("best", "cells", "explainable"),
]
CLAIMED = 2.0  # Zhou et al. 2020: P(collapse) ~ lr^2


def add_scalings(trials: pd.DataFrame, fraction: pd.Series) -> pd.DataFrame:
    """Return trials with lr, batch, fraction and a column per candidate scaling."""
    sgd = trials["optim.name"] == "sgd"
    effective = trials["optim.lr"] / (1 - trials["optim.momentum"].where(sgd, 0.0))
    rows = trials.assign(lr=effective, batch=trials["data.batch_size"], fraction=fraction)
    return rows.assign(**{name: of(rows) for name, of in CANDIDATES.items()})


def find_learned(rows: pd.DataFrame) -> pd.Series:
    """Return which rows are of cells that learned: at least half of the best cell's accuracy.

    Where networks end near chance, their deaths say nothing of networks that learn.
    """
    if "test_accuracy" not in rows:
        return pd.Series(True, rows.index)
    means = rows.groupby("cell")["test_accuracy"].transform("mean")
    return ~(means < LEAST_LEARNED * means.max())


def count_deadly_cells(rows: pd.DataFrame) -> int:
    """Return in how many cells at least LEAST_DEAD of the neurons died, on average over seeds."""
    return int(rows.groupby("cell")["fraction"].mean().ge(LEAST_DEAD).sum())


def fit_scalings(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per candidate: R^2 of cells left out, of an isotonic curve; the largest first.

    Each cell is predicted from the others by an isotonic regression of either direction; R^2 is of
    single trials, so no scaling can pass `explainable`, the share of their variance that lies
    between cells (adjusted for the seeds within). low and high: 95 % percentile interval, cells
    drawn anew with their predictions; `behind` is the same of the R^2 of the first minus this one.
    Null of less than 5 cells. `best`: the first one, where its R^2 and its lead over each other one
    have an interval above 0; often none is. Empty of less than FEWEST_DEADLY deadly cells.
    """
    if count_deadly_cells(rows) < FEWEST_DEADLY:
        return pd.DataFrame(columns=pd.Index(FITTED))
    cells = rows["cell"].to_numpy()
    y = rows["fraction"].to_numpy(dtype=float)
    codes = pd.factorize(cells)[0]
    count = codes.max() + 1
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), size=DRAWS)
    weights = np.vstack([np.ones(count), drawn])[:, codes]
    found = {
        name: compute_r_squared(y, predict_held_out(rows[name], y, codes), weights)
        for name in CANDIDATES
    }
    first = max(found, key=lambda name: found[name][0])
    table = []
    for name, values in found.items():
        low, high = np.percentile(values[1:], [2.5, 97.5]) if count >= 5 else (np.nan, np.nan)
        behind = found[first] - values
        worse = np.percentile(behind[1:], [2.5, 97.5]) if count >= 5 else (np.nan, np.nan)
        table.append((name, values[0], low, high, behind[0], *worse))
    result = pd.DataFrame(table, columns=pd.Index(FITTED[:-3]))
    leads = (result["low"] > 0) & (result["scaling"] == first)
    others = result.loc[result["scaling"] != first, "behind_low"]
    result = result.assign(
        best=leads & bool((others > 0).all()),
        cells=count,
        explainable=explainable_share(y, codes),
    )
    return result.sort_values("r2", ascending=False, ignore_index=True)


def predict_held_out(x: pd.Series, y: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return for each trial what an isotonic curve through the other cells predicts."""
    means = pd.DataFrame({"x": x.to_numpy(dtype=float), "y": y}).groupby(codes).mean()
    sizes = np.bincount(codes)
    # numpy's corrcoef of ranks: null where x or y is constant, and then any direction does
    with np.errstate(invalid="ignore", divide="ignore"):
        rising = not np.corrcoef(means["x"].rank(), means["y"].rank())[0, 1] < 0
    predicted = np.empty(len(means))
    for i in range(len(means)):
        others = np.arange(len(means)) != i
        curve = IsotonicRegression(increasing=rising, out_of_bounds="clip")
        curve.fit(means["x"][others], means["y"][others], sample_weight=sizes[others])
        predicted[i] = curve.predict(means["x"].iloc[[i]])[0]
    return predicted[codes]


def compute_r_squared(y: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return R^2 under each row of weights; null where all that is drawn is alike."""
    mean = (weights @ y) / weights.sum(axis=1)
    total = weights @ y**2 - weights.sum(axis=1) * mean**2
    unexplained = weights @ (y - predicted) ** 2
    return 1 - np.divide(unexplained, total, out=np.full(len(total), np.nan), where=total > 1e-12)


def explainable_share(y: np.ndarray, codes: np.ndarray) -> float:
    """Return the share of the variance of trials that lies between cells; null with one seed."""
    means = np.bincount(codes, y) / np.bincount(codes)
    free = len(y) - len(means)
    if not free or np.ptp(y) == 0:
        return np.nan
    within = ((y - means[codes]) ** 2).sum() / free
    return float(1 - within / y.var(ddof=1))


def fit_theory(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with `predicted`: 2 Phi(-c sqrt(B) / (lr sqrt(T))), and the constant c fitted.

    A survival margin that walks at random until it is gone, after T steps of noise lr / sqrt(B): c
    is margin over noise, the only constant, by least squares. Both are null of less than
    FEWEST_DEADLY deadly cells.
    """
    if count_deadly_cells(rows) < FEWEST_DEADLY:
        return rows.assign(predicted=np.nan, constant=np.nan)
    x = (np.sqrt(rows["batch"]) / (rows["lr"] * np.sqrt(rows["steps"]))).to_numpy(dtype=float)
    y = rows["fraction"].to_numpy(dtype=float)

    def error(log_c: float) -> float:
        return float(((y - 2 * norm.cdf(-np.exp(log_c) * x)) ** 2).sum())

    span = -np.log(x.min()) + 4, -np.log(x.max()) - 10
    grid = np.linspace(min(span), max(span), 60)
    start = int(np.argmin([error(c) for c in grid]))
    around = grid[max(start - 1, 0)], grid[min(start + 1, len(grid) - 1)]
    c = float(np.exp(minimize_scalar(error, bounds=around, method="bounded").x))
    return rows.assign(predicted=2 * norm.cdf(-c * x), constant=c)


def fit_powers(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per lr and B that varies: the power k in E[dead fraction] ~ lr^k, with its interval.

    Quasi-Poisson regression with a log link, which takes fractions of 0 as they are; 95 %
    t-interval with errors clustered by cell. `claimed` is what is published of it. Empty of less
    than FEWEST_DEADLY deadly cells, and where neurons died at one level of a key alone: its
    power has no bound then.
    """
    deadly = rows[rows["fraction"] > 0]
    names = [name for name in ("lr", "batch") if rows[name].nunique() > 1]
    y = rows["fraction"].to_numpy(dtype=float)
    columns = ["of", "power", "low", "high", "claimed"]
    codes, found = pd.factorize(rows["cell"])
    alone = any(deadly[name].nunique() < 2 for name in names)
    few = count_deadly_cells(rows) < FEWEST_DEADLY or len(found) < len(names) + 3
    if not names or alone or few:
        return pd.DataFrame(columns=columns)
    x = add_constant(np.log(rows[names].to_numpy(dtype=float)))
    model = GLM(y, x, family=Poisson())
    with warnings.catch_warnings(action="ignore", category=PerfectSeparationWarning):
        result = model.fit(cov_type="cluster", cov_kwds={"groups": codes})
    half = student.ppf((1 + LEVEL) / 2, len(found) - len(names) - 1) * result.bse[1:]
    power = result.params[1:]
    claimed = [CLAIMED if name == "lr" else np.nan for name in names]
    values = (names, power, power - half, power + half, claimed)
    return pd.DataFrame(dict(zip(columns, values, strict=True)))
