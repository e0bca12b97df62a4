"""The display of a running study: one live line on a terminal or a notebook, else plain lines."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TypeAlias

from rich.console import Console
from rich.live import Live
from rich.text import Text

from nvp.running.cells import CellLine, is_notebook
from nvp.running.pace import Pace
from nvp.storage.schema import STATUSES
from nvp.trial.progress import Progress as TrialProgress

Listener: TypeAlias = Callable[[str], str]  # is told a trial that ended; returns a line, or ""
CELL_SECONDS = 0.3  # between two lines in a notebook
WIDTH = 30  # characters of a bar of text
NARROW, NARROW_WIDTH = 100, 10  # columns of a terminal below which its bar has so many


class Display:
    """Counts trials; shows the newest accuracy and dead fraction, and the time that remains."""

    def __init__(
        self, total: int, console: Console | None = None, listeners: Sequence[Listener] = ()
    ) -> None:
        self.total, self.listeners = total, listeners
        # a kernel sets FORCE_COLOR, which rich takes for a terminal
        terminal = False if is_notebook() else None
        self.console = console or Console(
            highlight=False, soft_wrap=True, force_terminal=terminal, force_jupyter=False
        )
        self.ended: dict[str, int] = dict.fromkeys(STATUSES, 0)
        self.running: dict[str, TrialProgress] = {}
        self.pace = Pace()
        self.newest: TrialProgress | None = None
        self.live: Live | None = None
        self.cell: CellLine | None = None
        self.shown = 0.0

    def __enter__(self) -> "Display":
        if self.console.is_terminal:
            self.live = Live(get_renderable=self.draw_line, console=self.console)
            self.live.start()
        elif is_notebook():
            self.cell = CellLine(f"{self.draw_bar()} starting")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.live:
            self.live.stop()

    @property
    def count(self) -> int:
        """Return the number of trials that ended."""
        return sum(self.ended.values())

    def update(self, progress: TrialProgress) -> None:
        """Take in a report of a trial; the status of the last one says how the trial ended."""
        self.pace.note(progress)
        self.newest = progress
        if progress.status == "running":
            self.running[progress.trial_id] = progress
        else:
            self.running.pop(progress.trial_id, None)
            self.ended[progress.status] += 1
            for line in filter(None, [note_end(progress.trial_id) for note_end in self.listeners]):
                self.print_line(line)
        if self.cell:
            self.show_in_cell(progress)
        elif not self.live and progress.status != "running":
            line = f"{progress.trial_id} {self.describe_progress(progress)}"
            self.print_line(f"[{self.count}/{self.total}] {line}")

    def show_in_cell(self, progress: TrialProgress) -> None:
        """Replace the line in a notebook, a few times a second, and when all trials ended."""
        now = time.perf_counter()
        if self.cell and (now - self.shown > CELL_SECONDS or self.count == self.total):
            self.shown = now
            line = f"{progress.trial_id} {self.describe_progress(progress)}"
            self.cell.replace(f"{self.draw_bar()} {line}")

    def draw_bar(self, width: int = WIDTH) -> str:
        """Return how many trials ended, as a bar of text."""
        full = width * self.count // max(self.total, 1)
        return f"trials {'━' * full}{'┈' * (width - full)} {self.count}/{self.total}"

    def draw_line(self) -> Text:
        """Return the live line: the bar and as much as fits; the newest figures go first."""
        columns = self.console.width - 1
        line, gap = self.draw_bar(NARROW_WIDTH if columns < NARROW else WIDTH), " "
        figures = self.list_figures(self.newest) if self.newest else ["starting"]
        for part in filter(None, [self.describe_remaining(), *self.list_states(), *figures]):
            if len(line) + len(gap) + len(part) > columns:
                break
            line, gap = f"{line}{gap}{part}", ", "
        text = Text(line, no_wrap=True, overflow="ellipsis")
        text.highlight_regex("━+", "bar.complete")
        return text

    def uncount(self, status: str, count: int) -> None:
        """Take back that `count` trials ended with this status: they run again."""
        self.ended[status] -= count

    def print_line(self, line: str) -> None:
        """Print a line beside the progress."""
        self.console.print(line, markup=False)

    def describe_progress(self, progress: TrialProgress) -> str:
        """Return one line: states, newest figures, remaining time."""
        figures = [*self.list_figures(progress), *self.list_states(), self.describe_remaining()]
        return ", ".join(filter(None, figures))

    def list_figures(self, progress: TrialProgress) -> list[str]:
        """Return the newest figures of a trial, in words."""
        figures = [progress.status if progress.status != "running" else f"epoch {progress.epoch}"]
        if progress.val_accuracy is not None:
            figures += [
                f"accuracy {progress.val_accuracy:.3f}",
                f"dead {progress.dead_fraction:.3f}",
                f"sparsity {progress.sparsity:.3f}",
            ]
        return figures

    def list_states(self) -> list[str]:
        """Return how many trials ended in another way than well, in words."""
        return [f"{n} {status}" for status, n in self.ended.items() if n and status != "done"]

    def describe_remaining(self) -> str:
        """Return how long the other trials will take at the pace so far; empty when unknown."""
        seconds = self.pace.estimate_seconds(self.total)
        if not self.count or self.count == self.total or seconds is None:
            return ""
        return f"about {format_duration(seconds)} left"


def format_duration(seconds: float) -> str:
    """Return a time in words: "40 s", "3 min", "2.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
