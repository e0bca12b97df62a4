"""One trial: it is built, restored, trained and written. Handed a storage, hands back progress."""

import logging
import traceback
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from nvp.config.identity import trial_id
from nvp.config.memory import is_out_of_memory
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, load_trial_splits
from nvp.models.pretrained import find_weights
from nvp.network.train_state import Diverged
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.unreachable import FULL
from nvp.storage.writer import TrialWriter, find_next_attempt
from nvp.training.build import build, cap_memory, set_up_process
from nvp.trial.attempt import Attempt
from nvp.trial.early_stopping import Censored
from nvp.trial.progress import Progress
from nvp.trial.run_options import DEFAULT_OPTIONS, RunOptions

logger = logging.getLogger(__name__)


def run_trial(
    config: TrialConfig, storage: Storage, options: RunOptions = DEFAULT_OPTIONS
) -> Generator[Progress, None, None]:
    """Run a trial to its committed row, yielding at each measuring point.

    A trial that is done or diverged already (its process died before it could say so) is not run
    again, unless the options ask for a checkpoint that it lacks, or for the code that is here. Then
    its row stays until there is another finished one. Any other continues from its newest intact
    checkpoint. Closing the generator early saves one. An exception becomes a `failed` row with its
    traceback, a loss that is not finite a `diverged` one. A trial that ASHA stops gets a `censored`
    row; without ASHA it goes on.

    Args:
        config: checked (`check_trial`).
        storage: the study's.
        options: of the study; those of this trial are taken from them.
    """
    name = trial_id(config)
    options = options.for_trial(name)
    set_up_process(options.device)
    row = read_index(storage, name).rows.get(name)
    ended = read_end(storage, row, name, options)
    if ended:
        yield ended
        return
    writer = TrialWriter(storage, name, find_next_attempt(storage, name, row), row=row)
    if writer.finished:  # ASHA does not take back a trial that is run again
        options = replace(options, asha=None)
    attempt = Attempt(config, writer, options)
    try:
        prepare(attempt)
        attempt.resume()
        yield from attempt.train_epochs()
        yield attempt.finish("done")
    except Diverged as error:
        yield attempt.finish("diverged", error=str(error))
    except Censored as error:
        attempt.save()
        yield attempt.finish("censored", error=str(error))
    except Exception as error:  # becomes the row of the trial; the study goes on
        if isinstance(error, OSError) and error.errno in FULL:
            raise  # not the trial's: nobody can write there any more
        attempt.writer.discard()
        if options.gpu_share < 1 and is_out_of_memory(error):
            yield attempt.progress("out_of_memory")
            return
        logger.warning("trial %s failed: %s", name, error)
        yield attempt.fail(traceback.format_exc())


def prepare(attempt: Attempt) -> None:
    """Load the data of an attempt, and build its network and its optimizer. Changes it.

    Raises:
        ValueError: data or weights are not on this machine, or are other ones.
    """
    config, options = attempt.config, attempt.options
    cap_memory(options.device, options.gpu_share)
    weights = find_weights(config.model, options.weights)
    root = options.data_root or data_root()
    attempt.data = load_trial_splits(config.data, root, options.device)
    file = weights and Path(weights.file)
    attempt.state = build(config, attempt.data, options.device, file)
    attempt.weights = weights and weights.sha256


def read_end(
    storage: Storage, row: dict[str, Any] | None, name: str, options: RunOptions
) -> Progress | None:
    """Return how a trial ended that need not run again; None when it is to run.

    Args:
        storage: the study's.
        row: of the trial; None when it has none.
        name: of the trial.
        options: of this trial (`RunOptions.for_trial`).
    """
    needed = options.requirements
    checkpoints = list(storage.files(f"checkpoints/{name}")) if needed.checkpoint else []
    if row is None or not needed.are_met(row, storage, checkpoints):
        return None
    epochs = row["epochs"] or 0
    return Progress(trial_id=name, status=row["status"], epoch=epochs, epochs=epochs)
