"""What a page leaves out of its figures and means, and why. Pure."""

import pandas as pd

from nvp.analysis.frames.code_versions import UNKNOWN, count_codes
from nvp.analysis.frames.load import StudyFrames

EARLIER = "the script asked for other values or seeds when they ran; nvp analyse --all shows them"
ONE_OFF = "run with --set or --only beside the plan; nvp analyse --all shows them"
UNFINISHED = "not run yet, or still running; the study's command, run again, goes on with them"
WHY = {
    "failed": "an error ended them, see the next table; the study's command runs them again",
    "diverged": "the loss became infinite or not a number: a result, but no accuracy to average",
    "censored": "the scheduler stopped them early, so that their end is not known",
}


def list_left_out(frames: StudyFrames) -> pd.DataFrame:
    """One row per reason for which trials are not in figures and means: which, how many, why."""
    trials, left_out = frames.trials, frames.left_out
    rows = [
        ("finished, of earlier plans", left_out.earlier, EARLIER),
        ("finished, of one-off runs", left_out.one_off, ONE_OFF),
        ("planned, not finished", frames.unfinished, UNFINISHED),
    ]
    rows += [(name, int((trials["status"] == name).sum()), why) for name, why in WHY.items()]
    if frames.code:
        every = sum(1 for name in frames.index.rows if name in frames.study.get("trials", {}))
        other = max(0, every - len(trials))
        rows.append(("of another version of the code", other, f"--code {frames.code} was asked"))
    told = [row for row in rows if row[1]]
    return pd.DataFrame(told, columns=pd.Index(["trials that are", "how many", "why"]))


def list_mixed_codes(frames: StudyFrames) -> pd.DataFrame:
    """One row per version of the code, where the trials shown are of several; else empty."""
    counts = count_codes(frames.trials)
    columns = pd.Index(["version of the code", "trials", "to see them alone"])
    if len(counts) < 2:
        return pd.DataFrame(columns=columns)
    rows = [
        (code if code != UNKNOWN else "unknown (older tables)", count, f"nvp analyse --code {code}")
        for code, count in counts.items()
    ]
    return pd.DataFrame(rows, columns=columns)
