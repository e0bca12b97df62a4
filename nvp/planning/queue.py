"""Where trials come from that are not known yet when a run starts."""

from nvp.config.trial_config import TrialConfig


class Source:
    """Hands out trials one by one, each named, and is told which ended; this one has none."""

    def next(self) -> tuple[str, TrialConfig] | None:
        """Return the next trial to start; None when there is no more."""
        return None

    def ended(self, name: str) -> None:
        """Take in that a trial ended: its row is committed."""
