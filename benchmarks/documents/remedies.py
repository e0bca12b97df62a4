"""The comparison of remedies in docs/remedies/README.md, from the tables of `plasticity`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.made_parts import fill
from nvp.analysis.answers.answer import answer
from nvp.analysis.frames.derive import share_dead_at_end
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.runs import describe_run
from nvp.analysis.selection.chosen_trials import order_levels
from nvp.analysis.statistics.intervals import seed_interval
from nvp.analysis.style.labels import value_text

STUDY, NAME, CHOICE, DECAY = "plasticity", "remedy.name", "remedy.choice", "remedy.weight_decay"
CELL = [NAME, CHOICE, DECAY]
HEAD = (
    "| remedy | loss of online accuracy | test accuracy, last task | minus untreated, paired | "
    "verdict | strictly dead, last task | minus untreated, paired |"
)


def write_remedies(studies: Sequence[StudyFrames], page: Path) -> None:
    """Bring the made part of the page up to date: a table for each run of `plasticity`."""
    parts = [tell_run(frames) for frames in studies if frames.name == STUDY]
    if parts:
        text = fill(page.read_text(), "compared", "\n\n".join(parts), by="make docs")
        page.write_text(text, encoding="utf-8")


def tell_run(frames: StudyFrames) -> str:
    """Return the table of one run, under a line that says what ran."""
    dead = share_dead_at_end(frames.layers, "dead")
    trials = frames.trials.assign(dead=frames.trials["trial_id"].map(dead))
    table = answer(frames)
    order = order_levels(frames, NAME, trials)
    cells = trials[CELL].drop_duplicates().sort_values(CELL, key=lambda s: rank(s, order))
    rows = [tell_cell(trials, table, cell) for cell in cells.to_dict("records")]
    columns = "|---" * HEAD.count(" | ") + "|---|"
    ran = f"Preset {frames.preset}: {describe_run(frames)}."
    return "\n".join([ran, "", HEAD, columns, *rows])


def rank(column: pd.Series, order: list[str]) -> pd.Series:
    """Return the order of remedies as the study lists them, of all else the order of values."""
    return column.map(order.index) if column.name == NAME else column


def tell_cell(trials: pd.DataFrame, table: pd.DataFrame, cell: dict[str, Any]) -> str:
    """Return the row of a remedy in one setting."""
    own = trials[(trials[CELL] == pd.Series(cell)).all(axis=1)]
    of_name = trials[trials[NAME] == cell[NAME]]
    varied = [key for key in (CHOICE, DECAY) if of_name[key].nunique() > 1]
    settings = "".join(f", {key.partition('.')[2]} {value_text(cell[key], key)}" for key in varied)
    shares = [show_mean(own, name, least=0.0) for name in ("test_accuracy", "dead")]
    # a comparison is of a remedy as a whole, so a part of it has none
    pairs = {} if DECAY in varied else find_pairs(table, cell)
    accuracy, deaths = pairs.get("test_accuracy", {}), pairs.get("dead", {})
    said = [
        f"`{cell[NAME]}`{settings}",
        show_mean(own, "plasticity_loss"),
        shares[0],
        show_change(accuracy),
        accuracy.get("verdict", "–"),
        shares[1],
        show_change(deaths),
    ]
    return f"| {' | '.join(said)} |"


def find_pairs(table: pd.DataFrame, cell: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return {value: row of the answer} that compares a remedy with none."""
    rows = table[(table["key"] == NAME) & (table["other"] == cell[NAME])].to_dict("records")
    same = [row for row in rows if row["where"].get(CHOICE) == cell[CHOICE]]
    return {row["value"]: row for row in same}


def show_mean(rows: pd.DataFrame, value: str, least: float = -1.0) -> str:
    """Return a mean over seeds with its 95 % t-interval, as far as a value can lie in it."""
    row = seed_interval(rows.assign(all=""), value, ["all"]).iloc[0]
    return f"{row['mean']:.3f} [{max(row['low'], least):.3f}, {min(row['high'], 1.0):.3f}]"


def show_change(row: dict[str, Any]) -> str:
    """Return a paired difference with its interval; a dash where none was asked for."""
    return f"{row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]" if row else "–"
