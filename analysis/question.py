"""What a study asks of a figure, and what a figure answers with."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure


class NothingToDraw(ValueError):
    """A figure lacks the trials that it is about; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a study varies, and how it is shown.

    Attributes:
        x: configuration key whose effect is asked for.
        hue: configuration key that splits the effect, one line per level.
        figures: names in FIGURES.
        trial: the trial that a figure of one trial shows; "" = let the figure choose.
    """

    x: str
    hue: str
    figures: tuple[str, ...]
    trial: str = ""


def finished(trials: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the trials of a pruning method that are done.

    Raises:
        NothingToDraw: there is none.
    """
    asked = trials[trials["prune.method"] == method]
    done = asked[asked["status"] == "done"]
    if done.empty:
        counts = asked["status"].value_counts()
        got = ", ".join(f"{count} {status}" for status, count in counts.items()) or "no trial"
        raise NothingToDraw(f"expected finished trials with prune.method {method}, got {got}")
    return done


@dataclass(frozen=True)
class Drawing:
    """A figure and the tidy frame behind it, which holds every number drawn."""

    figure: Figure
    frame: pd.DataFrame
