"""study.json with a value of each wrong type, and the rows that its plans do not ask for."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nvp.analysis.answers.answer import answer
from nvp.analysis.command import main
from nvp.analysis.frames.load import load
from nvp.analysis.frames.study_document import (
    SHAPES,
    STARTS,
    LeftOut,
    check_document,
    count_left_out,
)
from nvp.analysis.reports.gaps import describe_gaps
from nvp.analysis.selection.question_of_study import question_of
from nvp.question.stored_question import question_to_json
from nvp.storage.store import Storage
from nvp.storage.studies import choose_preset
from tests.small_studies import questions

VALUES = [5, 0.5, True, None, "x", [5], ["x"], [{}], {}, {"a": 5}, {"a": "x"}, {"a": {}}]


@pytest.fixture
def copy(study_place: Path, tmp_path: Path) -> Path:
    """Return study.json of a copy of the study."""
    shutil.copytree(study_place / "sgd_noise", tmp_path / "sgd_noise")
    return tmp_path / "sgd_noise" / "quick" / "study.json"


def fits(value: Any, wanted: Any) -> bool:
    return isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool)


@pytest.mark.parametrize("key", SHAPES)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_of_a_wrong_type_is_one_line(key: str, value: Any) -> None:
    whole, inner = SHAPES[key]
    inside = list(value.values()) if isinstance(value, dict) else value
    good = fits(value, whole) and (not inner or all(isinstance(one, inner) for one in inside))
    storage = Storage.at("nowhere")
    if good:
        check_document({key: value}, storage)
        return
    with pytest.raises(ValueError, match=r"study\.json: expected .* as .*, got") as raised:
        check_document({key: value}, storage)
    assert key in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("key", STARTS)
def test_so_is_a_value_of_a_start(key: str) -> None:
    with pytest.raises(ValueError, match=f"as {key} of a start, got 5"):
        check_document({"starts": [{}, {key: 5}]}, Storage.at("nowhere"))


@pytest.mark.parametrize("key", ["model.width", "data.images"])
def test_so_is_a_value_of_the_base(key: str) -> None:
    with pytest.raises(ValueError, match=f"as {key} of base, got 'x'"):
        check_document({"base": {key: "x"}}, Storage.at("nowhere"))


def test_the_study_json_of_a_run_is_what_it_should_be(copy: Path) -> None:
    check_document(json.loads(copy.read_text()), Storage.at(str(copy.parent)))


def test_the_command_says_it_in_one_line(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(copy.parents[2])
    for content in ('{"trials": 5}', '{"starts": 5}', '{"starts": [{"time": 5}]}'):
        copy.write_text(content)
        for verb in (["sgd_noise"], ["compare", "sgd_noise", "sgd_noise"]):
            assert main([*verb, "--storage", place]) == 2
            error = capsys.readouterr().err
            assert error.startswith("error: ")
            assert len(error.splitlines()) == 1


@pytest.mark.parametrize("starts", ['[{"time": 5}]', "[5]", "5", '"x"', '{"a": 1}', "[[]]"])
def test_a_preset_is_chosen_whatever_the_starts_are(copy: Path, starts: str) -> None:
    copy.write_text(f'{{"starts": {starts}}}')
    paper = copy.parents[1] / "paper"
    paper.mkdir()
    (paper / "study.json").write_text('{"starts": [{"time": "2020-01-01T00:00:00"}]}')
    assert choose_preset(str(copy.parents[2]), "sgd_noise", "auto")[0] == "paper"


def test_rows_in_no_plan_are_counted_by_whose_they_are() -> None:
    rows = ["a", "b", "c", "d", "e", "f"]
    document = {"trials": {"a": {}}, "parents": ["b"], "one_off": [{"trials": {"c": {}, "a": {}}}]}
    assert count_left_out(document, rows) == LeftOut(earlier=3, one_off=1)
    assert LeftOut(3, 1).describe() == (
        "3 finished trials of earlier plans and 1 finished trial of one-off runs left out (--all)"
    )
    assert LeftOut(1).describe() == "1 finished trial of earlier plans left out (--all)"
    assert LeftOut().describe() == ""


def test_trials_of_earlier_plans_are_said_to_be_left_out(
    copy: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    place, document = str(copy.parents[2]), json.loads(copy.read_text())
    kept = dict(list(document["trials"].items())[:12])
    copy.write_text(json.dumps(document | {"trials": kept}))
    frames = load(place, "sgd_noise", "quick")
    said = "4 finished trials of earlier plans left out (--all)"
    assert said in caplog.text
    assert describe_gaps(frames, question_of(frames))[0] == said
    assert frames.unfinished == 0
    caplog.clear()
    assert main(["compare", "sgd_noise", "sgd_noise", "--storage", place]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"A: {said}" in lines
    assert any(line.startswith("12 of the 12 trials") for line in lines)
    assert main(["compare", "sgd_noise", "sgd_noise", "--storage", place, "--all"]) == 0
    assert "left out" not in capsys.readouterr().out
    everything = load(place, "sgd_noise", "quick", everything=True)
    assert "left out" not in caplog.text
    assert everything.left_out == LeftOut()


def test_tables_of_another_study_are_named_and_drawn_as_what_they_are(
    copy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = copy.parents[2] / "activation"
    copy.parents[1].rename(folder)
    frames = load(str(copy.parents[2]), "activation", "quick")
    assert "holds tables of the study 'sgd_noise'" in caplog.text
    asked = questions()
    assert question_of(frames) == asked["sgd_noise"]
    for question in asked.values():  # also where it is of other keys
        told = replace(frames, study={"question": question_to_json(question)})
        assert set(answer(told)["role"]) <= {"primary", "exploratory"}
