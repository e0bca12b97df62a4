"""Frames of studies made by hand, which no storage is behind."""

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.storage.index import Index
from nvp.storage.store import Storage


def make_frames(
    trials: pd.DataFrame, *, swept: list[str], name: str = "made_up", preset: str = "quick"
) -> StudyFrames:
    """Return the frames of a study of these trials; its other tables are empty."""
    index = Index(storage=Storage.at("nowhere"), rows={}, parts={}, damaged=frozenset())
    return StudyFrames(
        name=name, preset=preset, study={}, swept=[*swept, "seed"], trials=trials, index=index
    )
