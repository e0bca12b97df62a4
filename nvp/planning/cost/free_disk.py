"""Free disk: is there room for all that the trials will write? Checked on the driver at a start."""

import os
import shutil

from nvp.config.cores import count_cores
from nvp.config.trial_config import TrialConfig
from nvp.planning.cost.disk_use import checkpoint_bytes, estimate_bytes, kept_bytes
from nvp.storage.store import Storage
from nvp.trial.checkpoint import KEEP_LAST

FILES_A_TRIAL = 16  # a row, four parts, two checkpoints, and their folders


def check_room(storage: Storage, trials: list[TrialConfig], *, keep: bool = False) -> None:
    """Raise ValueError when a local disk lacks bytes or inodes for what `trials` write.

    Args:
        storage: the study's.
        trials: those to run.
        keep: whether all their checkpoints stay; else those of the running trials alone.
    """
    if not storage.local or not trials:
        return
    free, needed = shutil.disk_usage(storage.root).free, count_bytes(trials, keep=keep)
    if free < needed:
        raise ValueError(
            f"--storage: expected {needed / 1e9:.1f} GB free for the tables and checkpoints of "
            f"{len(trials)} trials, got {free / 1e9:.1f} GB in {storage.root}: free some, or name "
            "another place"
        )
    entries = os.statvfs(storage.root)
    files = FILES_A_TRIAL * len(trials)
    if entries.f_files and entries.f_favail < files:
        raise ValueError(
            f"--storage: expected {files} free inodes for {len(trials)} trials, got "
            f"{entries.f_favail} in {storage.root}: delete small files (nvp compact "
            "packs those of finished trials), or name another place"
        )


def count_bytes(trials: list[TrialConfig], *, keep: bool) -> int:
    """Return the bytes of tables and checkpoints; a new one is written before the oldest goes."""
    running = min(len(trials), count_cores())
    temporary = running * (1 if keep else KEEP_LAST + 1) * checkpoint_bytes(trials)
    return estimate_bytes(trials) + temporary + (kept_bytes(trials) if keep else 0)
