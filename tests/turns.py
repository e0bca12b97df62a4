"""Cases in turn: of tests marked `one_in(n)`, a run takes one case in n, other ones at each commit.

Such a test says the same of each name of a list. `make test-minutes` takes the cases that this
commit leaves out. NVP_TEST_TURN=0, 1, ... takes another part than the commit's.
"""

import os
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

import pytest


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
    seen: Counter[str] = Counter()
    for item in items:
        mark = item.get_closest_marker("one_in")
        if mark is None or item.get_closest_marker("minutes"):
            continue
        test = item.nodeid.partition("[")[0]
        if (seen[test] + find_turn()) % mark.args[0]:
            item.add_marker(pytest.mark.minutes)
        seen[test] += 1
