"""What a trial ended with, against tables that can be counted."""

import pandas as pd
import pytest

from nvp.analysis.frames.responses import add_responses
from tests.analysis.test_derive import layer_rows

LAYERS = layer_rows(
    ("a", 0, "first", 4, 0),
    ("a", 0, "second", 4, 0),
    ("a", 1, "first", 3, 1),
    ("a", 1, "second", 1, 1),
    ("b", 0, "first", 4, 0),
    ("b", 0, "second", 4, 0),
).assign(entropy=[0.5, 0.5, 0.2, 0.6, 0.1, 0.3], nvi=1.0, fire_rate=0.5)
EVENTS = pd.DataFrame(
    [("a", 0, "first", 0, "died"), ("a", 1, "first", 0, "died"), ("a", 1, "second", 0, "died")],
    columns=["trial_id", "epoch", "layer", "neuron", "event"],
)
TRIALS = pd.DataFrame(
    {"trial_id": ["b", "a"], "test_accuracy": [0.8, 0.9], "sparsity": 0.0, "seed": 0}
)


def test_each_trial_has_its_own_ends():
    rows = add_responses(TRIALS.assign(weight_sparsity=0.0), LAYERS, EVENTS).set_index("trial_id")
    assert rows.loc["a", "dead"] == pytest.approx(2 / 4)
    assert rows.loc["b", "dead"] == 0
    assert rows.loc["a", "entropy"] == pytest.approx((3 * 0.2 + 0.6) / 4)  # by kept neurons
    assert rows.loc["b", "entropy"] == pytest.approx(0.2)
    assert rows.loc["a", "ever_died"] == pytest.approx(1 / 7)  # one of eight was born dead
    assert rows.loc["b", "ever_died"] == 0
    assert rows.loc["a", "first_death"] == 1  # of those that were alive at epoch 0
    assert pd.isna(rows.loc["b", "first_death"])


def test_responses_are_named_when_they_vary():
    rows = add_responses(TRIALS.assign(weight_sparsity=0.0), LAYERS, EVENTS)
    assert rows.attrs["responses"] == [
        *("dead", "dormant_0025", "ever_died", "entropy", "test_accuracy")
    ]
    assert rows.index.equals(TRIALS.index)
    alone = add_responses(TRIALS.assign(weight_sparsity=0.0, seed=[0, 1]), LAYERS, EVENTS)
    assert alone.attrs["responses"] == []  # it may all be the seed's
