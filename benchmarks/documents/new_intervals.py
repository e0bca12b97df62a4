"""Comparisons that no source had put an interval on, of all studies, as sentences."""

from collections.abc import Mapping

import pandas as pd

from benchmarks.documents.births import tell_births
from nvp.analysis.answers.answer import answer
from nvp.analysis.answers.two_sentences import is_removal, keep_first_definition, tell_row
from nvp.analysis.frames.load import StudyFrames
from nvp.question.contrasts import compare_deaths
from nvp.question.margins import OF_ACCURACY
from nvp.question.question import METHOD, Contrast, Question

# heading: the study, and the key whose levels its answer compares
OF_KEYS = {
    "Deaths against learning rate, at each depth": ("depth", "optim.lr"),
    "Deaths against decay, under each optimizer": ("optimizer", "optim.weight_decay"),
}
# heading: the study, and what its answer does not compare
BESIDE = {
    "Deaths against gradient noise, under Adam": (
        "reactivation",
        compare_deaths("optim.noise", others=(0.5, 1.0)),
    ),
    "Accuracy against the moment of pruning": (
        "prune_when",
        Contrast(
            value="test_accuracy",
            key="prune.start",
            others=(0.2, 0.4, 0.6, 0.9),
            where={METHOD: "magnitude"},
            margin=OF_ACCURACY,
        ),
    ),
}
BIRTHS = "Neurons dead before training, and what training adds, against depth"
COST = "What the removal of the dead costs, where most die"


def tell_new(
    answers: Mapping[str, pd.DataFrame], studies: Mapping[str, StudyFrames]
) -> dict[str, list[str]]:
    """Return {heading: sentences}; a heading whose studies have not run is left out.

    Args:
        answers: {study: its answer}.
        studies: {study: its frames}.
    """
    found = {
        heading: [tell_row(row, studies[study]) for row in list_rows(answers[study], key)]
        for heading, (study, key) in OF_KEYS.items()
        if study in answers
    }
    found[BIRTHS] = tell_births(studies["depth"]) if "depth" in studies else []
    for heading, (study, contrast) in BESIDE.items():
        if study in studies:
            table = answer(studies[study], Question(ask="", contrasts=(contrast,)))
            rows = list_rows(table, contrast.key)
            found[heading] = [tell_row(row, studies[study]) for row in rows]
    found[COST] = [
        f"{name}: {tell_row(row, studies[name])}"
        for name, table in answers.items()
        for row in list_rows(table, METHOD)
        if is_removal(row)
    ]
    return {heading: told for heading, told in found.items() if told}


def list_rows(table: pd.DataFrame, key: str) -> list[dict]:
    """Return the rows of an answer that compare levels of a key, by the first definition of death.

    Rows that compare nothing, since no pair has finished, are left out.
    """
    own = table[(table["key"] == key) & (table["n"] > 0)]
    return keep_first_definition(own).to_dict("records")
