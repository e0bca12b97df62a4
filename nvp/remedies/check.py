"""The check that a trial has what its remedy needs, made on the driver."""

from collections.abc import Callable

from torch import nn

from nvp.config.trial_config import TrialConfig
from nvp.remedies.fresh_network import find_head
from nvp.remedies.neurons import find_resettable, is_relu
from nvp.remedies.own import find_remedy
from nvp.remedies.remedy import Need

# The tests that a trial meets a need, and what it lacks otherwise.
NEEDS: dict[Need, tuple[Callable[[TrialConfig, nn.Module], bool], str]] = {
    "border": (
        lambda config, model: getattr(config.data, "task", "none") != "none",
        "acts at the borders between tasks, and there are none: set data.task and data.tasks",
    ),
    "neurons": (
        lambda config, model: bool(find_resettable(model)),
        "resets neurons, and the network has no layer whose neurons can be reset one by one, with "
        "all weights that read them known: a network of NeuronLayer names the readers in `reads`",
    ),
    "relu": (
        lambda config, model: any(is_relu(each.layer) for each in find_resettable(model).values()),
        "goes by neurons that put out exactly 0, which only relu does, and no layer that it could "
        "reset has one: set model.activation=relu",
    ),
    "layer_norm": (
        lambda config, model: config.model.norm == "layer",
        "is layer norm with weight decay: set model.norm=layer",
    ),
    "head": (
        lambda config, model: bool(find_head(model)),
        "draws the output layer anew, and the last map of the network is not known to be one",
    ),
}


def check_remedy(config: TrialConfig, model: nn.Module) -> None:
    """Raise ValueError for a remedy that does not exist, or that lacks what it needs.

    Args:
        config: of the trial.
        model: its network.
    """
    for need in find_remedy(config.remedy.name).needs:
        if need not in NEEDS:
            raise ValueError(
                f"remedy.name: expected needs of {', '.join(NEEDS)}, got {need!r} of "
                f"{config.remedy.name}"
            )
        has, lack = NEEDS[need]
        if not has(config, model):
            raise ValueError(f"remedy.name={config.remedy.name} {lack}")
