"""Before trial 1, on the driver: is there room for what the trials will write?"""

import os
import shutil

from nvp.config import TrialConfig
from nvp.estimate import estimate_bytes
from nvp.storage import Storage

FILES_A_TRIAL = 16  # a row, four parts, two checkpoints, and their folders


def check_room(storage: Storage, trials: list[TrialConfig]) -> None:
    """Raise ValueError when a local disk lacks bytes or inodes for the tables of `trials`."""
    if not storage.local or not trials:
        return
    free, needed = shutil.disk_usage(storage.root).free, estimate_bytes(trials)
    if free < needed:
        raise ValueError(
            f"--storage: expected {needed / 1e9:.1f} GB free for the tables of {len(trials)} "
            f"trials, got {free / 1e9:.1f} GB in {storage.root}: free some, or name another place"
        )
    entries = os.statvfs(storage.root)
    files = FILES_A_TRIAL * len(trials)
    if entries.f_files and entries.f_favail < files:
        raise ValueError(
            f"--storage: expected {files} free inodes for {len(trials)} trials, got "
            f"{entries.f_favail} in {storage.root}: delete small files (python -m nvp.compact "
            "packs those of finished trials), or name another place"
        )
