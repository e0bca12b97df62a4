"""Numbers that claims are about, of tables with known answers."""

import pandas as pd
import pytest

from nvp.analysis.reproduction.shares import measure_dead, share_dying_again


def test_of_the_revived_who_died_again() -> None:
    events = pd.DataFrame(
        [
            ("a", "l", 0, 1, "died", 0),
            ("a", "l", 0, 2, "revived", 0),
            ("a", "l", 0, 3, "died", 0),
            ("a", "l", 1, 1, "died", 0),
            ("a", "l", 1, 4, "revived", 0),  # and stayed
            ("a", "l", 2, 1, "died", 0),  # never revived
            ("b", "l", 0, 1, "died", 1),
            ("b", "l", 0, 2, "revived", 1),
            ("b", "m", 0, 3, "died", 1),  # another layer's neuron 0
        ],
        columns=pd.Index(["trial_id", "layer", "neuron", "epoch", "event", "seed"]),
    )
    assert share_dying_again(events).to_dict("list") == {"seed": [0, 1], "value": [0.5, 0.0]}
    assert share_dying_again(events[events["event"] == "died"]).empty


def test_dead_at_the_end_and_since_half_way() -> None:
    layers = pd.DataFrame(
        {
            "trial_id": ["a"] * 4 + ["b"] * 4,
            "seed": [0] * 4 + [1] * 4,
            "epoch": [0, 1, 3, 4] * 2,
            "kept": [10] * 8,
            "dead": [0, 2, 4, 5, 0, 1, 1, 1],
            "dormant_0025": [0] * 8,
            "negative_side": [None] * 8,
            "saturated": [None] * 8,
        }
    )
    assert measure_dead(layers, late=False)["value"].to_list() == pytest.approx([0.5, 0.1])
    # half-way of 4 epochs is 2; the last point before it is epoch 1
    assert measure_dead(layers, late=True)["value"].to_list() == pytest.approx([0.3, 0.0])
