"""Rows to the bytes of an Arrow IPC file and back."""

import io
from collections.abc import Iterable
from itertools import groupby
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from nvp.storage.schema import TABLES

Rows: TypeAlias = pa.Table


READING = ipc.IpcReadOptions(use_threads=False)  # threads cost a small file half of its time


MAGIC, END = b"ARROW1\0\0", b"\xff\xff\xff\xff\0\0\0\0"  # of an Arrow IPC file


COMPRESSED_FROM = 64 * 1024  # bytes; each column of a smaller file costs more than it saves


def encode_rows(rows: Rows) -> bytes:
    """Return a table as an Arrow IPC file; meanings stay in the schema, not in every part."""
    buffer = io.BytesIO()
    bare = rows.cast(pa.schema([f.remove_metadata() for f in rows.schema]))
    options = ipc.IpcWriteOptions(compression="zstd" if rows.nbytes > COMPRESSED_FROM else None)
    with ipc.new_file(buffer, bare.schema, options=options) as writer:
        writer.write_table(bare)
    return buffer.getvalue()


def decode_rows(content: bytes) -> Rows:
    """Return the table of an Arrow IPC file."""
    return ipc.open_file(pa.BufferReader(content), options=READING).read_all()


def decode_files(contents: Iterable[bytes], schema: pa.Schema) -> Rows:
    """Return the rows of many files with the columns of `schema`, one after another."""
    alike = [stack_rows(list(group)) for _, group in groupby(contents, key=cut_schema)]
    return (
        join_rows([conform_rows(rows, schema) for rows in alike]) if alike else schema.empty_table()
    )


def cut_schema(content: bytes) -> bytes:
    """Return the bytes of an Arrow IPC file that say what its columns are."""
    return content[: 16 + int.from_bytes(content[12:16], "little")]


def stack_rows(contents: list[bytes]) -> Rows:
    """Return the rows of files that have the same columns, in one chunk.

    They are read as one stream: a file is the message of its columns, those of its rows, an end and
    a footer. To open thousands of them one by one takes three times as long.
    """
    head = len(cut_schema(contents[0]))
    stream = [contents[0][len(MAGIC) : head], *(cut_body(content, head) for content in contents)]
    reader = ipc.open_stream(pa.BufferReader(b"".join(stream)), options=READING)
    return reader.read_all().combine_chunks()


def cut_body(content: bytes, head: int) -> memoryview:
    """Return the messages of an Arrow IPC file that hold rows; `head` is where they begin."""
    tail = len(content) - 10  # the footer's length in four bytes, and six of "ARROW1"
    footer = int.from_bytes(content[tail : tail + 4], "little")
    end = tail - footer - len(END)
    assert content[end : end + len(END)] == END, "an Arrow file that does not end as ours do"
    return memoryview(content)[head:end]


def rows_from_columns(table: str, trial_id: str, columns: dict[str, Any]) -> Rows:
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


def rows_from_dicts(schema: pa.Schema, found: list[dict[str, Any]]) -> Rows:
    """Return rows given one by one."""
    return pa.Table.from_pylist(found, schema=schema)


def join_rows(tables: Iterable[Rows]) -> Rows:
    """Return the rows of all tables, one after another."""
    return pa.concat_tables(tables).unify_dictionaries()


def select_trials(rows: Rows, trial_ids: list[str]) -> Rows:
    """Return the rows of some trials."""
    names = rows["trial_id"].cast(pa.string())
    return rows.filter(pc.call_function("is_in", [names], pc.SetLookupOptions(pa.array(trial_ids))))


def conform_rows(rows: Rows, schema: pa.Schema) -> Rows:
    """Return `rows` with the columns of `schema`; one that an old part lacks is null."""
    columns = [
        rows[f.name].cast(f.type) if f.name in rows.column_names else pa.nulls(len(rows), f.type)
        for f in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
