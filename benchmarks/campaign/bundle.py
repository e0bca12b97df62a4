"""A campaign as one small file: its records, and the tables of its studies without `neurons`.

The table `neurons` is most of a study's bytes, and no document needs it. Checkpoints stay behind,
too: where only the bundle is carried to another machine, trials that were interrupted start again.
"""

import tarfile
from pathlib import Path

from benchmarks.campaign.without_paths import leave_out_paths
from nvp.storage.compact import FINISHED, compact_study
from nvp.storage.index import read_index
from nvp.storage.json_object import read_object, write_object
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.storage.writer import TrialWriter

KEPT_TABLES = ("epochs", "layers", "events")
STUDY, KEPT_FILES = "study.json", ("auto.json",)


def write_bundle(folder: Path) -> Path:
    """Pack a campaign into `<folder>.tar.gz`; return that file."""
    target = folder.with_name(f"{folder.name}.tar.gz")
    for study in list_study_folders(folder):
        carry_study(folder, study)
    partial = target.with_name(f"{target.name}.tmp")
    with tarfile.open(partial, "w:gz") as archive:
        for name, kept in (("carried", "studies"), ("records", "records")):
            if (folder / name).exists():
                archive.add(folder / name, arcname=kept)
    partial.replace(target)
    return target


def carry_study(folder: Path, study: Path) -> None:
    """Copy what a bundle has of a study beside it; what was copied before costs nothing."""
    copy_study(study, folder / "carried" / study.relative_to(folder / "studies"))


def read_bundle(folder: Path) -> bool:
    """Unpack `<folder>.tar.gz` where the folder is not there; return whether there was one."""
    bundle = folder.with_name(f"{folder.name}.tar.gz")
    if folder.exists() or not bundle.exists():
        return False
    unpack(bundle, folder)
    return True


def unpack(bundle: Path, folder: Path) -> None:
    """Unpack a bundle into a folder."""
    with tarfile.open(bundle) as archive:
        archive.extractall(folder, filter="data")


def list_study_folders(folder: Path) -> list[Path]:
    """Return the folders of all studies of a campaign."""
    return sorted(file.parent for file in (folder / "studies").glob("*/*/*/study.json"))


def copy_study(source: Path, target: Path) -> None:
    """Add the finished trials of a study to another folder, without `neurons`, in one pack."""
    here, there = Storage.at(str(source)), Storage.at(str(target))
    index, known = read_index(here), read_index(there).rows
    for name, row in index.rows.items():
        if row["status"] in FINISHED and name not in known:
            writer = TrialWriter(there, name, row["attempt"])
            for table in KEPT_TABLES:
                writer.add(table, read_table(index, table, [name]))
            writer.commit(row)
    for name in KEPT_FILES:
        if (source / name).exists():
            there.write(name, (source / name).read_bytes())
    if (source / STUDY).exists():
        write_object(there, STUDY, leave_out_paths(read_object(here, STUDY)))
    compact_study(there)
