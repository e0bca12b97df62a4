"""The live line: what a terminal of 60 or 80 columns shows, the time left, and a real terminal."""

import io
import os
import pty
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from nvp.running.pace import Pace
from nvp.running.progress import Display
from nvp.trial.progress import Progress

TOTAL = 48


def report(name: str, status: str = "running", epoch: int = 10) -> Progress:
    return Progress(name, status, epoch, 10, val_accuracy=0.912, dead_fraction=0.25, sparsity=0.5)


def show(columns: int, pace: float = 700.0) -> str:
    """Return the live line of a study with 12 of 48 trials ended, two of them badly."""
    display = Display(TOTAL, Console(file=io.StringIO(), width=columns, force_terminal=True))
    now = [0.0]
    display.pace.clock = lambda: now[0]
    display.update(report("first", epoch=0))
    for number in range(12):
        now[0] += pace / 12
        display.update(report(f"trial {number}", "failed" if number < 2 else "done"))
    display.update(report("first", epoch=3))
    return display.draw_line().plain


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (60, "trials ━━┈┈┈┈┈┈┈┈ 12/48 about 34 min left, 2 failed"),
        (80, "trials ━━┈┈┈┈┈┈┈┈ 12/48 about 34 min left, 2 failed, epoch 3, accuracy 0.912"),
        (200, "trials ━━━━━━━┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈ 12/48 about 34 min left, 2 failed, epoch 3, "
              "accuracy 0.912, dead 0.250, sparsity 0.500"),
        (45, "trials ━━┈┈┈┈┈┈┈┈ 12/48 about 34 min left"),
    ],
)  # fmt: skip
def test_count_and_time_left_survive_and_figures_go_first(columns: int, shown: str) -> None:
    line = show(columns)
    assert line == shown
    assert len(line) < columns


def test_the_time_left_begins_with_the_first_report_and_counts_trials_under_way() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    now[0] = 60.0  # Ray starts
    assert pace.estimate_seconds(24) is None
    for number in range(8):
        pace.note(report(str(number), epoch=0))
    assert pace.estimate_seconds(24) is None
    now[0] += 90.0  # eight side by side, of 100 s each
    for number in range(8):
        pace.note(report(str(number), epoch=9))
    assert pace.estimate_seconds(24) == pytest.approx(210)
    now[0] += 10.0
    for number in range(3):
        pace.note(report(str(number), "done"))
    assert pace.estimate_seconds(24) == pytest.approx(100 / 7.5 * 16.5)


def test_what_an_attempt_found_done_is_no_pace() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.note(replace(report("a", epoch=8), continued_from=8))
    now[0] += 20.0
    pace.note(replace(report("a", "done"), continued_from=8))
    pace.note(replace(report("b", epoch=9), continued_from=9))  # from its checkpoint, too
    assert pace.estimate_seconds(3) == pytest.approx(20 / 0.2 * 1.1)


def test_trials_that_report_late_count_from_when_they_began() -> None:
    """Reports come every two seconds, when a trial of three is half done."""
    now = [30.0]  # Ray starts
    pace = Pace(lambda: now[0])
    for number in range(10):
        now[0] += 2.0
        pace.note(replace(report(str(number), epoch=6), seconds=2.0))
        now[0] += 1.0
        pace.note(replace(report(str(number), "done"), seconds=3.0))
        assert pace.estimate_seconds(20) == pytest.approx(3.0 * (19 - number))


LIVE = """
import os, signal, sys, time
from nvp.running.progress import Display
from nvp.running.signals import catch_signals
from tests.running.test_progress import report
with catch_signals() as signals, signals.let_trials_save(), Display(3) as display:
    display.update(report("first", epoch=0))
    time.sleep(0.3)
    display.update(report("first", "done"))
    display.update(report("second", epoch=1))
    time.sleep(0.5)
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)
"""


@pytest.mark.minutes  # each needs a process that imports torch
@pytest.mark.parametrize("columns", [60, 80])
def test_on_a_real_terminal_the_line_stays_one_and_the_cursor_comes_back(
    columns: int, tmp_path: Path
) -> None:
    shown, terminal = pty.openpty()
    sizes = {"COLUMNS": str(columns), "LINES": "24", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-c", LIVE],
        stdin=terminal, stdout=terminal, stderr=terminal, env=os.environ | sizes,
    )  # fmt: skip
    os.close(terminal)
    text = ""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            text += os.read(shown, 4096).decode(errors="replace")
        except OSError:  # the other end is closed
            break
    os.close(shown)
    assert process.wait() == 130
    assert "1/3" in text
    assert "left" in text
    assert text.count("SIGINT: saving the running trials; again to quit at once") == 1
    last = text.rstrip().splitlines()[-1]
    assert last.startswith("SIGINT again: ended at once; this command continues: ")
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l"), "the cursor stays hidden"
