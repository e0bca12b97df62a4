"""Whether tables are evidence: all trials of the plan are finished, and one code made them all."""

from collections import Counter
from pathlib import Path

from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study
from nvp.storage.writer import FINISHED


def find_fault(folder: Path) -> str:
    """Return why the tables of a study's preset are no evidence, in a few words; "" when they are.

    Args:
        folder: of the preset, with study.json.
    """
    storage = Storage.at(str(folder))
    planned, rows = read_study(storage).get("trials", {}), read_index(storage).rows
    if not planned:
        return "no study was started there"
    finished = [rows[name] for name in planned if name in rows and rows[name]["status"] in FINISHED]
    if len(finished) < len(planned):
        return f"{len(planned) - len(finished)} of {len(planned)} trials are missing"
    codes = Counter(row.get("code") or "unknown" for row in finished)
    if len(codes) > 1:
        return "trials are of several codes: " + ", ".join(sorted(codes))
    return ""
