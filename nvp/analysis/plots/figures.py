"""FIGURES: one line a plot."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.accuracy_vs_sparsity import accuracy_vs_sparsity
from nvp.analysis.plots.collapse import collapse
from nvp.analysis.plots.competing import competing
from nvp.analysis.plots.dead_at_end import dead_at_end
from nvp.analysis.plots.dead_over_epochs import dead_over_epochs
from nvp.analysis.plots.effect_map import effect_map
from nvp.analysis.plots.importance import importance
from nvp.analysis.plots.interactions import interactions
from nvp.analysis.plots.layer_map import layer_map
from nvp.analysis.plots.layer_profile import layer_profile
from nvp.analysis.plots.life_cycle import life_cycle_of_trial
from nvp.analysis.plots.rank_stability import rank_stability
from nvp.analysis.plots.survival import survival
from nvp.analysis.plots.trade_off import trade_off
from nvp.analysis.selection.question import Drawing, NothingToDraw, Question
from nvp.analysis.selection.studies import question_of
from nvp.analysis.style import style

logger = logging.getLogger(__name__)

FIGURES: dict[str, Callable[[StudyFrames, Question], Drawing]] = {
    "dead_at_end": dead_at_end,
    "dead_over_epochs": dead_over_epochs,
    "accuracy_vs_sparsity": accuracy_vs_sparsity,
    "life_cycle": life_cycle_of_trial,
    "effect_map": effect_map,
    "interactions": interactions,
    "importance": importance,
    "survival": survival,
    "competing": competing,
    "layer_map": layer_map,
    "layer_profile": layer_profile,
    "trade_off": trade_off,
    "rank_stability": rank_stability,
    "collapse": collapse,
}


def draw(frames: StudyFrames, name: str, *, trial: str = "") -> Drawing:
    """Return one figure of a study and the frame behind it.

    Raises:
        NothingToDraw: no trial that the figure is about has finished.
    """
    with style.paper():
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


def panels(frames: StudyFrames, folder: Path, *, trial: str = "") -> Iterator[Panel]:
    """Write every figure of a study to a folder, one after the other."""
    for name in question_of(frames).figures:
        try:
            drawing = draw(frames, name, trial=trial)
        except NothingToDraw as missing:
            logger.warning("%s is not drawn: %s", name, missing)
            yield Panel(name, missing=str(missing))
            continue
        files = style.save(drawing.figure, folder, name, drawing.frame)
        yield Panel(name, tuple(files), style.in_words(drawing.figure))


def draw_all(frames: StudyFrames, folder: Path, *, trial: str = "") -> list[Path]:
    """Write every figure of a study to a folder; what cannot be drawn is named in a warning."""
    return [path for panel in panels(frames, folder, trial=trial) for path in panel.files]
