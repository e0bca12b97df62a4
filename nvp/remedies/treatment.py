"""The remedy of a trial at work: in an epoch, at a border, and before the first step."""

from torch import Tensor, nn

from nvp.config.trial_config import TrialConfig
from nvp.data.splits import ImageSource, Splits
from nvp.network.train_state import TrainState
from nvp.remedies.initial_law import remember_spread
from nvp.remedies.neuron_reset import SINCE
from nvp.remedies.own import find_remedy
from nvp.remedies.remedy import Acting, Treated


def begin_remedy(config: TrialConfig, model: nn.Module) -> dict[str, Tensor]:
    """Return what the remedy of a trial has to remember of the initial network."""
    remedy = find_remedy(config.remedy.name)
    spread = remember_spread(config.model, model) if "neurons" in remedy.needs else {}
    return spread | remedy.begin(model)


def start_remedy(config: TrialConfig, state: TrainState, images: ImageSource) -> Acting:
    """Return the remedy of a trial for an epoch that trains on `images`."""
    return find_remedy(config.remedy.name).start(Treated(config, state, images))


def treat_at_border(config: TrialConfig, state: TrainState, task: int, data: Splits) -> None:
    """Let the remedy act before the first step of a task. Changes the state.

    Args:
        config: of the trial.
        state: at the end of the task before.
        task: that starts, from 1.
        data: of this task.
    """
    treated = Treated(config, state, data.train, data.num_classes)
    find_remedy(config.remedy.name).start(treated).at_border(task)


def go_on_from_parent(own: dict[str, Tensor], parent: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return what a fork's remedy remembers at its start.

    Initial weights are those of the parent, for a fork is built from the same seed. The parent's
    remedy is over, but Adam's counts of what it reset go on with Adam's moments.
    """
    return own | {key: value for key, value in parent.items() if key.endswith(SINCE)}
