"""Lives, curves and hazards of neurons against tables small enough to work out by hand."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from nvp.analysis.plots.survival import hazard_caption
from nvp.analysis.statistics.bootstrap import bootstrap_interval, seed_weights
from nvp.analysis.statistics.hazard import count_revivals, estimate_hazard_ratios
from nvp.analysis.statistics.neuron_lives import count_lives, drop_born_dead, find_first_lives
from nvp.analysis.statistics.survival import estimate_incidence, estimate_survival

LAYERS = pd.DataFrame(
    [(t, e, layer, depth, 2) for t in "ab" for e in (0, 3) for depth, layer in enumerate("xy")],
    columns=["trial_id", "epoch", "layer", "depth", "dense"],
)
EVENTS = pd.DataFrame(
    [
        ("a", 0, "x", 0, "died"),
        ("a", 1, "x", 0, "revived"),
        ("a", 2, "x", 0, "died"),  # again: only the first counts
        ("a", 2, "x", 1, "pruned"),
        ("a", 1, "y", 0, "died"),
        ("a", 1, "y", 0, "pruned"),  # at the same point: it died, and was then pruned
        ("b", 1, "y", 1, "pruned"),
        ("b", 3, "y", 1, "died"),  # after it was pruned and came back
        ("b", 2, "y", None, "weights_pruned"),
        ("c", 0, "x", 0, "died"),  # of a trial that is not shown
    ],
    columns=["trial_id", "epoch", "layer", "neuron", "event"],
)
TRIALS = pd.DataFrame({"trial_id": ["a", "b"], "seed": [0, 1], "lr": [0.1, 0.1]})


def test_a_life_ends_with_the_first_death_or_the_pruning_or_the_trial():
    lives = find_first_lives(EVENTS, LAYERS).astype({"trial_id": str, "layer": str})
    ends = lives.set_index(["trial_id", "layer", "neuron"])[["epoch", "event"]]
    assert len(lives) == 8
    assert tuple(ends.loc[("a", "x", 0)]) == (0, "died")
    assert tuple(ends.loc[("a", "x", 1)]) == (2, "pruned")
    assert tuple(ends.loc[("a", "y", 0)]) == (1, "died")
    assert tuple(ends.loc[("a", "y", 1)]) == (3, "censored")
    assert tuple(ends.loc[("b", "y", 1)]) == (1, "pruned")
    assert tuple(ends.loc[("b", "x", 0)]) == (3, "censored")


def test_a_curve_starts_with_the_living():
    lives = find_first_lives(EVENTS, LAYERS)
    living = drop_born_dead(lives)
    assert len(living) == len(lives) - 1 == 7  # neuron 0 of layer x of trial a was born dead
    counts = count_lives(living, TRIALS, ["layer", "lr"])
    rows = estimate_survival(counts, ["layer", "lr"]).set_index(["layer", "epoch"])
    assert rows.loc[("x", 0), "at_risk"] == 3
    assert (rows.xs(0, level="epoch")["alive"] == 1).all()


def test_names_may_be_categories_as_tables_have_them():
    categories = EVENTS.astype({"trial_id": "category", "layer": "category", "event": "category"})
    layers = LAYERS.astype({"trial_id": "category", "layer": "category"})
    pd.testing.assert_frame_equal(
        find_first_lives(categories, layers), find_first_lives(EVENTS, LAYERS)
    )


def test_the_survival_of_six_neurons_is_the_product_of_the_textbook():
    counts = pd.DataFrame(
        {"seed": 0, "epoch": [0, 1, 2, 3], "died": [1, 0, 2, 0]}
        | {"pruned": [0, 1, 0, 0], "censored": [0, 0, 0, 2], "lr": 0.1}
    )
    rows = estimate_survival(counts, ["lr"])
    assert rows["at_risk"].tolist() == [6, 5, 4, 2]
    np.testing.assert_allclose(rows["alive"], [5 / 6, 5 / 6, 5 / 12, 5 / 12])
    assert rows[["low", "high"]].isna().all(axis=None)  # one seed
    shares = estimate_incidence(counts, ["lr"]).pivot(
        index="epoch", columns="event", values="share"
    )
    np.testing.assert_allclose(shares["died"], [1 / 6, 1 / 6, 1 / 6 + 4 / 6 * 2 / 4, 1 / 2])
    np.testing.assert_allclose(shares["pruned"], [0, 1 / 6, 1 / 6, 1 / 6])


def drawn_lives(n: int = 400) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return lives of neurons of eight trials at two levels, the second with twice the hazard."""
    generator = np.random.default_rng(0)
    trial = np.arange(n) % 8
    epoch = np.floor(generator.exponential(6 / (1 + trial % 2))).astype(int)
    event = np.where(generator.random(n) < 0.7, "died", "pruned")
    event = np.where(epoch >= 9, "censored", event)
    lives = pd.DataFrame({"trial_id": trial.astype(str), "layer": "x", "depth": 0})
    lives = lives.assign(neuron=range(n), epoch=np.minimum(epoch, 9), event=event)
    trials = pd.DataFrame({"trial_id": [str(i) for i in range(8)]})
    return lives, trials.assign(lr=[0.1, 0.2] * 4, seed=[0, 0, 1, 1, 2, 2, 3, 3])


def test_curves_of_many_neurons_are_statsmodels_own():
    lives, trials = drawn_lives()
    counts = count_lives(lives, trials, ["lr"])
    ours = estimate_survival(counts, ["lr"])
    shares = estimate_incidence(counts, ["lr"])
    for level in (0.1, 0.2):
        own = lives[lives["trial_id"].astype(int) % 2 == (level == 0.2)]
        theirs = SurvfuncRight(own["epoch"] + 1, own["event"] == "died")
        alive = ours[ours["lr"] == level].set_index("epoch")["alive"]
        np.testing.assert_allclose(alive[theirs.surv_times - 1], theirs.surv_prob)
        status = own["event"].map({"died": 1, "pruned": 2, "censored": 0}).astype(int)
        curves = CumIncidenceRight(own["epoch"] + 1, status)
        for i, event in enumerate(("died", "pruned")):
            rows = shares[(shares["lr"] == level) & (shares["event"] == event)]
            rows = rows.set_index("epoch")["share"]
            np.testing.assert_allclose(rows[curves.times - 1], curves.cinc[i])
    assert (ours["low"] <= ours["alive"]).all()
    assert (ours["alive"] <= ours["high"]).all()
    ends = shares[shares["epoch"] == 9].groupby("lr")["share"].sum()
    assert (ends <= 1).all()


def test_counts_are_by_layer_where_asked_and_of_the_trials_given():
    lives = find_first_lives(EVENTS, LAYERS)
    counts = count_lives(lives, TRIALS, ["lr", "layer"])
    assert counts[["died", "pruned", "censored"]].to_numpy().sum() == 8
    assert counts[counts["layer"] == "x"]["died"].sum() == 1


def test_of_a_mean_the_band_from_seeds_drawn_anew_is_the_t_interval():
    values = np.array([[1.0], [2.0], [4.0]])
    weights = seed_weights(3, 20_000)
    low, high = bootstrap_interval(values.mean(axis=0), weights @ values / 3, 3)
    half = 4.302653 * values.std(ddof=1) / np.sqrt(3)
    assert low[0] == pytest.approx(7 / 3 - half, rel=0.03)
    assert high[0] == pytest.approx(7 / 3 + half, rel=0.03)
    assert np.isnan(bootstrap_interval(values[0], weights @ values, 1)).all()


def test_the_hazard_ratio_is_cox_s_with_errors_clustered_by_trial():
    lives, trials = drawn_lives()
    row = estimate_hazard_ratios(lives, trials, ["lr"]).iloc[0]
    x = (lives["trial_id"].astype(int) % 2).to_numpy(dtype=float)[:, None]
    model = PHReg(lives["epoch"] + 1, x, status=(lives["event"] == "died"), ties="efron")
    plain = model.fit(groups=lives["trial_id"].astype(int).to_numpy())
    assert (row["level"], row["reference"]) == (0.2, 0.1)
    assert row["ratio"] == pytest.approx(float(np.exp(plain.params[0])))
    assert row["low"] < row["ratio"] < row["high"]
    assert row["ratio"] == pytest.approx(2, abs=0.5)


def test_a_level_without_deaths_and_a_single_seed_have_no_interval():
    lives, trials = drawn_lives()
    quiet = lives.assign(
        event=lives["event"].where(lives["trial_id"].astype(int) % 2 == 1, "censored")
    )
    row = estimate_hazard_ratios(quiet, trials, ["lr"]).iloc[0]
    assert (row["level"], row["ratio"], row["note"]) == (0.1, 0.0, "no death")
    assert pd.isna(row["low"])
    one = estimate_hazard_ratios(lives, trials.assign(seed=0), ["lr"]).iloc[0]
    assert one["note"] == "one seed, so no interval"
    assert pd.isna(one["low"])
    assert estimate_hazard_ratios(lives, trials.assign(lr=0.1), ["lr"]).empty
    dead = lives.assign(event="censored")
    assert estimate_hazard_ratios(dead, trials, ["lr"])["low"].isna().all()


@pytest.mark.parametrize(("deaths", "told"), [(1, False), (9, False), (10, True), (40, True)])
def test_of_few_deaths_there_is_no_hazard_ratio(deaths: int, told: bool):
    lives, trials = drawn_lives()
    second = lives["trial_id"].astype(int) % 2 == 1
    died = (lives["event"] == "died") & second
    kept = died & (died.cumsum() <= deaths)
    event = lives["event"].where(~died | kept, "censored")
    row = estimate_hazard_ratios(lives.assign(event=event), trials, ["lr"]).iloc[0]
    assert (row["level"], row["died"]) == (0.2, deaths)
    assert pd.notna(row["ratio"]) == pd.notna(row["low"]) == told
    assert row["note"] == ("" if told else "fewer than 10 deaths")
    caption = hazard_caption(pd.DataFrame([row]), "optim.lr")
    assert caption.startswith("Hazard of" if told else "No hazard ratio: fewer than 10 deaths")


def test_revivals_are_the_share_of_deaths_that_were_undone():
    rows = count_revivals(EVENTS, TRIALS, ["lr"]).set_index("trial_id")
    assert tuple(rows.loc["a", ["died", "revived", "share"]]) == (3, 1, pytest.approx(1 / 3))
    none = TRIALS.assign(trial_id=["a", "z"])
    assert pd.isna(count_revivals(EVENTS, none, ["lr"]).set_index("trial_id").loc["z", "share"])
