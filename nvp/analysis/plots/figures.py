"""FIGURES: one line a plot."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.accuracy_vs_sparsity import draw_accuracy_vs_sparsity
from nvp.analysis.plots.collapse import draw_collapse
from nvp.analysis.plots.competing import draw_competing
from nvp.analysis.plots.dead_at_end import draw_dead_at_end
from nvp.analysis.plots.dead_over_epochs import draw_dead_over_epochs
from nvp.analysis.plots.effect_map import draw_effect_map
from nvp.analysis.plots.importance import draw_importance
from nvp.analysis.plots.interactions import draw_interactions
from nvp.analysis.plots.layer_map import draw_layer_map
from nvp.analysis.plots.layer_profile import draw_layer_profile
from nvp.analysis.plots.life_cycle import draw_life_cycle
from nvp.analysis.plots.rank_stability import draw_rank_stability
from nvp.analysis.plots.survival import draw_survival
from nvp.analysis.plots.trade_off import draw_trade_off
from nvp.analysis.selection.question import Drawing, NothingToDraw, Question
from nvp.analysis.selection.studies import question_of

logger = logging.getLogger(__name__)

FIGURES: dict[str, Callable[[StudyFrames, Question], Drawing]] = {
    "dead_at_end": draw_dead_at_end,
    "dead_over_epochs": draw_dead_over_epochs,
    "accuracy_vs_sparsity": draw_accuracy_vs_sparsity,
    "life_cycle": draw_life_cycle,
    "effect_map": draw_effect_map,
    "interactions": draw_interactions,
    "importance": draw_importance,
    "survival": draw_survival,
    "competing": draw_competing,
    "layer_map": draw_layer_map,
    "layer_profile": draw_layer_profile,
    "trade_off": draw_trade_off,
    "rank_stability": draw_rank_stability,
    "collapse": draw_collapse,
}


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
    for name in question_of(frames).figures:
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
