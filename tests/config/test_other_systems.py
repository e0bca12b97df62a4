"""A study runs where the calls of Linux are not: they are taken away."""

import argparse
import builtins
import io
import mmap
import os
import re
import select
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
import torch

from nvp.config.cores import count_cores
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.storage.lease import make_lease
from nvp.storage.lock import is_networked
from nvp.study.devices import check_gpu, describe_lack
from studies.sgd_noise import STUDY
from tests.conftest import ROOT
from tests.in_process import run_main

LINUX = {
    os: ("sched_getaffinity", "sched_setaffinity", "posix_fadvise", "posix_fallocate", "fdatasync",
         "memfd_create", "pidfd_open", "eventfd", "splice", "copy_file_range", "getrandom",
         "O_TMPFILE", "O_DIRECT", "O_PATH", "setresuid", "sched_setscheduler"),
    signal: ("SIGPWR", "SIGSTKFLT", "SIGRTMIN", "SIGRTMAX", "sigtimedwait", "sigwaitinfo"),
    socket: ("AF_NETLINK", "SO_PASSCRED", "SOCK_CLOEXEC", "SOCK_NONBLOCK"),
    select: ("epoll",),
    mmap: ("MAP_POPULATE", "MAP_DENYWRITE"),
}  # fmt: skip
GUARDED = {
    "config/cores.py": {"sched_getaffinity", "/proc/", "/sys/"},
    "storage/lock.py": {"fcntl", "/proc/"},  # macOS has fcntl
    "storage/lease.py": {"/proc/"},
}
WORDS = re.compile(
    r"/proc/|/sys/|\bfcntl\b|\bprctl\b|\bresource\.|\bctypes\b|\bmultiprocessing\.(?!reductions)|"
    + "|".join(rf"\b{name}\b" for names in LINUX.values() for name in names)
)


def test_what_only_linux_has_stands_in_guarded_places() -> None:
    found = {}
    for path in (ROOT / "nvp").rglob("*.py"):
        if words := set(WORDS.findall(path.read_text())):
            found[str(path.relative_to(ROOT / "nvp"))] = words
    assert found == GUARDED, "elsewhere a start on macOS would end in AttributeError"


@pytest.fixture
def _no_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the calls of Linux away, and the folders in which it tells of itself."""
    for module, names in LINUX.items():
        for name in names:
            monkeypatch.delattr(module, name, raising=False)

    def hide(call: Any) -> Any:
        def without(path: Any, *more: Any, **named: Any) -> Any:
            if isinstance(path, str | os.PathLike) and str(path).startswith(("/proc", "/sys")):
                raise FileNotFoundError(2, "macOS has none", str(path))
            return call(path, *more, **named)

        return without

    for module, name in ((builtins, "open"), (io, "open"), (os, "stat")):
        monkeypatch.setattr(module, name, hide(getattr(module, name)))


@pytest.mark.usefixtures("_no_linux")
def test_a_study_runs_without_the_calls_of_linux(tmp_path: Path) -> None:
    assert not Path("/proc/mounts").exists()
    assert count_cores() == (os.cpu_count() or 1)
    assert not is_networked(tmp_path)
    assert not make_lease().gone
    one = ("--set", "optim.noise=1", "--set", "optim.lr=0.2", "--set", "prune.method=none")
    small = ("--seeds", "1", "--set", "epochs=1", "--set", "data.batch_size=400")
    ended = run_main(STUDY, tmp_path, "--preset", "quick", "--no-ray", *one, *small)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "1 of 1 trials done" in ended.stdout


def test_an_apple_gpu_is_said_to_be_unsupported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    asked = argparse.Namespace(no_ray=False, address=None, gpus_per_trial=0.5)
    said = "an Apple GPU, which nvp does not support"
    for apple, words, got in ((True, said, said), (False, "no GPU", "none")):
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda apple=apple: apple)
        assert describe_lack() == words
        with pytest.raises(ValueError, match=f"expected a GPU on this machine, got {got}: "):
            check_gpu(asked, Design(base=TrialConfig(), space={}))
