"""The number of cores, also on systems that do not know which of them a process may use."""

import os

import pytest

from nvp.config.cores import count_cores
from tests.conftest import ROOT


def test_cores_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 5, 7}, raising=False)
    assert count_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    assert count_cores() == 12
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert count_cores() == 1


def test_no_other_module_asks_for_what_only_linux_has() -> None:
    found = [
        str(path.relative_to(ROOT / "nvp"))
        for path in (ROOT / "nvp").rglob("*.py")
        if "sched_getaffinity" in path.read_text()
    ]
    assert found == ["config/cores.py"], "elsewhere a start on macOS would end in AttributeError"
