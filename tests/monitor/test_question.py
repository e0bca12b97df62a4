"""The question of a monitored study: written by a Monitor, answered by the analysis."""

import re
from pathlib import Path
from typing import Any

import pytest

from nvp.analysis.answers.answer import PRIMARY, answer
from nvp.analysis.command import main
from nvp.analysis.frames.load import load
from nvp.analysis.reproduction.page import load_all
from nvp.analysis.selection.question_of_study import is_derived, question_of
from nvp.monitor.monitor import Monitor
from nvp.question.question import Contrast, Margin, Question
from nvp.storage.study_folder import open_study, read_study
from tests.monitor.loop import load_images, make_network

COMPARED = Contrast(
    value="test_accuracy", key="recipe", reference="old", others=("new",), margin=Margin(0.2, "one")
)
ASKED = Question(ask="Is the new recipe better?", x="recipe", contrasts=(COMPARED,))


def run_trial(place: Path, study: str, recipe: str, seed: int, question: Question | None) -> None:
    own: dict[str, Any] = {"study": study, "storage": place, "question": question}
    images, _ = load_images(64)
    with Monitor(make_network(), images, config={"recipe": recipe}, seed=seed, **own) as monitor:
        monitor.observe(0)
        monitor.finish(test_accuracy=0.5 + 0.01 * seed + 0.1 * (recipe == "new"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a storage of two monitored studies; one is called as a study of ours is."""
    place = tmp_path_factory.mktemp("asked")
    for seed in (0, 1):
        run_trial(place, "sgd_noise", "old", seed, ASKED)
        run_trial(place, "sgd_noise", "new", seed, None)  # leaves the question as it is
    run_trial(place, "alone", "old", 0, None)
    return place


def test_it_is_written_and_answered(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = load(str(place), "sgd_noise")
    assert not is_derived(frames)
    assert question_of(frames).contrasts == (COMPARED,)
    (row,) = answer(frames).to_dict("records")
    assert (row["role"], row["n"], row["margin"]) == (PRIMARY, 2, 0.2)
    assert row["mean"] == pytest.approx(0.1)
    assert main(["sgd_noise", "--storage", str(place), "--figure", "dead_at_end"]) == 0
    printed = capsys.readouterr().out
    assert "study.json has no question" not in printed
    assert "test accuracy" in printed.lower()


def test_a_study_without_one_is_asked_about_its_keys(place: Path) -> None:
    assert is_derived(load(str(place), "alone"))


def test_the_newest_question_counts(tmp_path: Path) -> None:
    run_trial(tmp_path, "s", "old", 0, ASKED)
    run_trial(tmp_path, "s", "new", 0, Question(ask="And now?", x="recipe"))
    found = read_study(open_study(str(tmp_path), "s", "monitor"))["question"]
    assert (found["ask"], found["contrasts"]) == ("And now?", [])


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question(ask="Why?", x="recip"), "got 'recip' (did you mean 'recipe'?)"),
        (Question(ask="Why?", figures=("dead_at_ends",)), "(did you mean 'dead_at_end'?)"),
        (Question(ask="Why?", figures=("no_lab:draw",)), "there is no module 'no_lab'"),
        (Question(ask=" "), "expected a sentence as ask"),
        (
            Question(ask="Why?", contrasts=(Contrast(value="accuracy", key="recipe"),)),
            "got 'accuracy'",
        ),
        ("Why?", "expected nvp.Question(...), got 'Why?'"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(
    tmp_path: Path, question: Any, said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        run_trial(tmp_path, "s", "old", 0, question)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir()), "something was written"


def test_a_key_of_an_earlier_trial_may_be_asked_about(tmp_path: Path) -> None:
    run_trial(tmp_path, "s", "old", 0, None)
    images, _ = load_images(64)
    Monitor(make_network(), images, study="s", storage=tmp_path, question=ASKED).close()
    assert read_study(open_study(str(tmp_path), "s", "monitor"))["question"]["x"] == "recipe"


def test_monitored_studies_are_no_part_of_the_reproduction(place: Path, study_place: Path) -> None:
    """Else their comparisons would be corrected together with those of the papers' claims."""
    assert load_all([str(place)]) == []
    ours = [(one.name, one.preset) for one in load_all([str(study_place), str(place)])]
    assert ours
    assert {preset for _, preset in ours} <= {"quick", "paper"}
