"""Put the thousands of small files of finished trials into a few: `nvp compact STUDY`.

A pack is written, its manifest last, before the files that it replaces are deleted. So a run that
is killed at any moment loses nothing, and the next one finishes its work. Analysis may read
meanwhile.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from nvp.config.command_parser import BAD_ARGUMENTS, CommandParser
from nvp.storage.archive import FOLDER, list_packed_files, read_packs, select_manifests
from nvp.storage.codec import encode_rows
from nvp.storage.index import Index, read_index
from nvp.storage.lock import study_lock
from nvp.storage.reader import read_table
from nvp.storage.schema import TABLES
from nvp.storage.sealed import are_intact, seal_name
from nvp.storage.store import Storage
from nvp.storage.studies import add_study_arguments, find_study
from nvp.storage.writer import FINISHED

PACK_TRIALS = 1000
PACK_BYTES = 64 * 2**20  # a pack is made in memory


def compact_study(storage: Storage) -> int:
    """Pack the finished trials that are in no pack; return how many.

    The caller holds the lock of the study.
    """
    delete_replaced(storage)
    index = read_index(storage)
    packed = 0
    for group in group_trials(index):
        write_pack(index, group)
        packed += len(group)
    delete_replaced(storage)
    return packed


def group_trials(index: Index) -> Iterator[list[str]]:
    """Yield the finished trials outside of packs, as many at a time as fit into one."""
    group: list[str] = []
    size = 0
    for name, row in index.rows.items():
        manifest = json.loads(row["manifest"])
        if row["status"] not in FINISHED or name in index.packed:
            continue
        if not index.storage.local and not are_intact(index.storage, manifest):
            continue  # on a local disk, `read_index` has compared the checksums already
        group.append(name)
        size += sum(manifest.values())
        if len(group) == PACK_TRIALS or size >= PACK_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def write_pack(index: Index, trials: list[str]) -> None:
    """Write the pack of some trials, its manifest last."""
    storage = index.storage
    numbers = [int(name.split("/")[1]) for name in list_packed_files(storage)]
    folder = f"{FOLDER}/{max(numbers, default=0) + 1:05d}"
    files = {}
    for table in TABLES:
        rows = read_table(index, table, trials)
        if len(rows):
            content = encode_rows(rows)
            name = seal_name(f"{folder}/{table}", "arrow", content)
            storage.write(name, content)
            files[name] = len(content)
    replaces = [name for trial in trials for name in [*index.parts[trial], *index.files[trial]]]
    manifest = json.dumps({"files": files, "trials": trials, "replaces": replaces}).encode()
    storage.write(seal_name(f"{folder}/manifest", "json", manifest), manifest)


def delete_replaced(storage: Storage) -> None:
    """Delete the files that packs replace, and the files of packs that were never finished.

    Of several packs that were begun only those with a manifest count, wherever that lies now. Their
    files are checked first: a damaged pack replaces nothing.
    """
    packs = read_packs(storage, checksums=storage.local)
    packed = list_packed_files(storage)
    finished = {name.split("/")[1] for name in select_manifests(packed)}
    finished |= {file.split("/")[1] for pack in packs for file in pack.files.values()}
    storage.delete([name for name in sorted(packed) if name.split("/")[1] not in finished])
    loose = {name for table in TABLES for name in storage.files(table)}
    storage.delete([name for pack in packs for name in sorted(pack.replaces & loose)])
    for folder in {name.rpartition("/")[0] for pack in packs for name in pack.replaces}:
        if storage.local and Path(storage.path(folder)).is_dir():
            remove_empty(Path(storage.path(folder)))


def remove_empty(attempt: Path) -> None:
    """Remove an attempt's folder and its trial's folder, each only when it is empty."""
    for folder in (attempt, attempt.parent):
        if not any(folder.iterdir()):
            shutil.rmtree(folder)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nvp compact`; return its exit code: 0, or 2 for bad arguments."""
    parser = CommandParser(
        prog="nvp compact",
        description="Pack the many small files of a study's finished trials into a few.",
    )
    add_study_arguments(parser)
    arguments = parser.parse_args(argv)
    try:
        storage, _ = find_study(arguments.storage, arguments.study, arguments.preset)
        with study_lock(storage):
            before = sum(len(storage.files(table)) for table in TABLES)
            count = compact_study(storage)
            files = sum(len(storage.files(folder)) for folder in (*TABLES, FOLDER))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_ARGUMENTS
    print(f"{count} trials packed: {before} files before, {files} now in {storage.root}")
    return 0
