"""Comparisons of deaths that several claims share: unpruned, between the ends of a key."""

from typing import Any

from nvp.question.contrasts import compare_deaths
from nvp.question.question import Contrast


def compare_deaths_at(key: str, **where: Any) -> Contrast:
    """Return the same at levels of other keys, which have no dot in their names."""
    return compare_deaths(key, where=where)


def compare_l2() -> Contrast:
    """Return the comparison of deaths between no L2 and the strongest."""
    return compare_deaths("optim.weight_decay", where={"optim.l1": 0.0, "optim.l1_scale": 0.0})


def compare_adam(decay: Any) -> Contrast:
    """Return the comparison of deaths between SGD and Adam at a level of L2."""
    where = {"optim.weight_decay": decay}
    return compare_deaths("optim.name", reference="sgd", others=("adam",), where=where)
