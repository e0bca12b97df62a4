"""Tidy to tidy, against tables small enough to count by hand."""

import pandas as pd
import pytest

from nvp.analysis.frames.derive import (
    DEATHS,
    add_keys,
    choose_definitions,
    choose_headline,
    count_dead_at_end,
    count_dead_by_stage,
    find_liveliest_trial,
    name_stages,
    pair_with_reference,
    replay_life_cycle,
)
from nvp.storage.schema import LAYERS


def layer_rows(*rows: tuple[str, int, str, int, int]) -> pd.DataFrame:
    """Return rows of `layers` from (trial_id, epoch, layer, kept, dead); other deaths are twice."""
    table = pd.DataFrame(rows, columns=["trial_id", "epoch", "layer", "kept", "dead"])
    table["depth"] = table["layer"].map({name: i for i, name in enumerate(["first", "second"])})
    table["dense"] = 4
    others = {name: 2 * table["dead"] for name in DEATHS if name != "dead"}
    return table.assign(**others)


TWO_LAYERS = layer_rows(
    ("a", 0, "first", 4, 0),
    ("a", 0, "second", 4, 4),
    ("a", 1, "first", 4, 1),
    ("a", 1, "second", 1, 1),
    ("b", 0, "first", 0, 0),
    ("b", 0, "second", 0, 0),
)


def of_silu(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows as a study of SiLU has them: null, not 0, where a definition is not its."""
    return rows.assign(dead=None, negative_side=None, rare=None).astype(
        {"dead": float, "negative_side": float, "rare": float}
    )


def test_the_definitions_shown_are_those_that_every_row_has():
    relu = TWO_LAYERS.assign(negative_side=float("nan"), saturated=float("nan"))
    silu = of_silu(TWO_LAYERS)
    assert (choose_definitions(relu), choose_headline(relu)) == (("dead", "dormant_0025"), "dead")
    assert choose_definitions(silu) == ("saturated", "dormant_0025")
    both = pd.concat([relu, silu])
    assert choose_definitions(both) == ("dormant_0025",)
    assert choose_headline(silu) == choose_headline(both) == "dormant_0025"


def test_a_definition_that_does_not_apply_is_null_and_never_zero():
    ends = count_dead_at_end(of_silu(TWO_LAYERS)).set_index(["trial_id", "definition"])
    assert ends.loc[[("a", "dead"), ("a", "rare")], ["count", "fraction"]].isna().all(axis=None)
    assert ends.loc[("a", "dormant_0025"), "fraction"] == pytest.approx(4 / 5)
    mixed = pd.concat([of_silu(TWO_LAYERS[:3]), TWO_LAYERS[3:]])  # one layer has it, one has not
    ends = count_dead_at_end(mixed).set_index(["trial_id", "definition"])["fraction"]
    assert pd.isna(ends["a", "dead"])
    rows = count_dead_by_stage(of_silu(TWO_LAYERS), "dead")
    assert rows[["count", "fraction"]].isna().all(axis=None)


def test_definitions_of_death_are_columns_of_the_schema():
    assert set(DEATHS) <= set(LAYERS.names)


def test_dead_at_end_is_the_sum_of_counts_over_the_sum_of_kept_at_the_last_epoch():
    ends = count_dead_at_end(TWO_LAYERS).set_index(["trial_id", "definition"])["fraction"]
    assert ends["a", "dead"] == pytest.approx(2 / 5)
    assert ends["a", "dormant_0025"] == pytest.approx(4 / 5)
    assert pd.isna(ends["b", "dead"])  # nothing kept, nothing to count
    assert len(ends) == 2 * len(DEATHS)


def test_dead_by_layer_is_one_row_per_trial_epoch_and_layer():
    rows = count_dead_by_stage(TWO_LAYERS, "dead").set_index(["trial_id", "epoch", "layer"])[
        "fraction"
    ]
    assert rows["a", 0, "first"] == 0
    assert rows["a", 0, "second"] == 1
    assert rows["a", 1, "first"] == pytest.approx(1 / 4)
    assert len(rows) == len(TWO_LAYERS)


def test_a_deep_network_is_shown_by_stage():
    deep = pd.Series([f"stage{i % 2}.{i}" for i in range(9)])
    assert list(name_stages(deep).unique()) == ["stage0", "stage1"]
    assert list(name_stages(deep[:8])) == list(deep[:8])


def test_paired_takes_the_partner_of_the_same_keys_and_seed():
    trials = pd.DataFrame(
        {
            "trial_id": ["a", "b", "c", "d", "e"],
            "optim.lr": [0.1, 0.1, 0.1, 0.1, 0.2],
            "prune.method": ["none", "dead", "none", "dead", "dead"],
            "seed": [0, 0, 1, 1, 0],
            "test_accuracy": [0.9, 0.8, 0.7, 0.75, 0.5],
        }
    )
    match = ["optim.lr", "prune.method", "seed"]
    rows = pair_with_reference(
        trials, "test_accuracy", key="prune.method", reference="none", match=match
    )
    rows = rows.set_index("trial_id")
    assert list(rows.index) == ["b", "d", "e"]
    assert rows.loc["b", "difference"] == pytest.approx(-0.1)
    assert rows.loc["d", "difference"] == pytest.approx(0.05)
    assert pd.isna(rows.loc["e", "difference"])


def test_with_keys_adds_what_is_lacking_and_keeps_rows_in_order():
    trials = pd.DataFrame({"trial_id": ["a", "b"], "seed": [7, 8], "kept": [0, 0]})
    rows = add_keys(TWO_LAYERS[::-1], trials, ["seed", "kept"])
    assert list(rows["seed"]) == [8, 8, 7, 7, 7, 7]
    assert list(rows["kept"]) == list(TWO_LAYERS["kept"][::-1])


EVENTS = pd.DataFrame(
    [
        ("a", 0, "first", 2, "died"),
        ("a", 1, "first", 2, "revived"),
        ("a", 1, "second", 0, "died"),
        ("a", 2, "second", 0, "pruned"),
        ("a", 3, "first", 1, "pruned"),  # dormant, never dead
        ("b", 1, "first", 0, "died"),
    ],
    columns=["trial_id", "epoch", "layer", "neuron", "event"],
)


def test_life_cycle_replays_the_events_for_every_neuron_and_epoch():
    layers = layer_rows(*[("a", e, name, 4, 0) for e in range(4) for name in ("first", "second")])
    life = replay_life_cycle(EVENTS, layers, "a")
    state = life.set_index(["layer", "neuron", "epoch"])["state"]
    assert len(life) == 2 * 4 * 4
    assert list(state["first", 2]) == ["dead", "alive", "alive", "alive"]
    assert list(state["second", 0]) == ["alive", "dead", "masked", "masked"]
    assert list(state["first", 1]) == ["alive", "alive", "alive", "masked"]
    assert set(state["first", 0]) == {"alive"}
    rows = life.drop_duplicates("row").sort_values("row")
    assert list(zip(rows["layer"], rows["neuron"], strict=True))[:5] == [
        ("first", 2),
        ("first", 0),
        ("first", 1),
        ("first", 3),
        ("second", 0),
    ]


def test_life_cycle_fills_epochs_that_were_not_measured_and_needs_no_event():
    layers = layer_rows(("a", 0, "first", 4, 0), ("a", 3, "first", 4, 0))
    life = replay_life_cycle(EVENTS[:0], layers, "a")
    assert sorted(life["epoch"].unique()) == [0, 1, 2, 3]
    assert set(life["state"]) == {"alive"}


OF_WEIGHTS = pd.DataFrame(
    [("c", epoch, layer, None, "weights_pruned") for epoch in range(9) for layer in ("x", "head")],
    columns=EVENTS.columns,
)


def test_events_of_weights_are_no_neuron_s():
    layers = layer_rows(*[("a", e, name, 4, 0) for e in range(4) for name in ("first", "second")])
    mixed = pd.concat([EVENTS, OF_WEIGHTS.assign(trial_id="a")]).astype({"neuron": float})
    pd.testing.assert_frame_equal(
        replay_life_cycle(mixed, layers, "a"), replay_life_cycle(EVENTS, layers, "a")
    )
    assert find_liveliest_trial(pd.concat([EVENTS, OF_WEIGHTS]), ["c", "a"]) == "a"


def test_liveliest_is_the_trial_with_most_events():
    assert find_liveliest_trial(EVENTS, ["b", "a", "c"]) == "a"
    assert find_liveliest_trial(EVENTS, ["c"]) == "c"
