"""Frames of searches made by hand, which no storage is behind."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from tests.analysis.made_frames import make_frames

Values = Mapping[str, Sequence[float | str | None]]  # {objective: a value per seed}
SPACE: dict[str, Any] = {
    "optim.lr": {"low": 0.001, "high": 0.5, "log": True, "whole": False, "when": {}},
    "prune.method": ["none", "magnitude"],
    "prune.sparsity": {
        **{"low": 0.1, "high": 0.9, "log": False, "whole": False},
        "when": {"prune.method": ["magnitude"]},
    },
}


def make_search(
    asked: Sequence[tuple[Mapping[str, Any], Values]],
    *,
    space: Mapping[str, Any] = SPACE,
    objectives: Mapping[str, str] | None = None,
    **study: Any,
) -> StudyFrames:
    """Return the frames of a search, a pair of a cell and of its results per configuration.

    A result is a number of a trial that is done, a status of another one, or None of a trial that
    has no row. Keys of the space that a cell lacks have the value None, as an axis that does not
    apply; `study` are further keys of study.json.
    """
    rows, planned = [], {}
    for number, (cell, results) in enumerate(asked):
        for seed, values in enumerate(zip(*results.values(), strict=True)):
            name = f"{number:08d}{seed:04d}"
            swept = {key: cell.get(key) for key in space} | {"seed": seed}
            planned[name] = swept
            if values[0] is None:
                continue
            status = values[0] if isinstance(values[0], str) else "done"
            known = dict(zip(results, values, strict=True)) if status == "done" else {}
            row = {"trial_id": name, "status": status, "config": json.dumps(swept), "seed": seed}
            rows.append(row | {"started": float(len(rows))} | known | swept)
    trials = pd.DataFrame(rows)
    trials = trials.reindex(columns=list(dict.fromkeys([*trials.columns, *space])))
    document = {"search": "optuna", "space": dict(space), "trials": planned} | study
    document |= {"objectives": dict(objectives)} if objectives else {}
    frames = make_frames(trials, swept=list(space), name="made_search")
    return replace(frames, study=document)
