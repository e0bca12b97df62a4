"""Trials of a study as runs: what a tracker is given of each."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nvp.storage.index import Index
from nvp.storage.reader import read_exception, read_table
from nvp.storage.schema import NUMBERS
from nvp.trackers.curves import collect_curves
from nvp.trackers.tracked_study import TrackedStudy, make_fingerprint
from nvp.trackers.trial_run import Curve, TrialRun

AT_A_TIME = 200  # trials whose tables are in memory together
TEXTS = ("status", "death", "host", "device", "version", "code", "weights_hash", "probe_hash")
TIMES = ("started", "ended")  # the run's own
LONGEST = 500  # characters of an error


def read_runs(study: TrackedStudy, index: Index, trials: Sequence[str]) -> Iterator[list[TrialRun]]:
    """Yield the runs of finished trials, some at a time, in their order."""
    for first in range(0, len(trials), AT_A_TIME):
        some = list(trials[first : first + AT_A_TIME])
        epochs, layers = (
            read_table(index, table, some).to_pandas() for table in ("epochs", "layers")
        )
        curves = collect_curves(epochs, layers)
        yield [make_run(study, index.rows[trial], curves.get(trial, {})) for trial in some]


def make_run(study: TrackedStudy, row: Mapping[str, Any], curves: Mapping[str, Curve]) -> TrialRun:
    """Return the run of a trial, from its row of `trials` and its curves."""
    trial, parameters = row["trial_id"], read_parameters(row["config"])
    swept = tuple(key for key in study.swept if key in parameters)
    ended = row["ended"] or row["started"] or 0.0
    command = study.make_command(trial, parameters)
    tags = {
        "study": study.name,
        "preset": study.preset,
        "trial_id": trial,
        **{name: str(row[name]) for name in TEXTS if row.get(name)},
        "commit": study.find_commit(ended),
        "error": read_exception(row["error"])[:LONGEST],
        "command": command,
    }
    return TrialRun(
        trial_id=trial,
        label=" ".join(f"{key.rpartition('.')[2]}={parameters[key]}" for key in swept) or trial,
        status=row["status"],
        parameters=parameters,
        swept=swept,
        outcomes=read_outcomes(row),
        curves=curves,
        tags={name: text for name, text in tags.items() if text},
        command=command,
        started=row["started"] or ended,
        ended=ended,
        fingerprint=make_fingerprint(row),
    )


def read_parameters(text: str) -> dict[str, Any]:
    """Return the configuration of a row as plain values: a list as JSON, null as an empty text."""
    return {
        key: json.dumps(value) if isinstance(value, list | dict) else "" if value is None else value
        for key, value in json.loads(text).items()
    }


def read_outcomes(row: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a row that were measured."""
    found = {name: row.get(name) for name in NUMBERS if name not in TIMES}
    return {
        name: float(value)
        for name, value in found.items()
        if value is not None and math.isfinite(value)
    }
