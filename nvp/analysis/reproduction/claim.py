"""A claim of a paper: what it says, and which comparison or number of which study tests it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.config.registry import suggest_nearest
from nvp.question.question import Contrast, Margin

EXPECTED = ("more", "less", "equal", "a difference")
CIFAR = {"data.name": "cifar10", "model.name": "resnet18"}


@dataclass(frozen=True, kw_only=True)
class Share:
    """A number that a claim is about by itself: it holds where the interval lies above a bound.

    Attributes:
        of: returns a row per seed with a `value`; none where there is nothing to count.
        above: the bound.
        words: what the number is.
        margin: how far from the bound is as good as at it; None = nothing can show that it is.
    """

    of: Callable[[StudyFrames], pd.DataFrame]
    above: float
    words: str
    margin: Margin | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of a source.

    Attributes:
        source: where it is made.
        says: what it says.
        study: the study that tests it.
        contrast: the comparison of that study that does; None when none can.
        share: the number of that study that does, where nothing is compared.
        expects: one of EXPECTED: how the comparison comes out if the claim holds. That two things
            are equal is shown within the margin of the contrast alone.
        source_config: configuration values of the source's own experiment; {} when it names none.
        accuracy: that of the source's networks, of a claim about it. Networks of ours that do not
            reach half of it unpruned say nothing about the claim.
        needs: {key: value} that all trials of a run have if it tests the claim at all.
        why: of a claim that nothing here tests.
    """

    source: str
    says: str
    study: str = ""
    contrast: Contrast | None = None
    share: Share | None = None
    expects: str = "more"
    source_config: Mapping[str, Any] = field(default_factory=lambda: CIFAR)
    accuracy: float = 0.0
    needs: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""

    def __post_init__(self) -> None:
        """Refuse what no verdict knows, and a claim of equality that states no margin."""
        if self.expects not in EXPECTED:
            raise ValueError(
                f"Claim.expects: expected one of {', '.join(EXPECTED)}, got {self.expects!r}"
                f"{suggest_nearest(self.expects, EXPECTED)}"
            )
        if self.expects == "equal" and self.contrast and not self.contrast.margin:
            raise ValueError(
                f"Claim: expected a margin within which {self.contrast.key} makes no difference, "
                f"got none: {self.says}"
            )
