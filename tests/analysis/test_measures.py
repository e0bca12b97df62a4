"""What was measured over the epochs: fractions of kept neurons, and null where one is lacking."""

import pandas as pd
import pytest

from nvp.analysis.frames.measures import list_measures
from nvp.analysis.plots.measures import drop_untrained

LAYERS = pd.DataFrame(
    {
        "trial_id": ["a"] * 4 + ["b"],
        "epoch": [0, 0, 1, 1, 0],
        "layer": ["one", "two", "one", "two", "one"],
        "kept": [10, 30, 10, 0, 4],
        "dead": [1, 3, 5, 0, 2],
        "duplicate": [0, 4, None, 0, None],
        "grama_inactive": [2, 2, 2, 0, None],
        "grama_weight_inactive": [None] * 5,
        "weight_magnitude": [0.1, 0.3, 0.2, None, None],
    }
)
EPOCHS = pd.DataFrame(
    {
        "trial_id": ["a", "a", "b"],
        "epoch": [0, 1, 0],
        "effective_rank": [3.5, 2.0, 1.0],
        "val_accuracy": [0.1, 0.9, 0.5],
    }
)


def test_values_by_hand() -> None:
    rows = list_measures(LAYERS, EPOCHS).set_index(["measure", "trial_id", "epoch"])["value"]
    assert rows["dead"].tolist() == [0.1, 0.5, 0.5]
    assert rows["duplicate"].tolist()[0] == 0.1
    assert rows["duplicate"].isna().tolist() == [False, True, True]
    assert rows["grama_inactive"].tolist()[:2] == [0.1, 0.2]
    assert "grama_weight_inactive" not in rows.index.get_level_values("measure"), "not asked for"
    assert rows["weight_magnitude"].tolist()[0] == pytest.approx(0.2)
    assert rows["weight_magnitude"].isna().tolist() == [False, True, True]
    assert rows["val_accuracy"].tolist() == [0.1, 0.9, 0.5]
    assert rows["effective_rank"].tolist() == [3.5, 2.0, 1.0]


def test_the_accuracy_of_untrained_networks_is_not_drawn() -> None:
    """An axis from chance to the best leaves no room for what lies between methods."""
    rows = drop_untrained(list_measures(LAYERS, EPOCHS))
    assert rows[rows["measure"] == "val_accuracy"]["epoch"].tolist() == [1]
    assert rows[rows["measure"] == "dead"]["epoch"].tolist() == [0, 1, 0]
