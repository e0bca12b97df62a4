"""What `make test` takes, and in which order: the longest modules first, and cases in turn.

Of tests marked `one_in(n)`, a run takes one case in n, other ones at each commit. Such a test says
the same of each name of a list. Whatever the turn, at least one case of each test is taken, so a
module or a class can be marked as a whole. `one_commit_in(n, turn)` is for tests
that share one expensive fixture: a run takes all of them or none, at one commit in n. `make
test-minutes` takes what this commit leaves out. NVP_TEST_TURN=0, 1, ... takes another part than the
commit's.
"""

import os
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

# Modules that take longest come first, so that no process ends long after the others.
LONGEST = (
    "trial/test_kill.py",
    "running/test_broken_trials.py",
    "running/test_on_one_ray.py",
    "install/test_extending.py",
    "docs/test_snippets.py",
    "analysis/test_every_figure.py",
    "pruning/test_pruning.py",
    "storage/test_tables.py",
    "storage/test_bucket.py",
    "monitor/test_processes.py",
    "study/test_studies.py",
)


@cache
def find_turn() -> int:
    """Return the part that is taken: the number of commits, unless NVP_TEST_TURN says it."""
    if said := os.environ.get("NVP_TEST_TURN"):
        return int(said)
    command = ["git", "rev-list", "--count", "HEAD"]
    try:
        counted = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True)
    except FileNotFoundError:  # without git: as at the first commit
        return 0
    return int(counted.stdout or 0)


def leave_to_minutes(items: list[pytest.Item]) -> None:
    """Mark the cases whose turn it is not as `minutes`. Changes the items."""
    short = [item for item in items if not item.get_closest_marker("minutes")]
    for item in short:
        together = item.get_closest_marker("one_commit_in")
        if together and (find_turn() - together.args[1]) % together.args[0]:
            item.add_marker(pytest.mark.minutes)
    listed = [item for item in short if item.get_closest_marker("one_in")]
    count = Counter(map(name_test, listed))
    seen: Counter[str] = Counter()
    for item in listed:
        test = name_test(item)
        (of,) = item.get_closest_marker("one_in").args  # pyright: ignore[reportOptionalMemberAccess]
        if (seen[test] + find_turn()) % min(of, count[test]):
            item.add_marker(pytest.mark.minutes)
        seen[test] += 1


def put_longest_first(items: list[pytest.Item]) -> None:
    """Sort tests by whether their module is one of the longest. Changes the items."""
    place = {name: k for k, name in enumerate(LONGEST)}
    here = Path(__file__).parent
    items.sort(key=lambda item: place.get(str(item.path.relative_to(here)), len(LONGEST)))


def name_test(item: pytest.Item) -> str:
    """Return the name of a test, the same for all of its cases."""
    return item.nodeid.partition("[")[0]
