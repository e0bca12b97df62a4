"""The question of a study: its own, as study.json has it; what that leaves open is derived."""

import logging
from dataclasses import fields, replace

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.derived_question import derive_question
from nvp.question.question import Question, list_keys
from nvp.question.stored_question import read_question

ONE_TRIAL = "life_cycle"  # the figure of a trial that is asked for
logger = logging.getLogger(__name__)


def question_of(frames: StudyFrames, *, trial: str = "") -> Question:
    """Return what a study asks, and the trial that a figure of one trial is to show.

    A study without a question of its own is asked about its swept keys (`derive_question`). So is
    one whose trials lack a key of its question; a warning names that key. A trial that is asked for
    is shown, whatever the figures of the question.
    """
    own = read_question(frames.study.get("question", {}))
    if own is not None:
        unknown = sorted(list_keys(own) - set(frames.trials.columns))
        if unknown:
            logger.warning(
                "%s: its question names %s, which no trial has: asked about its swept keys",
                frames.name,
                ", ".join(unknown),
            )
            own = Question(ask=own.ask)
    found = complete_question(own, derive_question(frames, own)) if own else derive_question(frames)
    if trial and ONE_TRIAL not in found.figures:
        found = replace(found, figures=(*found.figures, ONE_TRIAL))
    return replace(found, trial=trial or found.trial)


def complete_question(own: Question, derived: Question) -> Question:
    """Return a question whose empty fields are those of the derived one."""
    filled = {one.name: getattr(own, one.name) for one in fields(own) if getattr(own, one.name)}
    return replace(derived, **filled)


def is_derived(frames: StudyFrames) -> bool:
    """Whether a study has no question of its own."""
    return not frames.study.get("question")
