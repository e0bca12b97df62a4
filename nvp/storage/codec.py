"""Rows to the bytes of an Arrow IPC file, and back.

An Arrow IPC file is: "ARROW1" and two zero bytes; the message of its columns; the messages of its
rows; an end mark; a footer, its length in four bytes, and "ARROW1". Without its first eight bytes
and its footer it is an Arrow IPC stream.
"""

import io
from collections.abc import Iterable
from itertools import groupby
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from nvp.storage.schema import TABLES

Rows: TypeAlias = pa.Table

MAGIC, END = b"ARROW1\0\0", b"\xff\xff\xff\xff\0\0\0\0"  # of an Arrow IPC file
COMPRESSED_FROM = 64 * 1024  # bytes; compressing the columns of a smaller file costs more time
READING = ipc.IpcReadOptions(use_threads=False)  # starting threads doubles the time of a small file


def encode_rows(rows: Rows) -> bytes:
    """Return a table as an Arrow IPC file, without the meanings of its columns.

    The meanings are in `nvp.storage.schema`; every part would repeat them.
    """
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
    # neighbours with equal columns are read together; files of an older version have others
    stacked = [stack_rows(list(group)) for _, group in groupby(contents, key=cut_schema)]
    if not stacked:
        return schema.empty_table()
    return join_rows([conform_rows(rows, schema) for rows in stacked])


def cut_schema(content: bytes) -> bytes:
    """Return the start of an Arrow IPC file: its first eight bytes and the message of its columns.

    The message begins with four bytes ff and its length in four bytes.
    """
    return content[: 16 + int.from_bytes(content[12:16], "little")]


def stack_rows(contents: list[bytes]) -> Rows:
    """Return the rows of files that have the same columns, in one chunk.

    Opening thousands of files one by one takes three times as long. So they are spliced into one
    stream: the columns of the first file, then the rows of each. Each file's messages of rows begin
    with its dictionaries (such as layer names), which in a stream replace those of the file before.
    """
    head = len(cut_schema(contents[0]))
    stream = [contents[0][len(MAGIC) : head], *(cut_body(content, head) for content in contents)]
    reader = ipc.open_stream(pa.BufferReader(b"".join(stream)), options=READING)
    return reader.read_all().combine_chunks()


def cut_body(content: bytes, head: int) -> memoryview:
    """Return the messages of an Arrow IPC file that hold rows; `head` is their first byte."""
    tail = len(content) - 10  # the length of the footer takes 4 bytes, "ARROW1" 6
    footer = int.from_bytes(content[tail : tail + 4], "little")
    end = tail - footer - len(END)
    # another version of Arrow might leave the end mark out: then the cut would be wrong, silently
    assert content[end : end + len(END)] == END, "an Arrow file without the end mark"
    return memoryview(content)[head:end]  # a view: the join copies the bytes once


def rows_from_columns(table: str, trial_id: str, columns: dict[str, Any]) -> Rows:
    """Return rows from columns; a scalar fills its whole column, an absent column is null."""
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


def rows_from_dicts(schema: pa.Schema, dicts: list[dict[str, Any]]) -> Rows:
    """Return rows from one dict for each row."""
    return pa.Table.from_pylist(dicts, schema=schema)


def replace_columns(rows: Rows, columns: dict[str, list[Any]]) -> Rows:
    """Return rows with other values in some of their columns."""
    for name, values in columns.items():
        index = rows.schema.get_field_index(name)
        rows = rows.set_column(
            index, rows.schema.field(index), pa.array(values, rows.schema.types[index])
        )
    return rows


def join_rows(tables: Iterable[Rows]) -> Rows:
    """Return the rows of all tables, one after another."""
    return pa.concat_tables(tables).unify_dictionaries()


def select_trials(rows: Rows, trial_ids: list[str]) -> Rows:
    """Return the rows of some trials."""
    names = rows["trial_id"].cast(pa.string())
    return rows.filter(pc.call_function("is_in", [names], pc.SetLookupOptions(pa.array(trial_ids))))


def conform_rows(rows: Rows, schema: pa.Schema) -> Rows:
    """Return `rows` with the columns of `schema`; a column that an old part lacks is null."""
    columns = [
        rows[f.name].cast(f.type) if f.name in rows.column_names else pa.nulls(len(rows), f.type)
        for f in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
