"""The criteria by name: CRITERIA score neurons, WEIGHT_CRITERIA single weights. Higher = keep."""

from collections.abc import Callable

from nvp.config.dotted_names import find_named, is_dotted
from nvp.config.trial_config import PruneConfig
from nvp.pruning.criteria.crop import Crop, CropGates
from nvp.pruning.criteria.dead import Dead, Demp
from nvp.pruning.criteria.divergence import Divergence
from nvp.pruning.criteria.dying import Dying, DyingNVI
from nvp.pruning.criteria.entropy_drop import EntropyDrop
from nvp.pruning.criteria.fire_rate import Apoz, FireRate
from nvp.pruning.criteria.fpgm import Fpgm
from nvp.pruning.criteria.grasp import Grasp
from nvp.pruning.criteria.hrank import HRank
from nvp.pruning.criteria.l1 import L1
from nvp.pruning.criteria.legacy_rise import LegacyRise
from nvp.pruning.criteria.magnitude import Magnitude, WeightMagnitude
from nvp.pruning.criteria.nvi import NVI, WeightNVI
from nvp.pruning.criteria.official import OfficialNVP
from nvp.pruning.criteria.random import Random, WeightRandom
from nvp.pruning.criteria.scale import Scale
from nvp.pruning.criteria.snap import Snap
from nvp.pruning.criteria.snip import Snip
from nvp.pruning.criteria.synflow import SynFlow
from nvp.pruning.criteria.taylor import Taylor, TaylorActivation
from nvp.pruning.evidence import Criterion
from nvp.pruning.methods.method import Granularity
from nvp.pruning.nn_relief.relief_step import ReliefCriterion
from nvp.pruning.own import adapt_criterion

CRITERIA: dict[str, Callable[[PruneConfig], Criterion]] = {
    "apoz": lambda config: Apoz(),
    "crop": lambda config: CropGates(),
    "dead": lambda config: Dead(config.patience, config.tau),
    "demp": lambda config: Demp(),
    "divergence": lambda config: Divergence(),
    "dying": lambda config: Dying(config.patience, config.tau),
    "dying_nvi": lambda config: DyingNVI(config.patience, config.tau),
    "entropy_drop": lambda config: EntropyDrop(),
    "fire_rate": lambda config: FireRate(),
    "fpgm": lambda config: Fpgm(),
    "hrank": lambda config: HRank(),
    "l1": lambda config: L1(),
    "legacy_rise": lambda config: LegacyRise(),
    "magnitude": lambda config: Magnitude(),
    "nvi": lambda config: NVI(),
    "nvp_official": lambda config: OfficialNVP(),
    "random": lambda config: Random(),
    "scale": lambda config: Scale(),
    "snap": lambda config: Snap(),
    "taylor": lambda config: Taylor(),
    "taylor_2017": lambda config: TaylorActivation(),
}

WEIGHT_CRITERIA: dict[str, Callable[[PruneConfig], Criterion]] = {
    "crop": lambda config: Crop(),
    "grasp": lambda config: Grasp(),
    "magnitude": lambda config: WeightMagnitude(),
    "nn_relief": lambda config: ReliefCriterion(config),
    "nvi": lambda config: WeightNVI(),
    "random": lambda config: WeightRandom(),
    "snip": lambda config: Snip(),
    "synflow": lambda config: SynFlow(),
}

# The settings of `prune.*` that a criterion reads; one that is not listed reads none.
SETTINGS_OF_CRITERIA: dict[Granularity, dict[str, tuple[str, ...]]] = {
    "neuron": {
        "crop": ("batch",),
        "dead": ("patience", "tau"),
        "dying": ("patience", "tau"),
        "dying_nvi": ("patience", "tau", "weight_norm"),
        "hrank": ("batch", "weight_norm"),
        "magnitude": ("weight_norm",),
        "nvi": ("weight_norm",),
        "nvp_official": ("batch", "weight_norm"),
        "snap": ("batch",),
        "taylor": ("batch",),
        "taylor_2017": ("batch",),
    },
    "weight": {
        "crop": ("batch",),
        "grasp": ("batch",),
        "nn_relief": ("batch", "alpha_conv", "alpha_fc", "position_norm"),
        "snip": ("batch",),
    },
}

CRITERIA_OF: dict[Granularity, dict[str, Callable[[PruneConfig], Criterion]]] = {
    "neuron": CRITERIA,
    "weight": WEIGHT_CRITERIA,
}


def find_criterion(granularity: Granularity, name: str) -> Callable[[PruneConfig], Criterion]:
    """Return what makes the criterion of a name, ours or a user's; ValueError for none."""
    own = is_dotted(name)
    setting = "prune.criterion" if own else f"prune.criterion of a {granularity} method"
    return find_named(setting, name, CRITERIA_OF[granularity], adapt_criterion)
