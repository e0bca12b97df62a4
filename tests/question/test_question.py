"""A question is data: written into study.json, read back the same, and refused where wrong."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvp import (
    Contrast,
    Design,
    End,
    Margin,
    Question,
    TrialConfig,
    compare_methods,
    grid,
    log_uniform,
)
from nvp.analysis.plots.figures import FIGURES as DRAWN
from nvp.question.check import check_question
from nvp.question.figures import FIGURES
from nvp.question.stored_question import question_to_json, read_question
from tests.small_studies import STUDIES, load, questions

DESIGN = Design(
    base=TrialConfig(epochs=2),
    space={
        "optim.lr": grid(0.1, 0.3),
        "model.activation": grid("relu", "silu"),
        "optim.noise": log_uniform(0.1, 2.0),
    },
)
PRESETS = [(DESIGN.base, DESIGN.space)]
QUESTION = Question(ask="Why?", x="optim.lr", hue="model.activation", figures=("survival",))

TEXTS = st.text(max_size=5)
LEVELS = st.one_of(
    st.sampled_from(End),
    st.booleans(),
    TEXTS,
    st.integers(-1000, 1000),
    st.floats(-10, 10).map(lambda number: float(f"{number:.12g}") + 0.0),
    st.tuples(st.integers(0, 3), TEXTS),
)
CONTRASTS = st.builds(
    Contrast,
    value=TEXTS,
    key=TEXTS,
    reference=LEVELS,
    others=st.lists(LEVELS, max_size=3).map(tuple),
    where=st.dictionaries(TEXTS, LEVELS, max_size=2),
    by=TEXTS,
    margin=st.none() | st.builds(Margin, st.floats(0.01, 1), TEXTS),
)
QUESTIONS = st.builds(
    Question,
    ask=TEXTS,
    x=TEXTS,
    hue=TEXTS,
    figures=st.lists(TEXTS, max_size=3).map(tuple),
    contrasts=st.lists(CONTRASTS, max_size=3).map(tuple),
    trial=TEXTS,
)


@settings(deadline=None, max_examples=50)
@given(question=QUESTIONS)
def test_a_question_is_read_back_as_it_was_written(question: Question) -> None:
    assert read_question(json.loads(json.dumps(question_to_json(question)))) == question


def test_numbers_are_written_as_those_of_a_design_are() -> None:
    contrast = Contrast(
        value="death",
        key="optim.lr",
        reference=np.float32(0.1),
        others=(0.1 + 0.2, np.int64(1)),
        where={"optim.milestones": np.array([0.5, 0.75])},
    )
    (stored,) = question_to_json(replace(QUESTION, contrasts=(contrast,)))["contrasts"]
    assert (stored["reference"], stored["others"]) == (0.1, [0.3, 1])
    assert stored["where"] == {"optim.milestones": [0.5, 0.75]}


def test_without_values_there_is_no_question_and_unknown_keys_are_left_alone() -> None:
    assert read_question({}) is None
    assert read_question({"ask": "Why?", "later": {"key": 1}}) == Question(ask="Why?")


@pytest.mark.parametrize(
    "values",
    [
        {"ask": 5},
        {"x": None},
        {"figures": "survival"},
        {"figures": [5]},
        {"contrasts": {}},
        {"contrasts": [5]},
        {"contrasts": [{"value": "death"}]},
        {"contrasts": [{"value": "death", "key": "optim.lr", "reference": {"end": "middle"}}]},
        {"contrasts": [{"value": "death", "key": "optim.lr", "reference": {"end": []}}]},
        {"contrasts": [{"value": "death", "key": "optim.lr", "margin": {"size": True}}]},
        {"contrasts": [{"value": "death", "key": "optim.lr", "where": []}]},
    ],
    ids=str,
)
def test_a_stored_value_of_a_wrong_type_is_named(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected .*, got") as raised:
        read_question(values)
    assert len(str(raised.value).splitlines()) == 1


def wrong(**contrast: Any) -> Question:
    return replace(
        QUESTION, contrasts=(Contrast(**{"value": "death", "key": "optim.lr"} | contrast),)
    )


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Why?", r"expected nvp\.Question"),
        (Question(ask=" "), "expected a sentence as ask"),
        (replace(QUESTION, x="optim.lrr"), r"got 'optim.lrr' \(did you mean 'optim.lr'"),
        (replace(QUESTION, hue="activation"), "did you mean 'model.activation'"),
        (replace(QUESTION, x="steps"), "expected 'length'"),
        (replace(QUESTION, figures=("survivl",)), "did you mean 'survival'"),
        (replace(QUESTION, figures="survival"), "expected a tuple as figures"),
        (replace(QUESTION, figures=(print,)), "expected a str in figures"),
        (replace(QUESTION, contrasts=compare_methods("none", "nvp")), "expected a tuple as contra"),
        (wrong(value="test_acuracy"), "did you mean 'test_accuracy'"),
        (wrong(value="status"), "expected death or a column"),
        (wrong(reference=0.2), r"one of 0.1, 0.3.*got 0.2"),
        (wrong(reference=lambda trials: trials), "expected a number, a text"),
        (wrong(where={"model.activation": "rleu"}), "did you mean 'relu'"),
        (wrong(key="model.activation", others="silu"), "expected a tuple as others"),
        (wrong(key="length", reference="fixed step"), "did you mean 'fixed steps'"),
        (wrong(margin=0.01), r"expected nvp\.Margin"),
        (wrong(by="optim.los"), "question: expected the path of a setting"),
    ],
)
def test_a_question_that_nothing_answers_is_refused(question: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        check_question(question, PRESETS)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    "question",
    [
        QUESTION,
        wrong(reference=End.LAST, others=(np.float32(0.1),)),
        wrong(key="optim.noise", reference=0.123),  # of a range
        wrong(key="prune.method", reference="none"),  # of the base
        wrong(by="length"),
        wrong(value="weight_sparsity", where={"strength": 0.5}),
    ],
    ids=str,
)
def test_a_question_that_fits_is_taken(question: Question) -> None:
    check_question(question, PRESETS)


def test_each_study_of_the_folder_has_a_question_that_fits_and_is_stored_as_it_is() -> None:
    asked = questions()
    assert list(asked) == [path.stem for path in STUDIES]
    for path in STUDIES:
        study = load(path).STUDY
        check_question(
            study.question, [(one.base, one.space) for one in (study.paper, study.quick)]
        )
        assert read_question(question_to_json(study.question)) == study.question


def test_each_figure_that_has_a_name_can_be_drawn() -> None:
    assert list(DRAWN) == list(FIGURES)
    assert all(FIGURES.values())
