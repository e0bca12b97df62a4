"""Comparisons that no source had put an interval on, of all studies, as sentences."""

from collections.abc import Mapping

import pandas as pd

from nvp.analysis.answers.plain import tell_plainly
from nvp.analysis.answers.two_sentences import keep_first_definition
from nvp.question.question import METHOD, NONE

# heading: the study, and the key whose levels are compared
OF_KEYS = {
    "Deaths against learning rate, at each depth": ("depth", "optim.lr"),
    "Deaths against decay, under each optimizer": ("optimizer", "optim.weight_decay"),
}
COST = "What the removal of the dead costs, where most die"


def tell_new(answers: Mapping[str, pd.DataFrame]) -> dict[str, list[str]]:
    """Return {heading: sentences}; a heading whose studies have not run is left out.

    Args:
        answers: {study: its answer}.
    """
    found = {
        heading: [tell_plainly(row) for row in list_rows(answers[study], key)]
        for heading, (study, key) in OF_KEYS.items()
        if study in answers
    }
    costs = [
        f"{name}: {tell_plainly(row)}"
        for name, table in answers.items()
        for row in list_rows(table, METHOD)
        if (row["reference"], row["other"]) == (NONE, "dead")
    ]
    return {heading: told for heading, told in (found | {COST: costs}).items() if told}


def list_rows(table: pd.DataFrame, key: str) -> list[dict]:
    """Return the rows of an answer that compare levels of a key, by the first definition of death.

    Rows that compare nothing, since no pair has finished, are left out.
    """
    own = table[(table["key"] == key) & (table["n"] > 0)]
    return keep_first_definition(own).to_dict("records")
