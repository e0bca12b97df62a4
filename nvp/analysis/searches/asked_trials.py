"""The trials of a search, in the order in which their configurations were asked. Pure."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.search_plan import SearchPlan
from nvp.config.numbers import make_canonical

UNFINISHED = "unfinished"  # the status of a trial of the plan that has no row
MORE = ("test_accuracy", "rung")  # columns of `trials` beside the objectives


def list_keys(frames: StudyFrames) -> list[str]:
    """Return the keys that tell the configurations of a study apart, as `TrialConfig` has them."""
    return ["steps" if key == "length" else key for key in frames.swept if key != "seed"]


def list_asked_trials(frames: StudyFrames, plan: SearchPlan) -> pd.DataFrame:
    """One row per trial: its configuration's number, its keys, seed, status, objectives.

    Configurations are numbered from 1 in the order in which study.json has them; trials that it
    does not plan come last, by their start. A key that does not apply is None. A trial that is
    planned and has no row is `UNFINISHED`.
    """
    keys, planned = list_keys(frames), frames.study.get("trials", {})
    place = {name: i for i, name in enumerate(planned)}
    last = len(planned)
    ended = frames.trials.sort_values("started") if "started" in frames.trials else frames.trials
    rows = [read_row(row, plan, keys) for row in ended.to_dict("records")]
    there = {row["trial_id"] for row in rows} | set(frames.index.rows)
    rows += [
        {"trial_id": name, "status": UNFINISHED, "seed": swept.get("seed")}
        | read_cell(swept, plan, keys)
        for name, swept in planned.items()
        if name not in there
    ]
    rows.sort(key=lambda row: place.get(row["trial_id"], last))  # others keep their order
    cells = [tuple(map(freeze, (row[key] for key in keys))) for row in rows]
    numbers = {cell: i for i, cell in enumerate(dict.fromkeys(cells), 1)}
    columns = ["trial_id", "seed", "status", *keys, *plan.objectives, *MORE]
    frame = pd.DataFrame(rows, columns=pd.Index(dict.fromkeys(columns)))
    frame[keys] = frame[keys].astype(object).where(frame[keys].notna(), None)
    frame.insert(0, "configuration", [numbers[cell] for cell in cells])
    return frame


def read_row(row: dict[str, Any], plan: SearchPlan, keys: Sequence[str]) -> dict[str, Any]:
    """Return what is known of a trial that ended."""
    wanted = ("trial_id", "status", *plan.objectives, *MORE)
    configuration = json.loads(row["config"])
    known = {name: row.get(name) for name in wanted}
    return known | {"seed": configuration.get("seed")} | read_cell(configuration, plan, keys)


def read_cell(values: dict[str, Any], plan: SearchPlan, keys: Sequence[str]) -> dict[str, Any]:
    """Return the keys of a configuration; one that does not apply, or is not given, is None."""
    own = {key: make_canonical(values[key]) for key in keys if key in values}
    applying = plan.list_applying(own)
    return {key: name_null(own[key]) if key in applying else None for key in keys}


def name_null(value: Any) -> Any:
    """Return a value of a key, and "none" where that value is null, as `--set` takes it."""
    return "none" if value is None else value


def freeze(value: Any) -> str:
    """Return a text that tells a value from all others, 1 from True and a list from a text."""
    return repr(value)
