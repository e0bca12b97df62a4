"""FIGURES: the figures that `nvp.question.figures` names; drawing and writing them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.selection.question_of_study import question_of
from nvp.config.dotted_names import find_named, import_name
from nvp.config.own_settings import Own, describe_value
from nvp.question.figures import FIGURES as NAMED
from nvp.question.figures import SEARCH_FIGURES
from nvp.question.own_figure import adapt_figure
from nvp.question.question import Question

logger = logging.getLogger(__name__)

Draw = Callable[[StudyFrames, Question], Drawing]


def find_drawing(name: str) -> Draw:
    """Return the function that draws a figure: `draw_NAME` of the file NAME, see FIGURES."""
    folder = "nvp.analysis.plots.search" if name in SEARCH_FIGURES else "nvp.analysis.plots"
    return getattr(import_module(f"{folder}.{name}"), f"draw_{name}")


FIGURES: dict[str, Draw] = {name: find_drawing(name) for name in NAMED}


def draw(
    frames: StudyFrames, name: str, *, trial: str = "", setting: str = "draw: name"
) -> Drawing:
    """Return one figure of a study and the frame behind it.

    Args:
        frames: of the study.
        name: in FIGURES, or the dotted name of a user's figure.
        trial: the trial that a figure of one trial shows.
        setting: where the name comes from, for messages.

    Raises:
        NothingToDraw: no trial that the figure is about has finished.
        ValueError: there is no such figure, or the user's own one fails.
    """
    question = question_of(frames, trial=trial)
    with style.paper_style():
        if name in FIGURES:
            return FIGURES[name](frames, question)
        check_figures([name], setting)
        return draw_own(setting, name, frames, question)


def check_figures(names: Sequence[str], setting: str = "--figure") -> None:
    """Raise ValueError for a name of no figure.

    A user's own one is imported, from where the user stands: what study.json says of folders is not
    believed, since tables may be somebody else's.
    """
    for name in names:
        find_named(setting, name, FIGURES, adapt_figure)


def draw_own(setting: str, name: str, frames: StudyFrames, question: Question) -> Drawing:
    """Return a user's figure; one that comes without numbers has an empty frame.

    Raises:
        NothingToDraw: as the user's function raises it.
        ValueError: in one line, whatever else it raises, or that it returns no figure.
    """
    own = Own(setting, name, import_name(setting, name))
    drawn = own.call_explained({}, frames, question, let=(NothingToDraw,))
    if isinstance(drawn, Figure):
        return Drawing(drawn, pd.DataFrame())
    if isinstance(drawn, Drawing):
        return drawn
    raise ValueError(
        f"{setting}: expected a matplotlib Figure, or a nvp.Drawing of one and its frame, from "
        f"{name}, got {describe_value(drawn)}"
    )


def name_files(name: str) -> str:
    """Return the name of a figure's files: of a user's own one the dotted name, without colon."""
    return name.replace(":", ".")


@dataclass(frozen=True)
class Panel:
    """A figure as it was written, or why it could not be drawn.

    Attributes:
        name: in FIGURES, or a dotted one.
        files: PNG, SVG and CSV; () when it was not drawn.
        alt: what a reader who cannot see it is told.
        missing: why it was not drawn.
        answer: what the figure answers in words, see `Drawing`.
    """

    name: str
    files: tuple[Path, ...] = ()
    alt: str = ""
    missing: str = ""
    answer: str = ""


def write_panels(
    frames: StudyFrames, folder: Path, *, trial: str = "", names: Sequence[str] = ()
) -> Iterator[Panel]:
    """Write the figures of a study to a folder, one after the other.

    Args:
        frames: of the study.
        folder: where the files go.
        trial: the trial that a figure of one trial shows.
        names: of the figures; () = those of the study's question.
    """
    for name in names or question_of(frames, trial=trial).figures:
        try:
            drawing = draw(frames, name, trial=trial, setting="question: figures")
        except ValueError as missing:
            if name in FIGURES and not isinstance(missing, NothingToDraw):
                raise
            logger.warning("%s is not drawn: %s", name, missing)
            yield Panel(name, missing=str(missing))
            continue
        files = style.save_figure(drawing.figure, folder, name_files(name), drawing.frame)
        alt = style.describe_figure(drawing.figure) or name
        yield Panel(name, tuple(files), alt, answer=drawing.answer)


def draw_all(frames: StudyFrames, folder: Path, *, trial: str = "") -> list[Path]:
    """Write every figure of a study to a folder; what cannot be drawn is named in a warning."""
    return [path for panel in write_panels(frames, folder, trial=trial) for path in panel.files]
