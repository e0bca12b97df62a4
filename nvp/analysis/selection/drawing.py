"""What a figure answers with: a picture and its numbers, or which trials it lacks."""

from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure


class NothingToDraw(ValueError):
    """A figure lacks the trials that it is about; the message says which."""


@dataclass(frozen=True)
class Drawing:
    """A figure and the numbers behind it.

    Attributes:
        figure: the picture; in a notebook it shows itself.
        frame: the tidy frame that holds every number drawn.
        answer: a sentence that answers the question, where the figure does so and no comparison of
            two levels can; it comes first in a report. "" of most figures.
    """

    figure: Figure
    frame: pd.DataFrame
    answer: str = ""
