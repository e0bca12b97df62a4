"""The number of cores, also on systems that do not know which of them a process may use."""

import os
from pathlib import Path

import pytest

from nvp.config import cores
from nvp.config.cores import count_cores, read_quota

V2 = "0::{}\n"
V1 = "5:cpuset:/\n4:cpu,cpuacct:{}\n1:name=systemd:/x\n"


@pytest.fixture(autouse=True)
def _no_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "OWN_CGROUP", "/nowhere")


def test_cores_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 5, 7}, raising=False)
    assert count_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    assert count_cores() == 12
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert count_cores() == 1


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        (V2.format("/"), {"cpu.max": "200000 100000"}, 2.0),
        (V2.format("/"), {"cpu.max": "max 100000"}, None),
        (V2.format("/"), {"cpu.max": "50000 100000"}, 0.5),
        (V2.format("/"), {}, None),
        (V2.format("/a/b"), {"a/cpu.max": "150000 100000", "a/b/cpu.max": "max 100000"}, 1.5),
        (V2.format("/a/b"), {"a/cpu.max": "300000 100000", "a/b/cpu.max": "100000 50000"}, 2.0),
        (V2.format("/../gone"), {"cpu.max": "400000 100000"}, 4.0),
        (V1.format("/docker/gone"), {"cpu,cpuacct/cpu.cfs_quota_us": "300000",
                                     "cpu,cpuacct/cpu.cfs_period_us": "100000"}, 3.0),
        (V1.format("/a"), {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"},
         None),
        (V1.format("/a") + V2.format("/"), {"cpu/a/cpu.cfs_quota_us": "250000",
                                            "cpu/a/cpu.cfs_period_us": "100000",
                                            "unified/cpu.max": "max 100000"}, 2.5),
        (V2.format("/"), {"cpu.max": "nonsense"}, None),
        (V2.format("/"), {"cpu.max": "100000 0"}, None),
    ],
)  # fmt: skip
def test_the_least_quota_of_a_container_counts(
    tmp_path: Path, own: str, files: dict[str, str], expected: float | None
) -> None:
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(text + "\n")
    (tmp_path / "own").write_text(own)
    assert read_quota(tmp_path / "groups", tmp_path / "own") == expected


@pytest.mark.parametrize(("limit", "slots"), [(250, 2), (100, 1), (20, 1), (6400, 8)])
def test_slots_are_the_whole_cores_of_a_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, slots: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    (tmp_path / "cpu.max").write_text(f"{limit}000 100000\n")
    (tmp_path / "own").write_text(V2.format("/"))
    monkeypatch.setattr(cores, "CGROUPS", str(tmp_path))
    monkeypatch.setattr(cores, "OWN_CGROUP", str(tmp_path / "own"))
    assert count_cores() == slots
