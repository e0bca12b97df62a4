"""All that explore.html holds, as JSON: trials, what was given to them, what was measured."""

import json
from typing import Any

from nvp.analysis.explorer.columns import make_columns
from nvp.analysis.explorer.measurements import make_curves, make_maps
from nvp.analysis.explorer.sampling import MOST_TRIALS, sample_trials
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.question_of_study import question_of
from nvp.storage.plans import make_anew_command
from nvp.storage.studies import MONITOR

NO_PLAN = "study.json has no plan with this trial, so no command can be told"


def gather_contents(frames: StudyFrames) -> dict[str, Any]:
    """Return the study as the page needs it: see its scripts for who reads what."""
    trials = sample_trials(frames.trials)
    ids = trials["trial_id"].astype(str).tolist()
    layers = frames.layers[frames.layers["trial_id"].isin(ids)]
    epochs = frames.epochs[frames.epochs["trial_id"].isin(ids)]
    question = question_of(frames)
    return {
        "study": frames.name,
        "preset": frames.preset,
        "ask": question.ask,
        "x": question.x,
        "hue": question.hue,
        "notes": write_notes(frames, len(trials)),
        "ids": ids,
        "commands": [make_command(frames, trial) for trial in ids],
        "columns": make_columns(frames.swept, trials, layers),
        "curves": make_curves(epochs, layers, ids),
        "maps": make_maps(layers, ids),
    }


def make_command(frames: StudyFrames, trial: str) -> str:
    """Return the command that runs one trial alone, or what to do instead."""
    if frames.preset == MONITOR:
        return "run the script that makes its nvp.Monitor"
    settings = json.loads(frames.index.rows[trial]["config"])
    return make_anew_command(frames.index.storage, frames.study, trial, settings) or NO_PLAN


def write_notes(frames: StudyFrames, shown: int) -> list[str]:
    """Return what the page has to say of the trials that it does not show, a line each."""
    there = len(frames.trials)
    lines = [frames.left_out.describe()]
    if shown < there:
        lines.append(
            f"{shown} of {there} trials are shown, picked at random (at most {MOST_TRIALS})."
        )
    if frames.unfinished:
        lines.append(f"{frames.unfinished} trials of the plan have not finished yet.")
    return [line for line in lines if line]
