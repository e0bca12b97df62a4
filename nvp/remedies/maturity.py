"""How many neurons of a layer are mature: counted on the host, for it depends on no measurement.

So a step in which no reset is due does not wait for the device.
"""

from collections.abc import Sequence

from nvp.config.trial_config import RemedyConfig


class Maturity:
    """The mature neurons of a layer, and the fraction of a reset that is due.

    Attributes:
        mature: neurons that are older than `remedy.maturity` steps.
        coming: {step: neurons that are mature from its end on}.
        due: sum of `remedy.rho` times the mature ones over steps, less the resets.
    """

    def __init__(
        self, ages: Sequence[int], config: RemedyConfig, step: int, due: float = 0.0
    ) -> None:
        """Count neurons by their ages in steps, after so many steps of the trial."""
        self.config, self.due, self.mature = config, due, 0
        self.coming: dict[int, int] = {}
        for age in ages:
            self.add(1, max(step + config.maturity + 1 - age, step))
        self.mature = self.coming.pop(step, 0)

    def add(self, count: int, step: int) -> None:
        """Count neurons that will be mature at the end of a step."""
        self.coming[step] = self.coming.get(step, 0) + count

    def take_due(self, step: int) -> int:
        """Return how many neurons are to be reset at the end of a step, which then are no more due.

        They are mature ones, and start anew. It is called for each step, in their order.
        """
        self.mature += self.coming.pop(step, 0)
        self.due += self.config.rho * self.mature
        count = min(int(self.due), self.mature)
        self.due -= count
        if count:
            self.mature -= count
            self.add(count, step + self.config.maturity + 1)
        return count
