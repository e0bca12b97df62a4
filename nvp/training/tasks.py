"""Borders of tasks: what happens to a state between two of them."""

from nvp.config.trial_config import TrialConfig
from nvp.data.splits import Splits
from nvp.data.tasks import make_task
from nvp.network.train_state import TrainState
from nvp.remedies.neuron_reset import SINCE
from nvp.remedies.treatment import treat_at_border


def select_task(config: TrialConfig, data: Splits, state: TrainState) -> Splits:
    """Return the images, of all `data`, of the task that a state is in; without tasks, all."""
    return make_task(config.data, data, config.seed, state.task)


def cross_border(config: TrialConfig, state: TrainState, task: int, data: Splits) -> None:
    """Bring a state from the end of a task to the start of the next one. Changes the state.

    It is called once before the first step of each task but the first, also in a trial that was
    killed at a border and continued.

    Args:
        config: of the trial.
        state: at the end of the task before.
        task: that starts, from 1.
        data: of this task.
    """
    state.task = task
    if config.optim.reset == "task":
        state.optimizer.state.clear()
        counts = [key for key in state.remedy if key.endswith(SINCE)]
        for key in counts:  # updates of neurons that a remedy reset: those of the whole start anew
            del state.remedy[key]
    treat_at_border(config, state, task, data)
