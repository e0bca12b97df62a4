"""Two studies side by side: by hand, and a real study with itself."""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from nvp.analysis.answers.study_comparison import compare_cells, compare_studies
from nvp.analysis.command import main
from nvp.analysis.frames.load import StudyFrames, load

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
    table = compare_cells(pairs, ["x"]).set_index("x")
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
    assert set(found.table["verdict"]) == {"no winner"}
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
