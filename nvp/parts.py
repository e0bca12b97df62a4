"""Write parts and commit a trial: the writing half of the tables.

A part is `<table>/<trial_id>/<attempt>/<first>-<last>-<crc32>.arrow`; the row that commits a trial
is `trials/<trial_id>/<attempt>/<status>-<crc32>.arrow` and carries the manifest of its parts.
"""

import io
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from nvp.schema import TABLES, TRIALS
from nvp.storage import Storage, intact, sealed

logger = logging.getLogger(__name__)
Rows: TypeAlias = pa.Table
PARTS = [name for name in TABLES if name != "trials"]
READING = ipc.IpcReadOptions(use_threads=False)  # threads cost a small file half of its time
MAGIC, END = b"ARROW1\0\0", b"\xff\xff\xff\xff\0\0\0\0"  # of an Arrow IPC file
COMPRESSED_FROM = 64 * 1024  # bytes; each column of a smaller file costs more than it saves


def encode(rows: Rows) -> bytes:
    """Return a table as an Arrow IPC file; meanings stay in the schema, not in every part."""
    buffer = io.BytesIO()
    bare = rows.cast(pa.schema([f.remove_metadata() for f in rows.schema]))
    options = ipc.IpcWriteOptions(compression="zstd" if rows.nbytes > COMPRESSED_FROM else None)
    with ipc.new_file(buffer, bare.schema, options=options) as writer:
        writer.write_table(bare)
    return buffer.getvalue()


def decode(content: bytes) -> Rows:
    """Return the table of an Arrow IPC file."""
    return ipc.open_file(pa.BufferReader(content), options=READING).read_all()


def decode_all(contents: Iterable[bytes], schema: pa.Schema) -> Rows:
    """Return the rows of many files with the columns of `schema`, one after another."""
    alike = [stack(list(group)) for _, group in groupby(contents, key=schema_bytes)]
    return join([conform(rows, schema) for rows in alike]) if alike else schema.empty_table()


def schema_bytes(content: bytes) -> bytes:
    """Return the bytes of an Arrow IPC file that say what its columns are."""
    return content[: 16 + int.from_bytes(content[12:16], "little")]


def stack(contents: list[bytes]) -> Rows:
    """Return the rows of files that have the same columns, in one chunk.

    They are read as one stream: a file is the message of its columns, those of its rows, an end and
    a footer. To open thousands of them one by one takes three times as long.
    """
    head = len(schema_bytes(contents[0]))
    stream = [contents[0][len(MAGIC) : head], *(body(content, head) for content in contents)]
    reader = ipc.open_stream(pa.BufferReader(b"".join(stream)), options=READING)
    return reader.read_all().combine_chunks()


def body(content: bytes, head: int) -> memoryview:
    """Return the messages of an Arrow IPC file that hold rows; `head` is where they begin."""
    tail = len(content) - 10  # the footer's length in four bytes, and six of "ARROW1"
    footer = int.from_bytes(content[tail : tail + 4], "little")
    end = tail - footer - len(END)
    assert content[end : end + len(END)] == END, "an Arrow file that does not end as ours do"
    return memoryview(content)[head:end]


def rows_of(table: str, trial_id: str, columns: dict[str, Any]) -> Rows:
    """Return rows given as columns; a scalar stands for a whole column, an absent one is null."""
    schema = TABLES[table]
    columns = {"trial_id": trial_id} | columns
    lengths = {len(v) for v in columns.values() if isinstance(v, list)} or {1}
    assert len(lengths) == 1, f"columns of {table} of lengths {lengths}"
    (length,) = lengths
    arrays = []
    for column in schema:
        value = columns.pop(column.name, None)
        values = value if isinstance(value, list) else [value] * length
        arrays.append(pa.array(values, column.type))
    assert not columns, f"{table} has no columns {list(columns)}"
    return pa.Table.from_arrays(arrays, schema=schema)


def rows_from(schema: pa.Schema, found: list[dict[str, Any]]) -> Rows:
    """Return rows given one by one."""
    return pa.Table.from_pylist(found, schema=schema)


def join(tables: Iterable[Rows]) -> Rows:
    """Return the rows of all tables, one after another."""
    return pa.concat_tables(tables).unify_dictionaries()


def of_trials(rows: Rows, trial_ids: list[str]) -> Rows:
    """Return the rows of some trials."""
    names = rows["trial_id"].cast(pa.string())
    return rows.filter(pc.call_function("is_in", [names], pc.SetLookupOptions(pa.array(trial_ids))))


def conform(rows: Rows, schema: pa.Schema) -> Rows:
    """Return `rows` with the columns of `schema`; one that an old part lacks is null."""
    columns = [
        rows[f.name].cast(f.type) if f.name in rows.column_names else pa.nulls(len(rows), f.type)
        for f in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


@dataclass
class TrialWriter:
    """Buffers the rows of one attempt of a trial and writes them as parts."""

    storage: Storage
    trial_id: str
    attempt: int
    manifest: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[Rows]] = field(default_factory=lambda: defaultdict(list))
    # rows of `neurons` at the last pruning so far; written once no later pruning follows
    held: Rows | None = None

    def add(self, table: str, rows: Rows) -> None:
        """Buffer rows."""
        if len(rows):
            self.rows[table].append(rows)

    def release(self) -> None:
        """Buffer the rows that were held."""
        if self.held is not None:
            self.add("neurons", self.held)
        self.held = None

    def discard(self) -> None:
        """Forget all rows: of a failed trial only the row with its error is kept."""
        self.rows.clear()
        self.manifest, self.held = {}, None

    def flush(self) -> None:
        """Write one part for each table that has rows."""
        measured = [e for rows in self.rows.get("epochs", []) for e in rows["epoch"].to_pylist()]
        for table, chunks in self.rows.items():
            rows = join(chunks).combine_chunks()
            epochs = measured or rows["epoch"].to_pylist()  # held rows are of earlier ones
            folder = f"{table}/{self.trial_id}/{self.attempt}"
            content = encode(rows)
            name = sealed(f"{folder}/{min(epochs):05d}-{max(epochs):05d}", "arrow", content)
            self.storage.write(name, content)
            self.manifest[name] = len(content)
        self.rows.clear()

    def commit(self, row: dict[str, Any]) -> None:
        """Write the `trials` row: the trial is finished, and its manifest says with which parts."""
        self.flush()
        row = row | {"trial_id": self.trial_id, "attempt": self.attempt}
        row["manifest"] = json.dumps(self.manifest)
        table = pa.Table.from_pylist([row], schema=TRIALS)
        content = encode(table)
        stem = f"trials/{self.trial_id}/{self.attempt}/{row['status']}"
        older = list(self.storage.files(f"trials/{self.trial_id}"))
        self.storage.write(sealed(stem, "arrow", content), content)
        self.storage.delete(older)


def next_attempt(storage: Storage, trial_id: str) -> int:
    """Return 1 + the highest attempt that left a part or a row."""
    names = [name for table in TABLES for name in storage.files(f"{table}/{trial_id}")]
    return 1 + max((int(name.split("/")[2]) for name in names), default=0)


def drop_uncommitted(storage: Storage, trial_id: str, manifest: dict[str, int]) -> None:
    """Delete the parts of a trial that `manifest` does not name: they lie past its checkpoint."""
    for table in PARTS:
        storage.delete([n for n in storage.files(f"{table}/{trial_id}") if n not in manifest])


def parts_intact(storage: Storage, manifest: dict[str, int]) -> bool:
    """Whether every part that a manifest names is there and undamaged."""
    return all(content is not None for content in read_all_intact(storage, list(manifest)))


def read_intact(storage: Storage, name: str) -> bytes | None:
    """Return the content of a sealed file; None, and a warning, when it is damaged or gone."""
    return next(read_all_intact(storage, [name]))


def read_all_intact(storage: Storage, names: list[str]) -> Iterator[bytes | None]:
    """Yield the contents of sealed files in order; None, and a warning, for a damaged one."""
    for name, content in zip(names, storage.read_all(names), strict=True):
        yield checked(storage, name, content)


def checked(storage: Storage, name: str, content: bytes | None) -> bytes | None:
    """Return the content of a file if it is the one that its name was made for."""
    if content is None:
        logger.warning("%s is missing", storage.path(name))
        return None
    if not intact(name, content):
        logger.warning("%s is damaged: its checksum differs", storage.path(name))
        return None
    return content
