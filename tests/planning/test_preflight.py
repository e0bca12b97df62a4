"""A study that does not fit is refused before its first trial, with what to do about it."""

import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

from nvp.config.trial_config import TrialConfig
from nvp.planning.cost.disk_use import checkpoint_bytes, estimate_bytes
from nvp.planning.cost.free_disk import check_room
from nvp.storage.store import Storage

TRIALS = [TrialConfig(seed=seed) for seed in range(5)]


def test_what_fits_is_accepted(tmp_path: Path) -> None:
    check_room(Storage.at(str(tmp_path)), TRIALS)
    check_room(Storage.at(str(tmp_path)), [])


def test_too_little_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=1000))
    with pytest.raises(
        ValueError, match="GB free for the tables and checkpoints of 5 .*got 0.0 GB in /"
    ):
        check_room(Storage.at(str(tmp_path)), TRIALS)


def test_the_checkpoints_of_running_or_of_all_trials_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    one, tables = checkpoint_bytes(TRIALS), estimate_bytes(TRIALS)
    for keep, count in ((False, 2 * 3), (True, 2 + 5 * 2)):
        for missing in (0, 1):
            free = tables + count * one - missing
            usage = SimpleNamespace(free=free)
            monkeypatch.setattr(shutil, "disk_usage", lambda place, usage=usage: usage)
            with nullcontext() if not missing else pytest.raises(ValueError, match="GB free"):
                check_room(Storage.at(str(tmp_path)), TRIALS, keep=keep)


def test_too_few_inodes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = SimpleNamespace(f_files=100, f_favail=79, f_frsize=1, f_blocks=2**40, f_bfree=2**40)
    full.f_bavail = full.f_bfree
    monkeypatch.setattr(os, "statvfs", lambda place: full)
    with pytest.raises(ValueError, match="expected 80 free inodes for 5 trials, got 79 in /"):
        check_room(Storage.at(str(tmp_path)), TRIALS)
