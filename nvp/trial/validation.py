"""Validation: the driver refuses a wrong configuration before any trial starts."""

from dataclasses import replace
from functools import cache

import torch
from torch import nn

from nvp.config.dotted_names import explain_failure, is_dotted
from nvp.config.memory import is_out_of_memory
from nvp.config.registry import shorten_text
from nvp.config.trial_config import ModelConfig, TrialConfig
from nvp.data import data_root, read_trial_facts
from nvp.data.check_tasks import check_tasks
from nvp.data.data_set import DataSet
from nvp.data.tasks import expect_task_images
from nvp.models import build_model
from nvp.models.own import is_foreign
from nvp.models.pretrained import find_source, refuse_own_download
from nvp.network.adopting.undisturbed import undisturbed
from nvp.network.groups import neuron_layers
from nvp.pruning import PruningPlan, check_support, plan_pruning
from nvp.pruning.criteria import SETTINGS_OF_CRITERIA
from nvp.pruning.schedule import Moment
from nvp.remedies.check import check_remedy
from nvp.training.length import count_epochs
from nvp.training.noise import check_noise
from nvp.training.optim import check_optim
from nvp.training.rehearsal import rehearse
from nvp.vitality.duplicates import check_width
from nvp.vitality.noise_scale import SMALL_BATCHES

MOST_PARAMETERS = 1_000_000_000  # 4 GB; 40 times those of ResNet-50
LONGEST = 1_000_000_000  # epochs, or steps
MOST_ROUNDS = 10_000
LARGEST_WHOLE = 2**53  # of any other whole number: JSON readers take larger ones for floats


def check_trial(config: TrialConfig) -> None:
    """Raise ValueError for a configuration that cannot run; loads and trains nothing."""
    check_whole_numbers(config)
    data = read_trial_facts(config.data, data_root())
    check_tasks(config.data, data)
    images = expect_task_images(config.data, data)
    count_epochs(config, images)
    probe = min(config.probe.size, *images)
    if probe < config.probe.bins:
        raise ValueError(
            f"probe.size: expected at least probe.bins={config.probe.bins} images, got {probe}"
        )
    if 0 < config.probe.noise_scale < SMALL_BATCHES:
        raise ValueError(
            f"probe.noise_scale: expected 0 or at least {SMALL_BATCHES} images, "
            f"got {config.probe.noise_scale}"
        )
    check_optim(config.optim)
    check_noise(config.optim)
    model = check_model(config.model, data.image_shape, data.num_classes)
    if config.probe.duplicates:
        for path, layer in neuron_layers(model).items():
            check_width("probe.duplicates", path, layer.dense)
    plan = plan_pruning(config.prune)
    check_single_images(config, plan, data)
    check_support(plan, model, config.model.activation)
    check_remedy(config, model)
    rehearse(config, data)


def check_whole_numbers(config: TrialConfig) -> None:
    """Raise ValueError for a whole number that no trial can be meant to have.

    They are refused here and not by the fields, so that rows are read whatever they hold.
    """
    most = {"epochs": LONGEST, "steps": LONGEST, "prune.rounds": MOST_ROUNDS}
    for prefix, part in (("", config), ("data.", config.data), ("prune.", config.prune),
                         ("remedy.", config.remedy), ("probe.", config.probe)):  # fmt: skip
        for name, value in vars(part).items():
            limit = most.get(prefix + name, LARGEST_WHOLE)
            if type(value) is int and value > limit:
                raise ValueError(
                    f"{prefix}{name}: expected at most {limit:,}, got {shorten_text(str(value))}"
                )


def check_model(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return the network, built once, so that the driver meets its refusals before a trial does.

    Weights that are still to be downloaded are known by their name, and not in it yet.
    """
    refuse_own_download(config)
    if config.weights and find_source(config).is_absent():
        config = replace(config, weights="")
    return build_once(config, image_shape, num_classes)


@cache
def build_once(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> nn.Module:
    """Return a network that is not too large; raises as `build_model`."""
    check_size(config, image_shape, num_classes)
    try:
        return build_model(config, image_shape, num_classes, seed=0)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise ValueError(
            f"model.name: expected a network that the memory of this machine holds, got "
            f"{config.name}: {explain_failure(error)}"
        ) from error


def check_size(config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int) -> None:
    """Raise ValueError for a network of more than `MOST_PARAMETERS`; takes no memory for it."""
    try:
        with torch.device("meta"):  # tensors have shapes and no entries
            bare = build_model(replace(config, weights=""), image_shape, num_classes, seed=0)
    except (NotImplementedError, ValueError):
        if is_dotted(config.name):  # it computes with its weights as it is built, and may be right
            return
        raise
    count = sum(parameter.numel() for parameter in bare.parameters())
    if count > MOST_PARAMETERS:
        raise ValueError(
            f"model.width: expected a network of at most {MOST_PARAMETERS:,} parameters, got "
            f"{count:.3g} of {config.name} at model.width={config.width:g} for images of "
            f"{'x'.join(map(str, image_shape))}: a smaller width, smaller images, another model"
        )


def check_single_images(config: TrialConfig, plan: PruningPlan, data: DataSet) -> None:
    """Raise ValueError where a network computes on one image in train mode and cannot.

    An incomplete batch is never trained on, so an odd number of images makes no batch of one.
    """
    where = ["data.batch_size"] if config.data.batch_size == 1 else []
    if config.prune.batch == 1 and plan.find_target(Moment(0.0)) is not None:
        read = SETTINGS_OF_CRITERIA[plan.granularity].get(plan.criterion, ())
        where += ["prune.batch"] if "batch" in read else []  # by the statistics of these images
    why = find_single_fault(config.model, data.image_shape, data.num_classes) if where else ""
    if why:
        foreign = is_foreign(config.model.name)
        remedy = "a network without batch normalisation" if foreign else "model.norm=none"
        raise ValueError(
            f"{where[0]}: expected at least 2, because {why}, got 1; {remedy} computes on single "
            "images"
        )


@cache
def find_single_fault(
    config: ModelConfig, image_shape: tuple[int, int, int], num_classes: int
) -> str:
    """Return why a network cannot train on a batch of a single image; "" where it can."""
    model = check_model(config, image_shape, num_classes)
    like = next(model.parameters())
    try:
        with undisturbed(model, training=True):
            model(torch.zeros(1, *image_shape).to(like))
    except Exception as error:  # whatever a user's network raises
        return (
            "batch normalisation needs more than one value of each neuron"
            if "more than 1 value" in str(error)
            else f"its forward pass of one image in train mode fails: {explain_failure(error)}"
        )
    return ""
