"""Comparisons that several studies and claims make."""

from typing import Any

from nvp.analysis.selection.margins import OF_ACCURACY, OF_DEATHS
from nvp.analysis.selection.question import DEATH, METHOD, NONE, UNPRUNED, Contrast, End


def compare_deaths(key: str, **more: Any) -> Contrast:
    """Return the comparison of deaths in unpruned trials between levels of a key."""
    where = UNPRUNED | more.pop("where", {})
    return Contrast(value=DEATH, key=key, where=where, margin=OF_DEATHS, **more)


def compare_deaths_and_cost(
    x: str, by: str = "", deadliest: End = End.LAST
) -> tuple[Contrast, ...]:
    """Return what a study of a hyperparameter compares: deaths unpruned, and what pruning costs.

    The cost is asked for at the level of x at which most die.
    """
    split = (compare_deaths(x, by=by),) if by else ()
    return compare_deaths(x), *split, compare_cost(x, by, deadliest)


def compare_cost(x: str, by: str = "", at: Any = End.LAST) -> Contrast:
    """Return what removing the dead costs at a level of x."""
    return Contrast(
        value="test_accuracy",
        key=METHOD,
        reference=NONE,
        others=("dead",),
        where={x: at},
        by=by,
        margin=OF_ACCURACY,
    )


def compare_methods(
    reference: str, *others: str, by: str = "prune.sparsity", **more: Any
) -> Contrast:
    """Return what pruning methods keep of the accuracy, beside another method."""
    more = {"margin": OF_ACCURACY} | more
    return Contrast(
        value="test_accuracy", key=METHOD, reference=reference, others=others, by=by, **more
    )


def compare_two_methods(reference: str, other: str, at: Any) -> Contrast:
    """Return what a pruning method keeps of the accuracy beside another one, at a sparsity."""
    return compare_methods(reference, other, by="", where={"prune.sparsity": at})


def compare_penalty(key: str, *others: str) -> Contrast:
    """Return what the strongest of one regularisation kills, the `others` being 0."""
    return compare_deaths(key, where=dict.fromkeys(others, 0.0))


def compare_any_deaths(key: str, **more: Any) -> Contrast:
    """Return the comparison of deaths in a study that prunes nothing."""
    return Contrast(value=DEATH, key=key, margin=OF_DEATHS, **more)


def compare_regrowth(value: str, *others: str, **more: Any) -> Contrast:
    """Return what it changes when removed neurons return, beside none that do."""
    return Contrast(
        value=value,
        key="prune.regrow",
        reference=NONE,
        others=others,
        where={METHOD: "dnr"},
        **more,
    )
