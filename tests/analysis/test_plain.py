"""A comparison as a sentence, from rows with known numbers."""

from typing import Any

import pytest

from nvp.analysis.answers.plain import tell_plainly

ROW: dict[str, Any] = {
    "value": "dead",
    "key": "optim.lr",
    "reference": 0.0005,
    "other": 0.01,
    "where": {"prune.method": "none"},
    "n": 5,
    "mean": 0.539,
    "low": 0.502,
    "high": 0.576,
    "reference_mean": 0.021,
    "other_mean": 0.56,
    "margin": 0.01,
    "verdict": "more",
}


def test_deaths_at_two_levels_of_a_number() -> None:
    assert tell_plainly(ROW) == (
        "Without pruning, with a learning rate of 0.01 instead of 0.0005, 56.0 % of the neurons "
        "never fire at the end, instead of 2.1 %: 53.9 points more [50.2 to 57.6]."
    )


def test_a_loss_has_its_interval_turned_with_it() -> None:
    row = ROW | {"mean": -0.02, "low": -0.03, "high": -0.01, "verdict": "less"}
    assert "2.0 points less [1.0 to 3.0]." in tell_plainly(row)


def test_a_small_difference_has_two_decimals() -> None:
    row = ROW | {"mean": -0.0014, "low": -0.0045, "high": 0.0017}
    assert "0.14 points less [-0.17 to 0.45]." in tell_plainly(row)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"verdict": "undecided"}, ", which 5 seeds cannot tell from none."),
        ({"verdict": "undecided after correction"}, ", which 5 seeds cannot tell from none."),
        ({"verdict": "equal within ±0.01"}, ", so little that it counts as none (margin ±1 points"),
        ({"verdict": "more, but within ±0.01"}, "so little that it counts as none"),
        ({"n": 1}, "of one seed, which says nothing."),
        ({"n": 0}, "instead of 0.0005: no pair of trials has finished."),
        ({"reference_mean": 0.0, "other_mean": 0.0}, "no neuron died, so this was not tested."),
        ({"value": "flops_left"}, "FLOPs after removal: +0.539 [+0.502 to +0.576]."),
    ],
)
def test_doubt_is_said(changed: dict[str, Any], said: str) -> None:
    assert said in tell_plainly(ROW | changed)


@pytest.mark.parametrize(
    ("key", "reference", "other", "said"),
    [
        ("prune.method", "none", "dead", "with removal of the dead instead of no pruning"),
        ("prune.method", "random", "nvp", "with NVP pruning instead of random pruning"),
        ("model.norm", "none", "batch", "with batch normalisation instead of no normalisation"),
        ("model.activation", "relu", "silu", "with SiLU as activation instead of ReLU, 56.0"),
        ("remedy.name", "none", "redo", "with resets of dormant neurons (ReDo) instead of no"),
        ("remedy.name", "none", "cbp", "with continual backprop instead of no remedy"),
        ("remedy.choice", "random", "rule", "by the rule instead of neurons chosen at random"),
        ("optim.noise", 0.0, 3.0, "with a gradient noise of 3 instead of 0"),
        ("optim.l1_scale", 0.0, 0.01, "with an L1 on scales of 0.01 instead of 0"),
        ("optim.name", "sgd", "adam", "with Adam instead of SGD"),
        ("data.batch_size", 16, 512, "with a batch size of 512 instead of 16"),
    ],
)
def test_levels_are_words(key: str, reference: Any, other: Any, said: str) -> None:
    row = ROW | {"key": key, "reference": reference, "other": other, "where": {}}
    assert said in tell_plainly(row).replace("With ", "with ")


def test_what_changes_nothing_by_any_seed_says_so() -> None:
    same = {"mean": 0.0, "low": 0.0, "high": 0.0, "reference_mean": 0.56, "verdict": "equal"}
    method = {"key": "prune.method", "reference": "none", "other": "dead", "where": {}}
    assert tell_plainly(ROW | same | method) == (
        "With removal of the dead instead of no pruning, 56.0 % of the neurons never fire at the "
        "end, exactly as with no pruning, seed by seed."
    )


def test_a_small_difference_is_seen_in_both_levels() -> None:
    small = {"mean": 0.0002, "low": -0.001, "high": 0.0014, "verdict": "undecided"}
    said = tell_plainly(ROW | small | {"reference_mean": 0.9685, "other_mean": 0.9687})
    assert "96.87 % " in said
    assert "instead of 96.85 %: 0.02 points more" in said


def test_what_is_averaged_over_comes_first() -> None:
    said = tell_plainly(ROW, ["optim.noise", "data.batch_size"])
    assert said.startswith("On average over gradient noise and batch size, without pruning, with a")


def test_an_amount_of_nothing_is_left_off() -> None:
    where = {"prune.method": "none", "optim.weight_decay": 0.0, "optim.lr": 0.1}
    said = tell_plainly(ROW | {"where": where})
    assert said.startswith("Without pruning, without weight decay, at a learning rate of 0.1, with")


def test_the_usual_choice_of_neurons_goes_without_saying() -> None:
    levels = {"key": "remedy.name", "reference": "none", "other": "snr"}
    said = tell_plainly(ROW | levels | {"where": {"remedy.choice": "rule"}})
    assert said.startswith("With self-normalised resets instead of no remedy, ")
    said = tell_plainly(ROW | levels | {"where": {"remedy.choice": "random"}})
    assert said.startswith("With neurons chosen at random, with self-normalised resets instead")
