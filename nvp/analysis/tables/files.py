"""The five tables of a study as files of Parquet or CSV, one each."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api.types import is_object_dtype

from nvp.analysis.frames.load import StudyFrames
from nvp.config.whole_file import write_whole
from nvp.storage.schema import TABLES

WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "parquet": lambda rows, path: rows.to_parquet(path, index=False, compression="zstd"),
    "csv": lambda rows, path: rows.to_csv(path, index=False),
}
INNER = ["manifest"]  # of `trials`: names of files that mean nothing elsewhere


def write_tables(frames: StudyFrames, folder: Path, kind: str) -> Iterator[tuple[Path, int]]:
    """Write each table of a study as FOLDER/TABLE.KIND; yield each file and its rows.

    `trials` has every key of the configuration as a column, and the other tables have the swept
    keys and the status of their trial. A file is replaced whole, or stays as it was.
    """
    for table in TABLES:
        whole = frames.trials.drop(columns=INNER) if table == "trials" else frames.table(table)
        rows = make_plain(whole)
        path = folder / f"{table}.{kind}"
        with write_whole(path) as unfinished:
            WRITERS[kind](rows, unfinished)
        yield path, len(rows)


def make_plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows in which each column has one type: lists are JSON, and so is what is mixed."""
    columns: dict[str, pd.Series] = {}
    for name in [name for name in rows if is_object_dtype(rows[name])]:
        kinds = {type(value) for value in rows[name].dropna()}
        if kinds <= {int, float}:
            columns[name] = rows[name].astype(float)
        elif len(kinds) > 1 or kinds & {tuple, list}:
            columns[name] = rows[name].map(write_value)
    return rows.assign(**columns)


def write_value(value: Any) -> str | None:
    """Return a value as text, a list as JSON; None where there is none."""
    if isinstance(value, tuple | list):
        return json.dumps(list(value))
    return None if pd.isna(value) else str(value)
