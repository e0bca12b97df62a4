"""Thousands of committed trials without training them: the rows of one real trial, renamed.

Every trial goes through the real writer, so its files, names, checksums and manifests are real;
only the flush to the disk is left out.
"""

import json
import os
import tempfile
from unittest.mock import patch

import pyarrow as pa

from nvp.config.dotted_paths import flatten_config
from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.storage.codec import Rows
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.schema import TABLES
from nvp.storage.store import Storage
from nvp.storage.writer import TrialWriter
from nvp.trial.run import run_trial

COPIED = ("epochs", "layers")


def real_trial(config: TrialConfig) -> dict[str, Rows]:
    """Train one trial and return its tables."""
    with tempfile.TemporaryDirectory() as place:
        storage = Storage.at(place)
        *_, last = run_trial(config, storage)
        assert last.status == "done", last.error
        index = read_index(storage)
        return {name: read_table(index, name) for name in TABLES}


def renamed(rows: Rows, name: str) -> Rows:
    """Return rows of another trial with the same values."""
    column = rows.schema.get_field_index("trial_id")
    names = pa.array([name] * len(rows)).cast(rows.schema.field(column).type)
    return rows.set_column(column, rows.schema.field(column), names)


def commit(storage: Storage, config: TrialConfig, tables: dict[str, Rows]) -> None:
    """Write a trial's parts and its row."""
    name = trial_id(config)
    writer = TrialWriter(storage, name, 1)
    for table in COPIED:
        writer.add(table, renamed(tables[table], name))
    row = tables["trials"].to_pylist()[0]
    writer.commit(row | {"config": json.dumps(flatten_config(config))})


def commit_all(storage: Storage, configs: list[TrialConfig]) -> None:
    """Commit every configuration with the rows of the first one's real run."""
    tables = real_trial(configs[0])
    with patch.object(os, "fsync"):
        for config in configs:
            commit(storage, config, tables)
