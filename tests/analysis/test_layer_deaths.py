"""Deaths by layer of tables with known answers, and of the published tables."""

import pandas as pd
import pytest

from benchmarks.layer_deaths import DESIGN, TAPERED
from nvp.analysis.reproduction.layer_deaths import (
    compare_layer_deaths,
    load_published_deaths,
    measure_layer_deaths,
)
from nvp.config.space import list_cells

LAYERS = pd.DataFrame(
    [
        ("a", 0, 12, 10, 2, None),
        ("a", 1, 12, 10, 8, None),
        ("a", 0, 1, 10, 9, None),
        ("b", 0, 12, 10, 4, None),
        ("b", 1, 12, 10, 8, None),
        ("c", 0, 12, 10, None, 5),
    ],
    columns=pd.Index(["trial_id", "depth", "epoch", "kept", "dead", "negative_side"]),
)
TRIALS = pd.DataFrame(
    [("a", "mlp", "relu", 0), ("b", "mlp", "relu", 1), ("c", "mlp", "elu", 0)],
    columns=pd.Index(["trial_id", "model.name", "model.activation", "seed"]),
)


def test_fractions_are_of_the_layer_at_the_published_epoch() -> None:
    found = measure_layer_deaths(LAYERS, TRIALS, load_published_deaths())
    keys = ["activation", "epoch", "order"]
    found = found[found["table"] == "square"].set_index(keys)
    assert found.loc[("relu", 12, 0), "mean"] == pytest.approx(0.3)
    assert found.loc[("relu", 12, 0), "n"] == 2
    assert found.loc[("relu", 12, 1), "low"] == pytest.approx(0.8)  # both seeds alike
    assert found.loc[("relu", 1, 0), "mean"] == pytest.approx(0.9)
    assert found.loc[("elu", 12, 0), "mean"] == pytest.approx(0.5)  # of its own definition
    assert pd.isna(found.loc[("leaky_relu", 12, 0), "mean"])


def test_what_has_not_run_says_so() -> None:
    tables = compare_layer_deaths([])["tables"]
    assert [len(tables[name]) for name in ("square", "tapered")] == [4, 1]
    assert {row["inside"] for rows in tables.values() for row in rows} == {"not run"}
    assert tables["square"][0]["cells"][0] == "0.277 / –"


def test_the_published_networks_are_in_the_design() -> None:
    wanted = load_published_deaths()[["model", "activation"]].drop_duplicates()
    cells = [DESIGN.base.with_overrides(cell) for cell in list_cells(DESIGN.space)]
    have = {(cell.model.name, cell.model.activation) for cell in cells}
    assert {tuple(pair) for pair in wanted.to_numpy()} <= have
    assert TAPERED in {name for name, _ in have}
