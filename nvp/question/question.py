"""A question: what a study varies, how it is shown, and the comparisons that answer it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

DEATH = "death"
METHOD, NONE = "prune.method", "none"  # the key, and its level of a trial that is not pruned
UNPRUNED = {METHOD: NONE}


class End(Enum):
    """A level of a swept key that is known once the study is: the first or last of its plan."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True)
class Margin:
    """A difference so small that it counts as none.

    Attributes:
        size: in the unit of what is compared; a difference of less, either way, is as good as none.
        why: where the size comes from.
    """

    size: float
    why: str


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A comparison that a study was made for, paired by seed.

    Attributes:
        value: DEATH, the fraction dead at the end by each definition that applies, or a column of
            `trials`.
        key: swept key whose levels are compared.
        reference: the level that the others are compared with.
        others: those levels; () = the last one of a number, each other one of a name.
        where: {swept key: level} of the trials that are compared; the rest is averaged, seed by
            seed.
        by: swept key with a comparison for each of its levels; "" = one in all.
        margin: within which no difference is claimed; None = nothing can show that there is none.
    """

    value: str
    key: str
    reference: Any = End.FIRST
    others: tuple[Any, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""
    margin: Margin | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a study varies, and how it is shown. What is left empty is made from the swept keys.

    Attributes:
        ask: the question in a sentence.
        x: swept key whose effect is asked for.
        hue: swept key that splits the effect, one line per level.
        figures: names in FIGURES or dotted ones, the one that answers first.
        contrasts: the comparisons that answer it. The first comparison of the first one is the
            primary one, named before the study ran; all others are exploratory.
        trial: the trial that a figure of one trial shows; "" = let the figure choose.
        refuted_by: what result would change our mind, said before the study runs; a sentence.
    """

    ask: str
    x: str = ""
    hue: str = ""
    figures: tuple[str, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    trial: str = ""
    refuted_by: str = ""


def list_keys(question: Question) -> set[str]:
    """Return the keys that a question names."""
    contrasts = [{one.key, one.by, *one.where} for one in question.contrasts]
    return {question.x, question.hue}.union(*contrasts) - {""}
