"""The end of a task, and the border to the next one: what is measured there, and what happens."""

from nvp.config.trial_config import TrialConfig
from nvp.data.splits import Splits
from nvp.data.tasks import make_task
from nvp.network.train_state import TrainState
from nvp.remedies.neuron_reset import SINCE
from nvp.remedies.treatment import treat_at_border
from nvp.training.evaluation import evaluate_split
from nvp.training.length import Length
from nvp.training.plasticity import TaskEnd


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
    state.task, state.online = task, (0, 0)
    if config.optim.reset == "task":
        state.optimizer.state.clear()
        counts = [key for key in state.remedy if key.endswith(SINCE)]
        for key in counts:  # updates of neurons that a remedy reset: those of the whole start anew
            del state.remedy[key]
    treat_at_border(config, state, task, data)


def name_task(config: TrialConfig, state: TrainState) -> int | None:
    """Return the task that a state was last trained on; None without tasks."""
    return None if config.data.task == "none" else state.task


def measure_task_end(
    config: TrialConfig, data: Splits, state: TrainState, length: Length
) -> TaskEnd | None:
    """Return how well a state did its task, if that ends at this epoch; None without tasks.

    Nothing that trains, prunes or selects sees its test images.
    """
    if name_task(config, state) is None or not length.ends_task(state.epoch):
        return None
    _, accuracy = evaluate_split(state.model, data.test, precision=config.precision)
    right, images = state.online or (0, 0)
    return TaskEnd(accuracy, online_accuracy=right / images if images else None)
