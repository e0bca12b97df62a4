"""Frames of studies made by hand, which no storage is behind."""

import pandas as pd

from nvp.analysis.frames.derive import DEATHS
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


def make_layers(ids: pd.Series, dead: pd.Series, width: int = 1000) -> pd.DataFrame:
    """Return the rows of `layers` of trials of one layer and one epoch, a share of it dead."""
    count = (dead * width).round()
    rows = pd.DataFrame({"trial_id": list(ids), "epoch": 3, "layer": "hidden", "depth": 0})
    rows = rows.assign(kept=width, dense=width, masked=0, pruned=0)
    return rows.assign(**{name: count.to_numpy() for name in DEATHS})
