"""The criteria by name: CRITERIA score neurons, WEIGHT_CRITERIA single weights. Higher = keep."""

from collections.abc import Callable

from nvp.config import PruneConfig
from nvp.pruning.crop import Crop, CropGates
from nvp.pruning.dead import Dead, Demp
from nvp.pruning.divergence import Divergence
from nvp.pruning.dying import Dying, DyingNVI
from nvp.pruning.entropy_drop import EntropyDrop
from nvp.pruning.evidence import Criterion
from nvp.pruning.fire_rate import Apoz, FireRate
from nvp.pruning.fpgm import Fpgm
from nvp.pruning.grasp import Grasp
from nvp.pruning.hrank import HRank
from nvp.pruning.l1 import L1
from nvp.pruning.legacy_rise import LegacyRise
from nvp.pruning.magnitude import Magnitude, WeightMagnitude
from nvp.pruning.nvi import NVI, WeightNVI
from nvp.pruning.official import OfficialNVP
from nvp.pruning.random import Random, WeightRandom
from nvp.pruning.relieve import Relieved
from nvp.pruning.scale import Scale
from nvp.pruning.snap import Snap
from nvp.pruning.snip import Snip
from nvp.pruning.synflow import SynFlow
from nvp.pruning.taylor import Taylor, TaylorActivation

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
    "nn_relief": lambda config: Relieved(config),
    "nvi": lambda config: WeightNVI(),
    "random": lambda config: WeightRandom(),
    "snip": lambda config: Snip(),
    "synflow": lambda config: SynFlow(),
}
