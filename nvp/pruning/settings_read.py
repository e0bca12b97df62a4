"""Which settings of `prune.*` a plan reads: those of its parts, in the network that it prunes.

Each part says beside its registry which settings it reads: `SETTINGS_OF_CRITERIA`,
`SETTINGS_OF_SCHEDULES`, `SETTINGS_OF_REGROWTHS`, `SETTINGS_OF_TRIGGERS`. tests/pruning trains every
method twice, with other values of all that it does not read, and compares.
"""

from collections.abc import Mapping
from functools import cache

from torch import nn

from nvp.config.dotted_names import is_dotted
from nvp.network.adopted.adopted import Adopted
from nvp.network.groups import maskable_layers, prunable_groups
from nvp.network.weight_masks import prunable_weights
from nvp.pruning.criteria import SETTINGS_OF_CRITERIA
from nvp.pruning.masking import OWN_RULES
from nvp.pruning.plan import PruningPlan
from nvp.pruning.regrowth.regrow import SETTINGS_OF_REGROWTHS
from nvp.pruning.schedule import SETTINGS_OF_SCHEDULES
from nvp.pruning.trigger import SETTINGS_OF_TRIGGERS

ALWAYS = ("method", "scale_l1", "live_noise")  # a penalty and noise act without pruning, too
# Of nn_relief. Linear maps have one position, but in adopted networks, where they may have tokens.
CONVOLUTIONS = ("alpha_conv", "position_norm")


def find_read_settings(plan: PruningPlan, model: nn.Module, *, noise: bool) -> set[str]:
    """Return the names of the fields of `PruneConfig` that change what a trial does.

    Args:
        plan: of the trial's pruning.
        model: the network of the trial.
        noise: whether there is noise on the gradients.
    """
    read: set[str] = {*ALWAYS}
    if plan.scale_l1 > 0 or plan.live_noise > 0:
        read.add("scale_l1_schedule")
    if plan.method.aim == "none":
        return read
    read |= {"criterion", "schedule", "regrow"}
    read |= list_read(plan.criterion, SETTINGS_OF_CRITERIA[plan.granularity])
    read |= list_read(plan.schedule, SETTINGS_OF_SCHEDULES)
    read |= list_read(plan.regrow, SETTINGS_OF_REGROWTHS)
    read |= {*SETTINGS_OF_TRIGGERS.get(plan.method.trigger, ())}
    read |= find_read_of_allocation(plan) | find_read_of_removal(plan, noise=noise)
    return read - find_ignored_by_network(model)


def list_read(name: str, settings: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return the settings that a part reads; a user's gets what all of ours do, and may read it."""
    own = {each for names in settings.values() for each in names}
    return own if is_dotted(name) else {*settings.get(name, ())}


def find_read_of_allocation(plan: PruningPlan) -> set[str]:
    """Return the settings that decide how much is masked, and where."""
    if plan.criterion in OWN_RULES:
        return set()
    read = {"allocation"}
    if plan.allocation != "threshold" or plan.method.aim == "target":
        read.add("sparsity")
    return read | {"floor", "sites"} if plan.granularity == "neuron" else read


def find_read_of_removal(plan: PruningPlan, *, noise: bool) -> set[str]:
    """Return the settings of the removal of masked neurons, where there can be one."""
    if not plan.may_shrink(progress=1.0):
        return set()
    noisy = noise or plan.live_noise > 0
    return {"shrink", "draws"} if noisy and plan.config.shrink != "never" else {"shrink"}


@cache  # a plan asks it of the same few networks for each of its cells
def find_ignored_by_network(model: nn.Module) -> frozenset[str]:
    """Return the settings that change nothing in this network."""
    ignored: set[str] = set()
    if not any(weight.dim() > 2 for weight in prunable_weights(model).values()):
        ignored |= {"alpha_conv"} if isinstance(model, Adopted) else {*CONVOLUTIONS}
    if not has_norms(model):
        ignored.add("weight_norm")
    if prunable_groups(model, "internal") == prunable_groups(model, "all"):
        ignored.add("sites")
    return frozenset(ignored)


@cache
def has_norms(model: nn.Module) -> bool:
    """Whether any layer of neurons or shortcut is normalised."""
    return any(not isinstance(layer.norm, nn.Identity) for layer in maskable_layers(model).values())
