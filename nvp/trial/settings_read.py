"""Which settings of a configuration its trial reads; another value of the rest changes nothing.

A setting that nothing reads would give a second name to the same training.
"""

from dataclasses import replace
from functools import cache

from nvp.config.dotted_paths import list_paths
from nvp.config.trial_config import ModelConfig, OptimConfig, PruneConfig, TrialConfig
from nvp.data import data_root, read_trial_facts
from nvp.models.activations import SETTINGS_OF_ACTIVATIONS
from nvp.pruning import METHODS, plan_pruning
from nvp.pruning.settings_read import find_read_settings, has_norms
from nvp.training.optim import SETTINGS_OF_LR_SCHEDULES
from nvp.trial.validation import check_model

PRUNE = tuple(path for path in list_paths(TrialConfig) if path.startswith("prune."))
MOST_NAMES = 8  # of methods in a message
# What a path is read with that is no method; the first part is the setting that decides.
READ_WITH = {
    "epochs": ("steps", "steps=0"),
    "model.slope": ("model.activation", "model.activation=leaky_relu"),
    "optim.milestones": ("optim.schedule", "optim.schedule=multistep"),
    "optim.gamma": ("optim.schedule", "optim.schedule=multistep"),
    "optim.noise_kind": ("optim.noise", "optim.noise > 0"),
    "optim.l1_scale": ("model.norm", "model.norm=batch"),
    "prune.scale_l1_schedule": ("prune.scale_l1", "prune.scale_l1 > 0 or prune.live_noise > 0"),
    "prune.draws": (
        "prune.shrink",
        "prune.shrink=auto or always, and optim.noise > 0 or prune.live_noise > 0, of a method "
        "that masks neurons for good",
    ),
}
IN_NETWORKS = {
    "prune.alpha_conv": " in a network with convolutions",
    "prune.position_norm": " in a network with convolutions",
    "prune.weight_norm": " in a network with batch normalisation",
    "prune.sites": " in a residual network",
}


def find_unread(config: TrialConfig) -> frozenset[str]:
    """Return the dotted paths of a valid configuration that its trial does not read."""
    facts = read_trial_facts(config.data, data_root())
    model = check_model(config.model, facts.image_shape, facts.num_classes)
    read = find_read_settings(plan_pruning(config.prune), model, noise=config.optim.noise > 0)
    unread = {path for path in PRUNE if path.partition(".")[2] not in read}
    unread |= find_unread_optim(config.optim)
    if "slope" not in SETTINGS_OF_ACTIVATIONS.get(config.model.activation, ()):
        unread.add("model.slope")
    if not has_norms(model):
        unread.add("optim.l1_scale")
    if config.steps:
        unread.add("epochs")
    return frozenset(unread)


def find_unread_optim(config: OptimConfig) -> set[str]:
    """Return the paths of the optimizer's section that it does not read, whatever the network."""
    read = SETTINGS_OF_LR_SCHEDULES.get(config.schedule, ())
    of_schedules = {name for names in SETTINGS_OF_LR_SCHEDULES.values() for name in names}
    unread = {f"optim.{name}" for name in of_schedules.difference(read)}
    return unread if config.noise else unread | {"optim.noise_kind"}


def name_controller(path: str) -> str:
    """Return the path of the setting that mainly decides whether `path` is read."""
    return READ_WITH[path][0] if path in READ_WITH else "prune.method"


def describe_readers(path: str) -> str:
    """Return what reads a path that not every trial reads: "prune.method=dead or dnr"."""
    if path in READ_WITH:
        return READ_WITH[path][1]
    names = list_reading_methods(path)
    some = names[:MOST_NAMES]
    more = f" or {len(names) - MOST_NAMES} others (nvp methods)" if len(names) > MOST_NAMES else ""
    return f"prune.method={' or '.join(some)}{more}{IN_NETWORKS.get(path, '')}"


@cache
def list_reading_methods(path: str) -> list[str]:
    """Return the methods that read a path of `prune.*` in a residual network with batch norm."""
    config = TrialConfig(model=ModelConfig(name="resnet20", width=0.1))
    plans = {name: replace(config, prune=PruneConfig(method=name)) for name in METHODS}
    return [name for name, config in plans.items() if path not in find_unread(config)]
