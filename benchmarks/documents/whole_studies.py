"""The studies of evidence/ that are whole and of one code; the others are named."""

from pathlib import Path

from benchmarks.evidence.whole import find_fault
from nvp.analysis.frames.load import StudyFrames, load
from nvp.storage.studies import PRESETS, list_studies


def load_whole(place: Path) -> tuple[list[StudyFrames], list[str]]:
    """Return the whole studies of a folder of evidence, and a line on each that is left out."""
    whole, left_out = [], []
    for study, presets in list_studies(str(place)).items():
        for preset in [one for one in PRESETS if one in presets]:
            if fault := find_fault(place / study / preset):
                left_out.append(f"`{study}`, preset {preset}: {fault}")
            else:
                whole.append(load(str(place), study, preset))
    return whole, left_out
