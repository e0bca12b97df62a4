"""Bring a campaign home: `make campaign-merge FOLDER=...`, a folder or the .tar.gz of one.

Its tables go to evidence/gpu/, its records to evidence/gpu/records.json, and what they say to the
section "On a GPU" of docs/benchmarks.md. What ran on a CPU is refused: it is no evidence of a GPU.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.campaign.bundle import copy_study, list_study_folders, unpack
from benchmarks.campaign.directions import compare_directions
from benchmarks.campaign.runner import ROOT
from benchmarks.campaign.section import write_section
from nvp.storage.index import read_index
from nvp.storage.store import Storage


def main(argv: list[str] | None = None) -> int:
    """Merge; return 0, or 2 when it is refused."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.campaign.merge", description=__doc__
    )
    parser.add_argument("folder", type=Path, help="of a campaign, or its .tar.gz")
    parser.add_argument("--cpu", type=Path, default=Path("results"), metavar="PLACE",
                        help="where the same quick studies of a CPU are")  # fmt: skip
    arguments = parser.parse_args(argv)
    try:
        written = merge(arguments.folder, ROOT, cpu=arguments.cpu)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(*written, sep="\n")
    return 0


def merge(source: Path, root: Path, *, cpu: Path) -> list[Path]:
    """Bring a campaign into the evidence and the documents below `root`; return what was written.

    Raises:
        ValueError: nothing to merge, or a row that was measured on a CPU.
    """
    with tempfile.TemporaryDirectory() as made:
        folder = source
        if source.is_file():
            folder = Path(made) / "campaign"
            unpack(source, folder)
        records = read_records(folder)
        refuse_cpu(records, folder)
        target = root / "evidence" / "gpu"
        for study in list_study_folders(folder):
            copy_study(study, target / study.relative_to(folder / "studies"))
        kept = target / "records.json"
        known = json.loads(kept.read_text()) if kept.exists() else {}
        known |= {record["item"]: record for record in records}
        target.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(known, indent=1, sort_keys=True))
    page = root / "docs" / "benchmarks.md"
    directions = compare_directions(target / "quick", cpu)
    page.write_text(write_section(page.read_text(), list(known.values()), directions))
    return [target, kept, page]


def read_records(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a campaign.

    Raises:
        ValueError: when there are none.
    """
    files = sorted((folder / "records").glob("*.json"))
    if not files:
        raise ValueError(f"expected the folder of a campaign, with records/, got {folder}")
    return [json.loads(file.read_text()) for file in files]


def refuse_cpu(records: list[dict[str, Any]], folder: Path) -> None:
    """Raise ValueError when a record or a trial of a campaign was measured on a CPU."""
    for where, device in list_devices(records, folder):
        if device.startswith("cpu"):
            raise ValueError(
                f"{where}: expected a result of a GPU, got one of a CPU, which is no evidence of "
                "one; run the campaign with --device cuda into a folder of its own"
            )


def list_devices(records: list[dict[str, Any]], folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (what was measured, its device) of all records and finished trials."""
    for record in records:
        yield record["item"], record["machine"]["device"]
    for study in list_study_folders(folder):
        for name, row in read_index(Storage.at(str(study))).rows.items():
            yield f"{study.relative_to(folder)}, trial {name}", row["device"]


if __name__ == "__main__":
    sys.exit(main())
