"""The rows of a study as tests compare them: sorted, and without what a second run may change."""

from collections.abc import Collection
from typing import Any

from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.schema import TABLES, VOLATILE
from nvp.storage.store import Storage

Tables = dict[str, list[dict[str, Any]]]


def sorted_rows(
    storage: Storage, trials: Collection[str] | None = None, *, volatile: bool = False
) -> Tables:
    """Return {table: rows} of a study, or of some of its trials.

    Args:
        storage: of one preset of a study.
        trials: the ids of the trials; all of them if None.
        volatile: whether to keep the columns of times, hosts and attempts.
    """
    index = read_index(storage)
    chosen = None if trials is None else sorted(trials)
    found = {}
    for name in TABLES:
        table = read_table(index, name, chosen)
        table = table if volatile else table.drop_columns(VOLATILE[name])
        found[name] = sorted(table.to_pylist(), key=repr)
    return found
