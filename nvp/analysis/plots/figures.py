"""FIGURES: the figures that `nvp.question.figures` names; drawing and writing them."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.selection.question_of_study import question_of
from nvp.question.figures import FIGURES as NAMED
from nvp.question.figures import SEARCH_FIGURES
from nvp.question.question import Question

logger = logging.getLogger(__name__)

Draw = Callable[[StudyFrames, Question], Drawing]


def find_drawing(name: str) -> Draw:
    """Return the function that draws a figure: `draw_NAME` of the file NAME, see FIGURES."""
    folder = "nvp.analysis.plots.search" if name in SEARCH_FIGURES else "nvp.analysis.plots"
    return getattr(import_module(f"{folder}.{name}"), f"draw_{name}")


FIGURES: dict[str, Draw] = {name: find_drawing(name) for name in NAMED}


def draw(frames: StudyFrames, name: str, *, trial: str = "") -> Drawing:
    """Return one figure of a study and the frame behind it.

    Raises:
        NothingToDraw: no trial that the figure is about has finished.
    """
    with style.paper_style():
        return FIGURES[name](frames, question_of(frames, trial=trial))


@dataclass(frozen=True)
class Panel:
    """A figure as it was written, or why it could not be drawn.

    Attributes:
        name: in FIGURES.
        files: PNG, SVG and CSV; () when it was not drawn.
        alt: what a reader who cannot see it is told.
        missing: why it was not drawn.
    """

    name: str
    files: tuple[Path, ...] = ()
    alt: str = ""
    missing: str = ""


def write_panels(frames: StudyFrames, folder: Path, *, trial: str = "") -> Iterator[Panel]:
    """Write every figure of a study to a folder, one after the other."""
    for name in question_of(frames, trial=trial).figures:
        try:
            drawing = draw(frames, name, trial=trial)
        except NothingToDraw as missing:
            logger.warning("%s is not drawn: %s", name, missing)
            yield Panel(name, missing=str(missing))
            continue
        files = style.save_figure(drawing.figure, folder, name, drawing.frame)
        yield Panel(name, tuple(files), style.describe_figure(drawing.figure))


def draw_all(frames: StudyFrames, folder: Path, *, trial: str = "") -> list[Path]:
    """Write every figure of a study to a folder; what cannot be drawn is named in a warning."""
    return [path for panel in write_panels(frames, folder, trial=trial) for path in panel.files]
