"""How many batches this process has begun: a sign of life within an epoch, for another thread."""


class BatchCount:
    """Counts batches, of training and of evaluation alike.

    Attributes:
        begun: since the process started.
    """

    def __init__(self) -> None:
        self.begun = 0

    def add(self) -> None:
        """Count one more."""
        self.begun += 1


BATCHES = BatchCount()
