"""Scalings that are known since the fractions are made of them."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from nvp.analysis.plots.collapse import draw_collapse
from nvp.analysis.plots.collapse_captions import few_caption, lead_caption, tell_leads
from nvp.analysis.selection.drawing import Drawing
from nvp.analysis.statistics.collapse import (
    FEWEST_DEADLY,
    add_scalings,
    count_deadly_cells,
    explainable_share,
    find_learned,
    fit_powers,
    fit_scalings,
    fit_theory,
)
from nvp.question.question import Question
from tests.analysis.made_frames import make_frames, make_layers


def grid(fraction, *, seeds=3, spread=0.0, steps=lambda batch: 1000) -> pd.DataFrame:
    """Return trials of lr x batch whose dead fraction is a function of both, with noise."""
    generator = np.random.default_rng(0)
    rows = [
        {"optim.lr": lr, "data.batch_size": batch, "optim.momentum": 0.9, "optim.name": "sgd"}
        | {"seed": seed, "cell": f"{lr}, {batch}", "steps": steps(batch)}
        for lr, batch, seed in product([0.01, 0.02, 0.04, 0.08], [16, 32, 64, 128], range(seeds))
    ]
    trials = pd.DataFrame(rows)
    exact = fraction(10 * trials["optim.lr"], trials["data.batch_size"], trials["steps"])
    noisy = exact + spread * generator.normal(size=len(trials))
    return add_scalings(trials, pd.Series(noisy))


def test_the_learning_rate_is_over_one_minus_momentum_for_sgd_alone():
    rows = grid(lambda lr, batch, steps: lr)
    assert rows["lr"].iloc[0] == pytest.approx(0.1)
    adam = rows.assign(**{"optim.name": "adamw"})
    assert add_scalings(adam, rows["fraction"])["lr"].iloc[0] == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("lr/B", lambda lr, batch, steps: np.tanh(20 * lr / batch)),
        ("lr/√B", lambda lr, batch, steps: 1 - np.tanh(2 * lr / np.sqrt(batch))),  # falling
        ("lr", lambda lr, batch, steps: np.tanh(lr)),
        ("1/B", lambda lr, batch, steps: np.tanh(16 / batch)),
    ],
)
def test_the_scaling_that_made_the_fractions_fits_best(name: str, law):
    table = fit_scalings(grid(law, spread=0.005))
    assert table["scaling"].iloc[0] == name
    assert table["r2"].iloc[0] > 0.85
    assert (table["low"] <= table["high"]).all()
    assert table["behind"].iloc[0] == 0
    assert (table.loc[1:, "behind_low"] > 0).all()
    assert table["best"].tolist() == [True, False, False, False]


def test_fractions_of_chance_are_not_fitted():
    table = fit_scalings(grid(lambda lr, batch, steps: 0.5 + 0 * lr, spread=0.1))
    assert (table["r2"] < 0.2).all()
    assert not table["best"].any()
    assert table["explainable"].iloc[0] < 0.3


def test_what_is_explainable_is_the_variance_between_cells():
    codes = np.array([0, 0, 1, 1])
    assert explainable_share(np.array([1.0, 1.0, 3.0, 3.0]), codes) == 1
    # within: 4 times 1/4 over 2 free = 1/2; of all: (9/4 + 1/4) * 2 / 3 = 5/3
    assert explainable_share(np.array([0.0, 1.0, 2.0, 3.0]), codes) == pytest.approx(
        1 - 0.5 / (5 / 3)
    )
    assert np.isnan(explainable_share(np.array([1.0, 2.0]), np.array([0, 1])))


def test_few_cells_have_no_fit():
    rows = grid(lambda lr, batch, steps: lr)
    few = fit_scalings(rows[rows["data.batch_size"] == 16])
    assert few.empty


def test_the_theory_finds_the_constant_that_made_the_fractions():
    def law(lr, batch, steps):
        return 2 * norm.cdf(-3.0 * np.sqrt(batch) / (lr * np.sqrt(steps)))

    for steps in (lambda batch: 1000, lambda batch: 48_000 // batch):
        rows = fit_theory(grid(law, steps=steps))
        assert rows["constant"].iloc[0] == pytest.approx(3.0, rel=1e-3)
        np.testing.assert_allclose(rows["predicted"], rows["fraction"], atol=1e-4)


def test_the_power_of_lr_is_found_and_zeros_are_taken_as_they_are():
    rows = grid(lambda lr, batch, steps: 0.5 * lr**2 / np.sqrt(batch))
    table = fit_powers(rows).set_index("of")
    assert table.loc["lr", "power"] == pytest.approx(2, abs=1e-6)
    assert table.loc["batch", "power"] == pytest.approx(-0.5, abs=1e-6)
    noisy = grid(lambda lr, batch, steps: 0.5 * lr**2, spread=0.01)
    noisy["fraction"] = noisy["fraction"].clip(lower=0)
    row = fit_powers(noisy).set_index("of").loc["lr"]
    assert row["low"] < 2 < row["high"]
    assert fit_powers(rows.assign(fraction=0.0)).empty
    assert fit_powers(rows[rows["data.batch_size"] == 16][:2]).empty


def test_a_lead_whose_interval_covers_0_makes_none_the_best():
    table = fit_scalings(grid(lambda lr, batch, steps: np.tanh(10 * lr / batch**0.75), spread=0.01))
    first, second = table.iloc[0], table.iloc[1]
    assert first["low"] > 0
    assert second["behind"] > 0 > second["behind_low"]
    assert not table["best"].any()
    table = table.assign(part="fixed steps")
    assert "so no winner is named" in lead_caption(table)
    assert "none is surely the best with fixed steps" in tell_leads(table, "lr")


def test_the_answer_names_the_scaling_that_made_the_deaths_and_where():
    epochs = fit_scalings(grid(lambda lr, batch, steps: np.tanh(10 * lr / batch)))
    steps = fit_scalings(grid(lambda lr, batch, steps: np.tanh(lr / np.sqrt(batch))))
    both = pd.concat([epochs.assign(part="fixed epochs"), steps.assign(part="fixed steps")])
    said = tell_leads(both, "lr / (1 − momentum)")
    assert said.startswith("Of η/B, η/√B, η and 1/B (η: learning rate / (1 − momentum), B: batch")
    assert "η/B tells best how many neurons die with fixed epochs (its R² is" in said
    assert "but η/√B tells best how many neurons die with fixed steps (its R² is" in said
    assert "surely" not in said
    assert tell_leads(both[:0], "lr") == ""


def quiet(deadly: int) -> pd.DataFrame:
    """Return trials of 16 cells, in the first few of which neurons died, the more the larger lr."""
    rows = grid(lambda lr, batch, steps: lr**2)
    cells = rows["cell"].drop_duplicates(ignore_index=True)[::-1][:deadly]
    return rows.assign(fraction=rows["fraction"].where(rows["cell"].isin(cells), 0.0))


@pytest.mark.parametrize("deadly", range(FEWEST_DEADLY))
def test_of_few_cells_with_deaths_nothing_is_fitted(deadly: int):
    rows = quiet(deadly)
    assert count_deadly_cells(rows) == deadly
    assert fit_scalings(rows).empty
    assert fit_powers(rows).empty
    assert fit_theory(rows)["constant"].isna().all()
    said = few_caption(rows, "fixed steps")
    assert f"1% of the neurons or more died in {deadly} of 16 settings" in said


def test_of_single_dead_neurons_everywhere_nothing_is_fitted():
    """All of 16 settings have deaths, of a few in a thousand neurons: that is noise."""
    rows = grid(lambda lr, batch, steps: lr**2)
    rows = rows.assign(fraction=rows["fraction"] / 100)
    assert (rows["fraction"] > 0).all()
    assert count_deadly_cells(rows) == 0
    assert fit_scalings(rows).empty
    assert fit_powers(rows).empty


def test_deaths_at_one_learning_rate_alone_have_no_power():
    rows = grid(lambda lr, batch, steps: lr)
    deaths = rows["fraction"].where(rows["lr"] == rows["lr"].max(), 0.0)
    assert fit_powers(rows.assign(fraction=deaths)).empty
    assert not fit_powers(quiet(8)).empty


def draw_rows(rows: pd.DataFrame, *swept: str) -> Drawing:
    """Return the figure of trials at fixed steps, whose dead fractions are those of the rows."""
    rows = rows.rename(columns={"fraction": "dead_share"}).drop(columns=["lr", "batch", "cell"])
    trials = rows.assign(
        trial_id=[f"t{i}" for i in range(len(rows))],
        status="done",
        epochs=3,
        length="fixed steps",
        **{"prune.method": "none", "optim.noise_kind": "relative"},
    )
    frames = make_frames(trials, swept=[*swept, "optim.lr", "data.batch_size"])
    vars(frames)["layers"] = make_layers(trials["trial_id"], trials["dead_share"])
    question = Question(ask="", x="optim.lr", hue="data.batch_size", figures=(), contrasts=())
    return draw_collapse(frames, question)


@pytest.mark.parametrize(("deadly", "fitted"), [(FEWEST_DEADLY - 1, False), (12, True)])
def test_the_figure_says_why_nothing_is_fitted(deadly: int, fitted: bool):
    figure = draw_rows(quiet(deadly)).figure
    figure.draw_without_rendering()
    note = " ".join(figure.get_supxlabel().split())
    titles = " ".join(axes.get_title() for axes in figure.axes)
    assert ("it takes 5 to fit anything" in note) != fitted
    assert ("R² = " in titles) == ("η^" in note) == ("constant" in note) == fitted


def test_each_data_set_has_a_row_and_fits_of_its_own():
    parts = []
    for name in ("cifar10", "mnist"):
        parts.append(quiet(12).assign(**{"data.name": name}))
    drawing = draw_rows(pd.concat(parts, ignore_index=True), "data.name")
    assert set(drawing.frame["part"]) == {"CIFAR-10, fixed steps", "MNIST, fixed steps"}
    assert [axes.get_ylabel() for axes in drawing.figure.axes if axes.get_ylabel()] == [
        "CIFAR-10\nfixed steps",
        "MNIST\nfixed steps",
    ]
    note = drawing.figure.get_supxlabel()
    assert "Only trials" not in note
    assert "Averaged" not in note
    assert drawing.answer.startswith("Of η/B, η/√B, η and 1/B (η: learning rate")


def test_settings_that_learned_nothing_are_drawn_hollow_and_fitted_by_none():
    rows = grid(lambda lr, batch, steps: np.tanh(20 * lr / batch))
    worst = rows["cell"] == rows.loc[rows["fraction"].idxmax(), "cell"]
    rows = rows.assign(test_accuracy=np.where(worst, 0.1, 0.9))
    assert (find_learned(rows) == ~worst).all()
    assert find_learned(rows.drop(columns="test_accuracy")).all()
    drawing = draw_rows(rows)
    assert drawing.frame.loc[~drawing.frame["learned"], "predicted"].isna().all()
    assert drawing.frame["learned"].sum() == len(drawing.frame) - 1
    fills = [line.get_markerfacecolor() for line in drawing.figure.axes[0].lines]
    assert fills.count("white") == 1
    assert "Hollow: 1 of 16 settings" in " ".join(drawing.figure.get_supxlabel().split())
