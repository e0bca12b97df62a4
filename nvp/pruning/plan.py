"""The plan of a trial's pruning: a method with what the trial overrides of it, names looked up."""

from dataclasses import dataclass

from nvp.config.trial_config import PruneConfig
from nvp.pruning.allocation import Keep, Scores, find_allocation
from nvp.pruning.criteria import find_criterion
from nvp.pruning.evidence import Criterion
from nvp.pruning.methods.method import Granularity, Method
from nvp.pruning.schedule import SOFT, Moment, find_schedule


@dataclass(frozen=True, kw_only=True)
class PruningPlan:
    """A method and what a trial overrides of it; `plan_pruning` checks and makes one.

    Attributes:
        method: a row of METHODS.
        config: of the trial, for the numbers that parts read. The fields below replace those of
            the same name there, where '' and -1 stand for the method's own.
        criterion: a name in CRITERIA or WEIGHT_CRITERIA; "" when the method is `none`.
        allocation: a name in ALLOCATIONS.
        schedule: a name in SCHEDULES.
        regrow: a name in REGROWTHS.
        scale_l1: L1 on the scales of normalisation while the network trains.
        scale_l1_schedule: a name in PENALTIES, the course of that L1 and of the noise.
        live_noise: standard deviation of the noise on the weights of living neurons.
    """

    method: Method
    config: PruneConfig
    criterion: str
    allocation: str
    schedule: str
    regrow: str
    scale_l1: float
    scale_l1_schedule: str
    live_noise: float

    @property
    def granularity(self) -> Granularity:
        """Whether neurons or single weights are masked."""
        return self.method.granularity

    @property
    def reactivates(self) -> bool:
        """Whether masked neurons may come back by a regrowth; weights are exchanged."""
        return self.granularity == "neuron" and self.regrow != "none"

    @property
    def is_soft(self) -> bool:
        """Whether masks are released before the next epoch, so that the weights may regrow."""
        return self.schedule in SOFT

    def may_shrink(self, progress: float = 0.0) -> bool:
        """Whether neurons masked after the fraction `progress` of training never come back.

        Only whole neurons can be removed, so a method that masks weights may never shrink. A soft
        schedule releases what it masked, a rewinding method remembers the dense weights, and a
        method that regrows may bring neurons back until `regrow_end`.
        """
        is_final = self.regrow == "none" or progress > self.config.regrow_end
        return (
            self.granularity == "neuron"
            and not self.is_soft
            and not self.method.rewinds
            and is_final
        )

    def find_target(self, moment: Moment) -> float | None:
        """Return the sparsity that the schedule wants now; None when nothing is due."""
        return find_schedule(self.schedule)(self.config, moment)

    def build_criterion(self) -> Criterion:
        """Return the criterion, made anew: some keep a measurement for the time of one step."""
        return find_criterion(self.granularity, self.criterion)(self.config)

    def allocate(self, scores: Scores, sparsity: float, floors: dict[str, int]) -> Keep:
        """Return what to keep of each group for a sparsity over the whole pool."""
        return find_allocation(self.allocation)(self.config, scores, sparsity, floors)
