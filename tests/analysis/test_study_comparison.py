"""Two studies side by side: by hand, and a real study with itself."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from nvp.analysis.answers.study_comparison import (
    LASTING,
    StudyComparison,
    compare_pairs,
    compare_studies,
)
from nvp.analysis.command import main
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.reports.comparison_words import describe_levels, list_base_differences
from nvp.analysis.statistics.intervals import infer_from_groups
from tests.analysis.made_frames import make_frames, make_layers

NAME = "sgd_noise"


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), NAME, "quick")


def test_differences_are_second_minus_first_by_cell_and_seed() -> None:
    pairs = pd.DataFrame(
        {
            "x": [1, 1, 1, 2],
            "seed": [0, 1, 2, 0],
            "response": "test_accuracy",
            "first": [0.5, 0.6, 0.7, 0.5],
            "second": [0.6, 0.72, 0.78, 0.5],
        }
    )
    table = compare_pairs(pairs, ["x"]).set_index("x")
    assert table.loc[1, "n"] == 3
    assert table.loc[1, "mean"] == pytest.approx(0.1)
    # t of 2 degrees of freedom 4.303, deviation 0.02
    assert table.loc[1, "high"] == pytest.approx(0.1 + 4.303 * 0.02 / 3**0.5, abs=1e-4)
    assert table.loc[1, "verdict"] == "more"
    assert table.loc[2, "verdict"] == "one pair, so no interval"


def test_a_study_is_equal_to_itself(frames: StudyFrames) -> None:
    found = compare_studies(frames, frames)
    assert found.same == (len(frames.trials), len(frames.trials))
    assert (found.pairs["first"] == found.pairs["second"]).all()
    assert set(found.table["verdict"]) == {"equal in every pair"}
    assert found.keys == frames.swept


def test_a_changed_trial_is_not_the_same(frames: StudyFrames) -> None:
    worse = frames.trials.copy()
    worse.loc[worse.index[0], "test_accuracy"] -= 0.01
    found = compare_studies(frames, replace(frames, trials=worse))
    assert found.same == (len(worse), len(worse) - 1)


def test_studies_without_a_common_trial_are_refused(frames: StudyFrames) -> None:
    other = replace(frames, trials=frames.trials.assign(seed=frames.trials["seed"] + 100))
    with pytest.raises(ValueError, match="expected trials that agree in"):
        compare_studies(frames, other)


def made(trials: pd.DataFrame, swept: list[str]) -> StudyFrames:
    """Return a study of made trials that are done, none of whose neurons died."""
    ids = [f"{i}-{','.join(swept)}" for i in range(len(trials))]
    rows = trials.assign(trial_id=ids, status="done", weight_sparsity=0.0, seconds=1.0)
    rows = rows.assign(**{name: 0.0 for name in LASTING if name not in rows})
    frames = make_frames(rows, swept=swept)
    vars(frames)["layers"] = make_layers(rows["trial_id"], rows["seed"] * 0.0)
    return frames


def noises(levels: Sequence[float], seeds: int = 3) -> pd.DataFrame:
    """Return trials of several noises, whose accuracy is 0.9 minus a tenth of the noise."""
    rows = [(noise, seed, 0.9 - 0.1 * noise) for noise in levels for seed in range(seeds)]
    names = pd.Index(["optim.noise", "seed", "test_accuracy"])
    return pd.DataFrame(rows, columns=names).assign(**{"optim.lr": 0.1})


def accuracy(found: StudyComparison) -> pd.DataFrame:
    return found.table[found.table["response"] == "test_accuracy"]


@pytest.mark.parametrize("swap", [False, True])
def test_a_key_swept_on_one_side_is_matched_to_the_other_s_fixed_value(swap: bool) -> None:
    sides = made(noises([0, 1, 2, 3]), ["optim.noise"]), made(noises([0]), [])
    first, second = sides[::-1] if swap else sides
    found = compare_studies(first, second)
    assert found.keys == ["optim.noise", "seed"]
    assert accuracy(found)["optim.noise"].tolist() == [0]
    assert accuracy(found)["mean"].tolist() == [0.0]
    (said,) = describe_levels(found)
    sides = "A has 0; B has 0, 1, 2, 3" if swap else "A has 0, 1, 2, 3; B has 0"
    assert said == f"optim.noise: compared at 0 alone ({sides})."
    base = list_base_differences(first, second, found.levels)
    assert "<td>optim.noise</td>" in base
    assert "<td>0, 1, 2, 3</td>" in base


def test_a_fixed_value_that_the_other_side_does_not_have_is_refused() -> None:
    first, second = made(noises([1, 2]), ["optim.noise"]), made(noises([0]), [])
    with pytest.raises(ValueError, match=r"agree in optim\.noise, got 1, 2 in A and 0 in B"):
        compare_studies(first, second)


def test_of_two_sweeps_only_common_levels_are_compared() -> None:
    # 0.1 + 0.2 is 0.3
    first = made(noises([0.0, 0.1 + 0.2, 1.0]), ["optim.noise"])
    second = made(noises([0.3, 1.0, 2.0]), ["optim.noise"])
    found = compare_studies(first, second)
    assert accuracy(found)["optim.noise"].tolist() == [0.3, 1.0]
    assert accuracy(found)["mean"].tolist() == pytest.approx([0, 0])
    assert "compared at 0.3, 1 alone" in describe_levels(found)[0]
    same = compare_studies(first, first)
    assert describe_levels(same) == []


def test_keys_swept_by_one_side_each_are_all_matched() -> None:
    first = made(noises([0, 3]), ["optim.noise"])
    rates = pd.concat([noises([3]).assign(**{"optim.lr": lr}) for lr in (0.1, 0.2)])
    found = compare_studies(first, made(rates.reset_index(drop=True), ["optim.lr"]))
    assert found.keys == ["optim.noise", "optim.lr", "seed"]
    assert accuracy(found)[["optim.noise", "optim.lr"]].to_numpy().tolist() == [[3, 0.1]]


def test_a_key_that_one_side_does_not_know_is_refused() -> None:
    second = made(noises([0]).drop(columns="optim.noise"), [])
    with pytest.raises(ValueError, match=r"expected optim\.noise in both studies, got none in B"):
        compare_studies(made(noises([0, 1]), ["optim.noise"]), second)


def test_deaths_are_compared_by_a_definition_that_applies_to_both() -> None:
    first, second = (made(noises([0, 1]), ["optim.noise"]) for _ in range(2))
    assert compare_studies(first, second).definition == "dead"
    vars(second)["layers"] = second.layers.assign(dead=float("nan"))  # of SiLU
    for sides in ((first, second), (second, first), (second, second)):
        found = compare_studies(*sides)
        assert found.definition == "dormant_0025"
        assert "death" in set(found.table["response"])


def test_cells_without_common_seeds_are_compared_as_welch_does() -> None:
    generator = np.random.default_rng(0)
    one, two = generator.normal(0.9, 0.01, 4), generator.normal(0.92, 0.03, 6)
    row = infer_from_groups(one, two)
    theirs = ttest_ind(two, one, equal_var=False)
    low, high = theirs.confidence_interval()
    assert (row["p"], row["low"], row["high"]) == pytest.approx((theirs[1], low, high))
    assert row["n"] == 4
    assert np.isnan(infer_from_groups(one[:1], two)["low"])


def test_the_command_writes_a_page(
    study_place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    shutil.copytree(study_place / NAME, other / NAME)
    arguments = ["compare", NAME, f"{other}/{NAME}/quick", "--storage", str(study_place)]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    assert "16 of the 16 trials that both have" in capsys.readouterr().out
    page = (tmp_path / "out" / "compare.html").read_text()
    assert "Their base configurations are the same." in page
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "compare.html",
        "compare.png",
        "compare.svg",
        "compare.csv",
    }


@pytest.mark.parametrize("wrong", ["sgd_nois", "nowhere/sgd_noise"])
def test_a_study_that_is_not_there_is_one_line(
    study_place: Path, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", NAME, wrong, "--storage", str(study_place)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: expected tables of the study")
    assert len(error.splitlines()) == 1
