"""A queue of trials that are not known yet when a run starts."""

from nvp.config.trial_config import TrialConfig


class TrialQueue:
    """Hands out trials one by one and is told which of them ended; this one is always empty."""

    def next_trial(self) -> tuple[str, TrialConfig] | None:
        """Return the id and the configuration of the next trial; None when there is no more."""
        return None

    def note_end(self, name: str) -> None:
        """Take in that a trial ended: its row is committed."""
