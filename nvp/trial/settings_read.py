"""Which settings of a configuration its trial reads; another value of the rest changes nothing.

A setting that nothing reads would give a second name to the same training.
"""

from dataclasses import replace
from functools import cache

from nvp.config.dotted_names import is_dotted
from nvp.config.dotted_paths import list_paths
from nvp.config.own_settings import list_parameters
from nvp.config.sections.data import TASKS
from nvp.config.sections.model import UNREAD_BY_MODELS
from nvp.config.trial_config import (
    ModelConfig,
    OptimConfig,
    PruneConfig,
    RemedyConfig,
    TrialConfig,
)
from nvp.data import data_root, read_trial_facts
from nvp.models.activations import SETTINGS_OF_ACTIVATIONS
from nvp.models.own import is_foreign
from nvp.models.own_activation import find_own_activation
from nvp.pruning import METHODS, plan_pruning
from nvp.pruning.settings_read import find_read_settings, has_norms
from nvp.remedies import REMEDIES
from nvp.remedies.own import find_remedy
from nvp.training.named import list_unread_extra
from nvp.training.optim import SETTINGS_OF_LR_SCHEDULES, count_moments
from nvp.training.own import list_unread_of_own_optimizer
from nvp.trial.validation import check_model

PRUNE = tuple(path for path in list_paths(TrialConfig) if path.startswith("prune."))
REMEDY = tuple(path for path in list_paths(TrialConfig) if path.startswith("remedy."))
MOST_NAMES = 8  # of methods in a message
# What a foreign network does not read: its constructor decides about its layers.
OF_OWN_LAYERS = (
    "model.width",
    "model.depth",
    "model.norm",
    "model.norm_groups",
    "model.norm_shift",
    "model.activation",
    "model.slope",
)
# Settings of one kind of tasks.
OF_TASKS = {
    "data.labels": "shuffled_labels",
    "data.first_classes": "class_incremental",
    "data.more_classes": "class_incremental",
}
# What a path is read with that is no method; the first part is the setting that decides.
READ_WITH = {
    "epochs": ("steps", "steps=0"),
    **{path: ("data.task", f"data.task={kind}") for path, kind in OF_TASKS.items()},
    "data.tasks": ("data.task", f"data.task={' or '.join(TASKS[1:])}"),
    "optim.restart": ("data.task", "tasks (data.task) and an optim.schedule that is not constant"),
    "optim.reset": ("data.task", "tasks (data.task) and an optimizer that has moments"),
    "optim.milestones": ("optim.schedule", "optim.schedule=multistep"),
    "optim.gamma": ("optim.schedule", "optim.schedule=multistep"),
    "optim.noise_kind": ("optim.noise", "optim.noise > 0"),
    "optim.l1_scale": ("model.norm", "model.norm=batch"),
    "model.init": ("model.weights", "model.weights=''"),
    "model.init_bias": ("model.weights", "model.weights=''"),
    **{path: ("model.name", "a model of nvp's own layers") for path in OF_OWN_LAYERS},
    "model.norm_groups": ("model.norm", "model.norm=group"),
    "model.norm_shift": ("model.norm", "model.norm=psbn"),
    "optim.momentum": ("optim.name", "an optimizer that takes a momentum"),
    "optim.weight_decay": ("optim.name", "an optimizer that takes a weight_decay"),
    "model.slope": ("model.activation", "model.activation=leaky_relu"),
    "prune.scale_l1_schedule": ("prune.scale_l1", "prune.scale_l1 > 0 or prune.live_noise > 0"),
    "prune.draws": (
        "prune.shrink",
        "prune.shrink=auto or always, and optim.noise > 0 or prune.live_noise > 0, of a method "
        "that masks neurons for good",
    ),
}
EXTRA_OF = {
    "data": "data.name",
    "model": "model.name",
    "optim": "optim.name",
    "prune": "prune.criterion",
    "remedy": "remedy.name",
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
    unread |= find_unread_optim(config.optim) | find_unread_of_tasks(config)
    unread |= find_unread_remedy(config.remedy)
    unread |= find_unread_model(config.model)
    if not has_norms(model):
        unread.add("optim.l1_scale")
    if config.steps:
        unread.add("epochs")
    unread |= list_unread_extra(config)
    return frozenset(unread)


def find_unread_model(config: ModelConfig) -> set[str]:
    """Return the paths of the model's section that its network does not read."""
    unread = {*UNREAD_BY_MODELS.get(config.name, ())}
    if is_foreign(config.name):
        unread |= {*OF_OWN_LAYERS}
    if not reads_slope(config):
        unread.add("model.slope")
    of_norms = {"group": "model.norm_groups", "psbn": "model.norm_shift"}
    unread |= {path for norm, path in of_norms.items() if norm != config.norm}
    return unread | ({"model.init", "model.init_bias"} if config.weights else set())


def reads_slope(config: ModelConfig) -> bool:
    """Whether a model's activation reads `model.slope`: of ours, or a user's that takes it."""
    if is_dotted(config.activation):
        return "slope" in list_parameters(find_own_activation(config.activation).function)
    return "slope" in SETTINGS_OF_ACTIVATIONS.get(config.activation, ())


def find_unread_of_tasks(config: TrialConfig) -> set[str]:
    """Return the paths of what belongs to tasks, and is not read by a trial's kind of them."""
    kind, optim = config.data.task, config.optim
    unread = {path for path, reader in OF_TASKS.items() if kind != reader}
    if kind == "none":
        return unread | {"data.tasks", "optim.restart", "optim.reset"}
    unread |= {"optim.restart"} if optim.schedule == "constant" else set()
    return unread if count_moments(optim) else unread | {"optim.reset"}


def find_unread_optim(config: OptimConfig) -> set[str]:
    """Return the paths of the optimizer's section that it does not read, whatever the network."""
    of_schedules = {name for names in SETTINGS_OF_LR_SCHEDULES.values() for name in names}
    read = SETTINGS_OF_LR_SCHEDULES.get(config.schedule, ())
    read = of_schedules if is_dotted(config.schedule) else read
    unread = {f"optim.{name}" for name in of_schedules.difference(read)}
    if is_dotted(config.name):
        unread |= {f"optim.{name}" for name in list_unread_of_own_optimizer(config.name)}
    return unread if config.noise else unread | {"optim.noise_kind"}


def find_unread_remedy(config: RemedyConfig) -> set[str]:
    """Return the paths of the remedy's section that it does not read."""
    read = {"remedy.name", *(f"remedy.{name}" for name in find_remedy(config.name).settings)}
    return {path for path in REMEDY if path not in read}


def name_controller(path: str) -> str:
    """Return the path of the setting that mainly decides whether `path` is read."""
    section, _, extra = path.partition(".")
    if extra.startswith("extra."):
        return EXTRA_OF[section]
    if path in READ_WITH:
        return READ_WITH[path][0]
    return "remedy.name" if section == "remedy" else "prune.method"


def describe_readers(path: str) -> str:
    """Return what reads a path that not every trial reads: "prune.method=dead or dnr"."""
    section, _, extra = path.partition(".")
    if extra.startswith("extra."):
        return f"a function of yours, {EXTRA_OF[section]}=package.module:attribute"
    if path in READ_WITH:
        return READ_WITH[path][1]
    if section == "remedy":
        readers = [name for name, remedy in REMEDIES.items() if extra in remedy.settings]
        return f"remedy.name={' or '.join(readers)}"
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
