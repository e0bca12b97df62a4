"""Layer-wise rates of tables with known answers, and of the published figure."""

import pandas as pd
import pytest

from nvp.analysis.reproduction.layer_rates import (
    compare_layer_rates,
    judge_agreement,
    load_published_rates,
    measure_agreement,
    measure_layer_rates,
)

EVENTS = pd.DataFrame(
    [
        ("a", 0, "first", "weights_pruned", 10),
        ("a", 0, "second", "weights_pruned", 80),
        ("a", 1, "first", "weights_pruned", 90),  # after training began
        ("a", 0, "first", "weights_grown", 7),
        ("b", 0, "first", "weights_pruned", 20),
        ("b", 0, "second", "weights_pruned", 80),
    ],
    columns=pd.Index(["trial_id", "epoch", "layer", "event", "count"]),
)
TRIALS = pd.DataFrame({"trial_id": ["a", "b"], "seed": [0, 1], "prune.sparsity": [0.5, 0.5]})
TABLE = pd.DataFrame(
    [(0, "first", 0.5, 100, 0.2), (1, "second", 0.5, 100, 0.8), (2, "third", 0.5, 300, 0.5)],
    columns=pd.Index(["order", "layer", "level", "weights", "published"]),
)


def test_rates_are_of_the_initial_network_over_seeds() -> None:
    rates = measure_layer_rates(EVENTS, TRIALS, TABLE).set_index("layer")
    assert rates["mean"].to_list() == pytest.approx([0.15, 0.8, 0.0])
    assert rates["n"].to_list() == [2, 2, 2]
    # t(0.975, 1) = 12.706, standard error 0.05
    assert rates.loc["first", "high"] == pytest.approx(0.15 + 12.706 * 0.05, rel=1e-4)
    assert rates.loc["second", "low"] == rates.loc["second", "high"] == pytest.approx(0.8)


def test_agreement_of_hand_made_rates() -> None:
    rates = measure_layer_rates(EVENTS, TRIALS, TABLE)
    (row,) = measure_agreement(rates).to_dict("records")
    assert row["added"] == pytest.approx((20 + 80 + 150) / 500)
    assert row["spearman"] == pytest.approx(0.5)  # ranks 1 3 2 and 2 3 1
    assert row["kendall"] == pytest.approx(1 / 3)
    assert row["apart"] == pytest.approx((0.05 + 0.0 + 0.5) / 3)
    assert row["outside"] == 1
    assert row["verdict"] == "not the rates of an untrained network"


@pytest.mark.parametrize(
    ("spearman", "apart", "said"),
    [
        (0.95, 0.05, "artefact"),
        (0.94, 0.01, "not the rates of an untrained network"),
        (0.99, 0.06, "not the rates of an untrained network"),
    ],
)
def test_the_verdict_needs_both(spearman: float, apart: float, said: str) -> None:
    assert judge_agreement({"n": 3, "spearman": spearman, "apart": apart}) == said
    assert judge_agreement({"n": 0, "spearman": spearman, "apart": apart}) == "not run"


def test_the_published_rates_are_of_these_layers() -> None:
    for level, part in load_published_rates().groupby("level"):
        assert len(part) == 20
        added = (part["published"] * part["weights"]).sum() / part["weights"].sum()
        assert added == pytest.approx(level, abs=2e-4)
    shortcuts = load_published_rates().query("layer.str.endswith('shortcut')")
    assert sorted(shortcuts["order"].unique() + 1) == [8, 13, 18]


def test_nothing_is_filled_in_where_nothing_ran() -> None:
    shown = compare_layer_rates([])
    assert shown["frames"] is None
    assert all(cell.endswith("/ –") for row in shown["rows"] for cell in row["cells"])
    assert {row["verdict"] for row in shown["agreement"]} == {"not run"}
