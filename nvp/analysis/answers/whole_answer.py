"""All that a study answers, computed once: for the page and for the terminal."""

from dataclasses import dataclass

import pandas as pd

from nvp.analysis.answers.answer import answer
from nvp.analysis.answers.search_answer import SearchAnswer, answer_search
from nvp.analysis.answers.search_wording import write_search_answer
from nvp.analysis.answers.wording import write_answer
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.search_plan import is_search
from nvp.question.question import Question


@dataclass(frozen=True)
class WholeAnswer:
    """What a study answers.

    Attributes:
        question: what it was asked.
        compared: the rows of `answer`.
        found: what a search found; None of a study that is no search.
    """

    question: Question
    compared: pd.DataFrame
    found: SearchAnswer | None = None


def answer_whole(frames: StudyFrames, question: Question) -> WholeAnswer:
    """Return what a study answers."""
    found = answer_search(frames) if is_search(frames.study) else None
    return WholeAnswer(question, answer(frames, question), found)


def write_whole_answer(whole: WholeAnswer) -> list[str]:
    """Return an answer as lines; of a search, its best configurations first."""
    if whole.found is None:
        return write_answer(whole.compared)
    compared = write_answer(whole.compared) if whole.question.contrasts else []
    return write_search_answer(whole.found) + compared
