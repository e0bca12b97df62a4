"""FIGURES: one line a plot. STUDIES: what each study varies and which figures answer it."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from analysis import style
from analysis.load import StudyFrames
from analysis.place import nearest
from analysis.plots.accuracy_vs_sparsity import accuracy_vs_sparsity
from analysis.plots.dead_over_epochs import dead_over_epochs
from analysis.plots.dead_vs_noise import dead_vs_noise
from analysis.plots.life_cycle import life_cycle_of_trial
from analysis.question import Drawing, NothingToDraw, Question

logger = logging.getLogger(__name__)

FIGURES: dict[str, Callable[[StudyFrames, Question], Drawing]] = {
    "dead_vs_noise": dead_vs_noise,
    "dead_over_epochs": dead_over_epochs,
    "accuracy_vs_sparsity": accuracy_vs_sparsity,
    "life_cycle": life_cycle_of_trial,
}

STUDIES = {
    "sgd_noise": Question(x="optim.noise", hue="optim.lr", figures=tuple(FIGURES)),
}


def question_of(study: str, *, trial: str = "") -> Question:
    """Return what a study asks, and the trial that a figure of one trial is to show.

    Raises:
        ValueError: STUDIES does not know the study.
    """
    if study not in STUDIES:
        raise ValueError(
            f"study: expected one of {', '.join(STUDIES)} (STUDIES in analysis/figures.py), "
            f"got {study!r}{nearest(study, list(STUDIES))}"
        )
    return replace(STUDIES[study], trial=trial)


def make(frames: StudyFrames, name: str, *, trial: str = "") -> Drawing:
    """Return one figure of a study and the frame behind it.

    Raises:
        NothingToDraw: no trial that the figure is about has finished.
    """
    with style.paper():
        return FIGURES[name](frames, question_of(frames.name, trial=trial))


def draw(frames: StudyFrames, folder: Path, *, trial: str = "") -> list[Path]:
    """Write every figure of a study to a folder; what cannot be drawn is named in a warning."""
    written = []
    for name in question_of(frames.name).figures:
        try:
            drawing = make(frames, name, trial=trial)
        except NothingToDraw as missing:
            logger.warning("%s is not drawn: %s", name, missing)
            continue
        written += style.save(drawing.figure, folder, name, drawing.frame)
    return written
