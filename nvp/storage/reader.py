"""Reading the rows of a table, from the parts of trials and from packs."""

from collections import defaultdict

from nvp.storage.archive import Pack, list_packs, read_packed_table
from nvp.storage.codec import Rows, decode_files, join_rows
from nvp.storage.index import Index, read_index
from nvp.storage.schema import TABLES
from nvp.storage.sealed import verify_content


def read_table(index: Index, table: str, trial_ids: list[str] | None = None) -> Rows:
    """Return all rows of a table, or those of some trials, finished or still running."""
    schema = TABLES[table]
    chosen = list(index.rows | index.parts) if trial_ids is None else trial_ids
    if table == "trials":
        rows = [index.rows[trial_id] for trial_id in chosen if trial_id in index.rows]
        return Rows.from_pylist(rows, schema)
    loose = [name for trial_id in chosen for name in list_visible_parts(index, table, trial_id)]
    contents = list(index.storage.read_all(loose))
    packs: dict[str, Pack] = {}
    # {name of a pack: trials to read from it}; an older pack may have rows of the same trials
    wanted: dict[str, set[str]] = defaultdict(set)
    for trial in index.packed.keys() & set(chosen):
        pack = index.packed[trial]
        packs[pack.name] = pack
        wanted[pack.name].add(trial)
    tables = [
        read_packed_table(index.storage, packs[name], table, wanted[name]) for name in sorted(packs)
    ]
    # a file of the index is gone, and there are other packs now: a compaction moved its rows
    if (None in contents or None in tables) and list_packs(index.storage) != index.packs:
        return read_table(read_index(index.storage, checksums=False), table, chosen)
    intact = [verify_content(index.storage, *pair) for pair in zip(loose, contents, strict=True)]
    rows = decode_files([content for content in intact if content is not None], schema)
    return join_rows([*(found for found in tables if found is not None), rows])


def list_visible_parts(index: Index, table: str, trial_id: str) -> list[str]:
    """Return the parts of a table from which a trial's rows are read, outside of packs.

    Of a finished trial these are the parts that its manifest names. Of a running trial they are
    chosen from the newest attempt backwards: a continued attempt starts after the parts that it
    kept, so an older part that reaches into its epochs is one that it replaces.
    """
    if trial_id in index.packed:
        return []
    if trial_id in index.rows:
        return [name for name in index.manifests[trial_id] if name.startswith(f"{table}/")]
    chosen: list[str] = []
    until = float("inf")
    names = [name for name in index.parts.get(trial_id, []) if name.startswith(f"{table}/")]
    for name in sorted(names, key=parse_part_name, reverse=True):
        _, first, last = parse_part_name(name)
        if last < until:
            chosen.append(name)
            until = first
    return chosen[::-1]


def parse_part_name(name: str) -> tuple[int, int, int]:
    """Return (attempt, first epoch, last epoch) of a part."""
    _, _, attempt, file = name.split("/")
    first, last, _ = file.split("-")
    return int(attempt), int(first), int(last)


def read_exception(error: str | None) -> str:
    """Return the last line of `error` in `trials`, which in a traceback names the exception."""
    return (error or "").strip().rpartition("\n")[2]
