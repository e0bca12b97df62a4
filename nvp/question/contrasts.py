"""Comparisons that several studies and claims make."""

from typing import Any

from nvp.question.margins import OF_ACCURACY, OF_DEATHS
from nvp.question.question import DEATH, METHOD, NONE, UNPRUNED, Contrast, End

TARGET = "prune.sparsity"


def compare_deaths(key: str, **more: Any) -> Contrast:
    """Return the comparison of deaths in unpruned trials between levels of a key.

    Args:
        key: dotted path of the levels that are compared: by default the last number, or each other
            name, with the first.
        more: other fields of `Contrast`, such as `reference`, `others`, `where` and `by`.
    """
    where = UNPRUNED | more.pop("where", {})
    return Contrast(value=DEATH, key=key, where=where, margin=OF_DEATHS, **more)


def compare_deaths_in_all(key: str, **more: Any) -> Contrast:
    """Return the comparison of deaths in all trials, for a study that prunes nothing.

    Args:
        key: dotted path of the levels that are compared: by default the last number, or each other
            name, with the first.
        more: other fields of `Contrast`, such as `reference`, `others`, `where` and `by`.
    """
    return Contrast(value=DEATH, key=key, margin=OF_DEATHS, **more)


def compare_cost(x: str, by: str = "", at: Any = End.LAST) -> Contrast:
    """Return the comparison of accuracies, the dead removed and not, at a level of x.

    Args:
        x: dotted path of the key that the study is about.
        by: another key, for one comparison at each of its levels; "" = none.
        at: the level of x to compare at: a value of it, `End.FIRST` or `End.LAST`.
    """
    return Contrast(
        value="test_accuracy",
        key=METHOD,
        reference=NONE,
        others=("dead",),
        where={x: at},
        by=by,
        margin=OF_ACCURACY,
    )


def compare_deaths_and_cost(
    x: str, by: str = "", deadliest: End = End.LAST
) -> tuple[Contrast, ...]:
    """Return what a study of a hyperparameter compares: deaths unpruned, and what pruning costs.

    The cost is asked for at the level of x at which most die.

    Args:
        x: dotted path of the key that the study is about.
        by: another key, for one comparison at each of its levels; "" = none.
        deadliest: the end of x at which most neurons are expected to die.
    """
    split = (compare_deaths(x, by=by),) if by else ()
    return compare_deaths(x), *split, compare_cost(x, by, deadliest)


def compare_methods(reference: str, *others: str, at: Any = None, **more: Any) -> Contrast:
    """Return the comparison of accuracies that pruning methods keep, beside another method.

    Args:
        reference: the pruning method that the others are compared with.
        others: the other methods.
        at: the one target sparsity to compare at; None compares at each of them.
        more: other fields of `Contrast`.
    """
    split = {"by": TARGET} if at is None else {"where": {TARGET: at}}
    more = {"margin": OF_ACCURACY} | split | more
    return Contrast(value="test_accuracy", key=METHOD, reference=reference, others=others, **more)
