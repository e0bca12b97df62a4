"""What findings say beside the comparisons of the studies, on the tables of evidence/."""

from dataclasses import replace

import pytest

from benchmarks.documents.births import tell_births
from benchmarks.documents.new_intervals import list_rows
from nvp.analysis.answers.answer import answer
from nvp.analysis.answers.two_sentences import find_averaged, tell_row
from nvp.analysis.frames.load import StudyFrames, load
from nvp.question.question import METHOD
from tests.conftest import ROOT


def load_evidence(study: str) -> StudyFrames:
    return load(str(ROOT / "evidence"), study, "laptop")


@pytest.mark.parametrize(
    ("study", "averaged"),
    [
        ("transformer", ["optim.weight_decay"]),
        ("learning_rate", []),
        ("plasticity", []),  # no other key varies in both levels
        ("noise_law", ["data.name", "length", "data.batch_size"]),
    ],
)
def test_a_sentence_says_what_its_first_comparison_averages_over(
    study: str, averaged: list[str]
) -> None:
    frames = load_evidence(study)
    row = answer(frames).iloc[0].to_dict()
    assert find_averaged(row, frames) == averaged


def test_the_cost_of_a_removal_says_how_many_went_or_that_none_did() -> None:
    frames = load_evidence("batch_size")
    rows = list_rows(answer(frames), METHOD)
    told = {row["where"]["length"]: tell_row(row, frames) for row in rows}
    assert told["fixed steps"].endswith("nothing was removed, so nothing was tested.")
    trials = frames.trials.query(
        "`prune.method` == 'dead' and `data.batch_size` == 32 and length == 'fixed epochs'"
    )
    removed = 100 * trials["sparsity"].mean()
    assert removed > 50
    assert told["fixed epochs"].endswith(f" {removed:.1f} % of the neurons were removed.")
    gone = replace(frames, trials=frames.trials.assign(sparsity=0.0))
    over = "On average over batch size and length of training, "
    assert tell_row(rows[0] | {"where": {}}, gone) == (
        f"{over}nothing was removed, so nothing was tested."
    )


def test_who_is_dead_before_training_is_told_apart_from_who_dies_in_it() -> None:
    frames = load_evidence("depth")
    low, high = tell_births(frames)
    layers = frames.layers.assign(trial_id=frames.layers["trial_id"].astype(str))
    own = frames.trials.query("`model.norm` == 'none' and `optim.lr` == 0.005")
    shares = {}
    for depth in (2, 10):
        ids = own.loc[own["model.depth"] == depth, "trial_id"].astype(str)
        rows = layers[layers["trial_id"].isin(ids)]
        first, last = rows[rows["epoch"] == 0], rows[rows["epoch"] == rows["epoch"].max()]
        born = first["dead"].sum() / first["kept"].sum()
        shares[depth] = born, last["dead"].sum() / last["kept"].sum() - born
    assert f"{100 * shares[10][0]:.1f} % of the neurons never fire before training" in high
    assert f"instead of {100 * shares[2][0]:.1f} %" in high
    assert f"Training changes the share by {100 * shares[10][1]:+.1f} points" in high
    assert f"instead of {100 * shares[2][1]:+.1f}: a difference" in high
    assert "At a learning rate of 0.001" in low
