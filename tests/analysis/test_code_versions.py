"""Trials of several versions of the code: said, kept apart, and put side by side."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from nvp.analysis.answers.study_comparison import compare_studies
from nvp.analysis.frames.code_versions import (
    UNKNOWN,
    count_codes,
    describe_codes,
    name_codes,
    select_code,
)
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.reports.comparison import locate_study
from nvp.analysis.reports.gaps import describe_gaps
from nvp.analysis.reports.report import list_facts
from nvp.analysis.selection.question_of_study import question_of
from nvp.analysis.style.captions import trials_caption

ONE, TWO = "0123456789ab", "ba9876543210"


def rows(codes: Sequence[str | None]) -> pd.DataFrame:
    return pd.DataFrame({"trial_id": list("abcdefgh")[: len(codes)], "code": codes})


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), "sgd_noise", "quick")


def by_seed(frames: StudyFrames) -> StudyFrames:
    """Return the study as if its seed 0 were of one version of the code, and 1 of another."""
    trials = frames.trials.sort_values("seed", kind="stable", ignore_index=True)
    return replace(frames, trials=trials.assign(code=trials["seed"].map({0: ONE, 1: TWO})))


def test_a_row_without_the_column_or_a_value_is_unknown() -> None:
    assert set(name_codes(rows([ONE]).drop(columns="code"))) == {UNKNOWN}
    assert name_codes(rows([ONE, None, ""])).tolist() == [ONE, UNKNOWN, UNKNOWN]
    assert count_codes(rows([None, None, ONE, TWO, TWO])) == {TWO: 2, ONE: 1, UNKNOWN: 2}


def test_several_versions_are_said_and_one_is_not() -> None:
    assert describe_codes(rows([ONE, ONE])) == ""
    assert describe_codes(rows([None, None])) == ""
    assert describe_codes(rows([ONE, TWO, ONE, None])) == (
        f"Trials of several versions of the code: 2 of {ONE}, 1 of {TWO}, 1 of an unknown one "
        "(--code keeps them apart)."
    )


def test_one_version_is_chosen_and_a_wrong_one_names_the_nearest() -> None:
    table = rows([ONE, TWO, ONE, None])
    assert len(select_code(table, ONE)) == 2
    assert len(select_code(table, UNKNOWN)) == 1
    assert len(select_code(table, "")) == 4
    with pytest.raises(ValueError, match=rf"--code: expected one of .*did you mean '{ONE}'\?"):
        select_code(table, ONE[:-2])


def test_figures_and_report_say_it(frames: StudyFrames) -> None:
    mixed = by_seed(frames)
    said = f"Trials of several versions of the code: 8 of {ONE}, 8 of {TWO} "
    assert said in trials_caption(mixed, mixed.trials)
    assert any(said in line for line in describe_gaps(mixed, question_of(mixed)))
    assert dict(list_facts(mixed))["code"] == f"{ONE} (8), {TWO} (8)"
    assert "versions" not in trials_caption(frames, frames.trials)
    # of a figure that shows one of the versions alone
    assert "versions" not in trials_caption(mixed, mixed.trials[mixed.trials["seed"] == 0])


def test_a_trial_of_other_code_is_not_missing(study_place: Path) -> None:
    known = load(str(study_place), "sgd_noise", "quick")
    (code,) = count_codes(known.trials)
    chosen = load(str(study_place), "sgd_noise", "quick", code=code)
    assert len(chosen.trials) == len(known.trials)
    assert f"Only trials of the code {code}." in trials_caption(chosen, chosen.trials)
    other = replace(known, trials=known.trials[:3], code=code)
    assert other.unfinished == 0


def test_two_versions_in_one_folder_are_compared_without_pairs(frames: StudyFrames) -> None:
    mixed = by_seed(frames)
    sides = [replace(mixed, trials=select_code(mixed.trials, code)) for code in (ONE, TWO)]
    with pytest.raises(ValueError, match="expected trials that agree in seed, got 0 in A and 1 in"):
        compare_studies(sides[0], sides[1])
    found = compare_studies(sides[0], sides[1], unpaired=True)
    assert not found.paired
    assert "seed" not in found.keys
    assert set(found.table["n"]) == {1}
    means = [side.trials.groupby(found.keys)["test_accuracy"].mean() for side in sides]
    own = found.table[found.table["response"] == "test_accuracy"].set_index(found.keys)
    difference = (means[1] - means[0]).rename("mean")
    pd.testing.assert_series_equal(own["mean"].sort_index(), difference, check_dtype=False)
    # where they have seeds in common they are paired all the same
    assert compare_studies(mixed, mixed, unpaired=True).paired


def test_a_side_is_named_by_study_and_code(study_place: Path, tmp_path: Path) -> None:
    place = tmp_path / "user@host"
    shutil.copytree(study_place / "sgd_noise", place / "sgd_noise")
    for text in (f"{place}/sgd_noise@{ONE}", f"{place}/sgd_noise/quick@{ONE}"):
        assert locate_study(text, "nowhere") == (str(place), "sgd_noise", "quick", ONE)
    assert locate_study("sgd_noise", str(place)) == (str(place), "sgd_noise", "quick", "")
    with pytest.raises(ValueError, match="expected a version of the code after '@'"):
        locate_study("sgd_noise@", str(place))
