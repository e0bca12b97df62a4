"""Memory that runs short: Ray ends a process on a node whose memory is nearly full.

That is a death like any other, except that the trial is not to blame: memory may be used by
somebody else. So the round ends, the trials save, and the next round has half as many at a time,
after a pause. A while without such a death gives places back.
"""

import math
import time
from dataclasses import dataclass, field

from nvp.running.last_words import StudyStopped

PAUSES = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0)  # seconds before a round, after so many in vain
QUIET_SECONDS = 300.0  # without such a death before more trials run at a time again


@dataclass
class MemoryShortage:
    """How many trials may run at a time while memory is short.

    Attributes:
        most: trials at a time; None while memory is not short.
        vain: rounds in a row that ended for memory before any trial got on.
        changed: whether the round is to end, since `most` is to change.
        got_on: whether a trial got on in this round.
        quiet: seconds without such a death before `most` rises.
        last: time of the last such death, or of the last rise, by the monotonic clock.
        rose: time of the last rise.
        usage: of the node's memory at the last such death, in words.
    """

    most: int | None = None
    vain: int = 0
    changed: bool = False
    got_on: bool = False
    quiet: float = QUIET_SECONDS
    last: float = field(default_factory=time.monotonic)
    rose: float = -math.inf
    usage: str = ""

    def note_kill(self, usage: str) -> None:
        """Take in that Ray ended a process for want of memory: the round is to end."""
        if time.monotonic() - self.rose < self.quiet:  # too early: the next rise comes later
            self.quiet, self.rose = min(self.quiet * 2, 8 * QUIET_SECONDS), -math.inf
        self.usage, self.last, self.changed = usage, time.monotonic(), True

    def note_progress(self) -> None:
        """Take in that a trial got on."""
        self.got_on = True

    def see_whether_over(self, waiting: bool) -> None:
        """End the round if more trials may run at a time again, and some are waiting."""
        if self.most is not None and waiting and time.monotonic() - self.last > self.quiet:
            self.changed = True

    def begin_round(self, slots: int, full: int) -> str:
        """Set `most` for the next round; return a line about it, empty where nothing changed.

        Args:
            slots: trials at a time in the last round.
            full: those that would be without a shortage.

        Raises:
            StudyStopped: one trial at a time, and none got on in round after round.
        """
        if not self.changed:
            self.got_on = False
            return ""
        rises = self.most is not None and time.monotonic() - self.last > self.quiet
        self.changed = False
        if rises:
            now_most = min(slots * 2, full)
            self.most, self.last = None if now_most == full else now_most, time.monotonic()
            self.rose, self.vain, self.got_on = self.last, 0, False
            return f"memory: no process was ended for it lately; {now_most} trials at a time again"
        self.vain = 0 if self.got_on else self.vain + 1
        self.most, self.got_on = max(1, slots // 2), False
        if self.vain > len(PAUSES):
            raise StudyStopped(
                f"memory: Ray ended the processes of trials {self.vain} times, with "
                f"{self.most} at a time, and none got on{self.usage}: free some memory"
            )
        return (
            f"memory is short{self.usage}: at most {self.most} trials at a time, "
            f"in {self.pause:.0f} s"
        )

    @property
    def pause(self) -> float:
        """Return the seconds to wait before the next round."""
        return PAUSES[max(0, self.vain - 1)] if self.most is not None else 0.0
