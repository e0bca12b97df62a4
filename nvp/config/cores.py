"""How many cores this process may use: its affinity, and the quota of its container."""

import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS, OWN_CGROUP = "/sys/fs/cgroup", "/proc/self/cgroup"


def count_cores() -> int:
    """Return the cores that this process may use at a time, at least one.

    macOS and Windows have neither affinity nor quotas: all cores count. A part of a core is none,
    since a trial that gets half the time of a core holds its neighbours up.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = read_quota(Path(CGROUPS), Path(OWN_CGROUP))
    return max(1, min(cores, int(quota + 1e-6) if quota is not None else cores))


def read_quota(cgroups: Path, own: Path) -> float | None:
    """Return how many cores' time the cgroups of this process grant, the least of them; None: all.

    Args:
        cgroups: the folder where control groups are mounted, of version 1, 2 or both.
        own: the file that names the groups of this process.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:  # not Linux
        return None
    found = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            found += [read_cpu_max(folder) for folder in list_groups(cgroups, path)]
            found += [read_cpu_max(folder) for folder in list_groups(cgroups / "unified", path)]
        elif "cpu" in controllers.split(","):
            for mount in {controllers, "cpu", "cpu,cpuacct"}:
                found += [read_cfs_quota(folder) for folder in list_groups(cgroups / mount, path)]
    return min((quota for quota in found if quota is not None), default=None)


def list_groups(mount: Path, path: str) -> Iterator[Path]:
    """Yield the folders of a group and of those around it.

    A container may see its own group as the mount itself, under a path that is not there.
    """
    group = mount / path.lstrip("/")
    yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(mount))


def read_cpu_max(folder: Path) -> float | None:
    """Return the cores' time of a group of version 2; None where it has no limit."""
    return divide(read_words(folder / "cpu.max"))


def read_cfs_quota(folder: Path) -> float | None:
    """Return the cores' time of a group of version 1; None where it has no limit."""
    names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    return divide([word for name in names for word in read_words(folder / name)])


def read_words(file: Path) -> list[str]:
    """Return the words of a file; none where it is not there."""
    try:
        return file.read_text().split()
    except OSError:
        return []


def divide(words: list[str]) -> float | None:
    """Return quota / period; None without a quota, which is "max" or -1."""
    if len(words) != 2 or not all(word.isdigit() for word in words) or int(words[1]) == 0:
        return None
    return int(words[0]) / int(words[1]) if int(words[0]) else None
