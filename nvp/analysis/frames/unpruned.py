"""How well the networks of a study classify where nothing is pruned. Pure."""

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.question.question import METHOD, NONE


def measure_unpruned(frames: StudyFrames) -> pd.Series:
    """Return the mean test accuracy of each cell of a study that was not pruned."""
    done = frames.trials[(frames.trials["status"] == "done") & (frames.trials[METHOD] == NONE)]
    keys = [key for key in frames.swept if key != "seed"]
    return done.groupby(keys, dropna=False)["test_accuracy"].mean() if keys else pd.Series()
