"""Whose a file is: the trial and the table of its rows, held against the folder that it lies in.

A checksum says that a file is as it was written, not that it lies where it was written: a file that
was moved or copied to another trial's folder is intact. So the trial that stands inside is compared
with the folder at each reading. A foreign file is treated like a damaged one.
"""

import re
from functools import lru_cache

import pyarrow as pa
from pyarrow import ipc

from nvp.storage.codec import MAGIC, cut_schema, decode_rows
from nvp.storage.schema import STATUSES, TABLES

# <table>/<trial>/<attempt>/<first>-<last>-<crc32>.arrow, of `trials` <status>-<crc32>.arrow
FILE = re.compile(
    rf"(?:trials/[^/]+/\d+/(?:{'|'.join(STATUSES)})"
    r"|(?:epochs|layers|neurons|events)/[^/]+/\d+/\d+-\d+)-[0-9a-f]{8}\.arrow"
)


def is_table_file(name: str) -> bool:
    """Whether a name is one that the rows of a trial are written under."""
    return FILE.fullmatch(name) is not None


def trial_of(name: str) -> str:
    """Return the trial whose folder a file lies in: the second part of its name."""
    return name.split("/")[1]


def find_stranger(name: str, content: bytes) -> str:
    """Return what the rows of an intact file are, where that is not what its folder says.

    Args:
        name: of the file, such as `layers/<trial>/<attempt>/...`; others are never strangers.
        content: of the file.

    Returns:
        "rows of the trial ..." or "rows of the table ...", else "".
    """
    table, _, rest = name.partition("/")
    if table not in TABLES:
        return ""
    trial = rest.partition("/")[0]
    if kind := find_other_table(table, cut_schema(content)):
        return f"rows of the table {kind}"
    if trial.encode() in content:  # opening each of thousands of files would take much longer
        return ""
    found = set(decode_rows(content)["trial_id"].to_pylist()) - {trial}
    return f"rows of the trial {', '.join(sorted(map(str, found)))}" if found else ""


@lru_cache(maxsize=256)
def find_other_table(table: str, head: bytes) -> str:
    """Return the table that columns are of, "" where they may be of `table`.

    A file of another version may have more columns or fewer, but lacks none that tell its rows.

    Args:
        table: that the folder names.
        head: the start of an Arrow file, as `cut_schema` returns it.
    """
    names = set(ipc.read_schema(pa.BufferReader(head[len(MAGIC) :])).names)
    if names <= set(TABLES[table].names):
        return ""
    return next((kind for kind, schema in TABLES.items() if names <= set(schema.names)), "")
