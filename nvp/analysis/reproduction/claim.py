"""A claim of a paper: what it says, and which comparison or number of which study tests it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.question import Contrast

CIFAR = {"data.name": "cifar10", "model.name": "resnet18"}


@dataclass(frozen=True, kw_only=True)
class Share:
    """A number that a claim is about by itself: it holds where the interval lies above a bound.

    Attributes:
        of: returns a row per seed with a `value`; none where there is nothing to count.
        above: the bound.
        words: what the number is.
    """

    of: Callable[[StudyFrames], pd.DataFrame]
    above: float
    words: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of a source.

    Attributes:
        source: where it is made.
        says: what it says.
        study: the study that tests it.
        contrast: the comparison of that study that does; None when none can.
        share: the number of that study that does, where nothing is compared.
        expects: how the comparison comes out if the claim holds: more, less, no winner, or
            a difference in either direction.
        source_config: configuration values of the source's own experiment; {} when it names none.
        why: of a claim that nothing here tests.
    """

    source: str
    says: str
    study: str = ""
    contrast: Contrast | None = None
    share: Share | None = None
    expects: str = "more"
    source_config: Mapping[str, Any] = field(default_factory=lambda: CIFAR)
    why: str = ""
