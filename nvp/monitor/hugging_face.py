"""NeuronMonitor: a callback of Hugging Face's Trainer, which makes a Monitor of its training.

Trainer(..., callbacks=[NeuronMonitor(probe, study="mine", config={"lr": 5e-5})])
"""

import math
from typing import Any, Unpack

from torch import nn

from nvp.monitor.arguments import MonitorArguments, check_arguments
from nvp.monitor.monitor import Monitor

try:
    from transformers import (
        IntervalStrategy,
        TrainerCallback,
        TrainerControl,
        TrainerState,
        TrainingArguments,
    )
except ImportError as error:
    raise ImportError(
        "nvp.monitor.hugging_face: expected transformers to be installed; "
        "to install it: pip install 'nvp[transformers]'"
    ) from error

NAMES = {"eval_loss": "val_loss", "eval_accuracy": "val_accuracy"}


class NeuronMonitor(TrainerCallback):
    """Observes the model before training and after each epoch; its trial ends with the training.

    An epoch is observed once its numbers are there: the evaluation where there is one each epoch,
    else the logged loss where it is logged each epoch, and before the checkpoint is saved.

    Attributes:
        monitor: the Monitor; None before training, and in all processes but the first one.
    """

    monitor: Monitor | None = None

    def __init__(
        self,
        probe: Any,
        *,
        seed: int | None = None,
        finish: bool = True,
        **arguments: Unpack[MonitorArguments],
    ) -> None:
        """Make the callback.

        Args:
            probe: as `nvp.Monitor` takes it: batches of named tensors, without labels or with.
            seed: of the trial; None = that of the `TrainingArguments`.
            finish: False where the script calls `callback.monitor.finish(test_accuracy=...)`.
            arguments: study, storage, config and question, as `nvp.Monitor` takes them.
        """
        check_arguments(arguments)
        self.probe, self.seed, self.finishes = probe, seed, finish
        self.arguments = arguments
        self.due, self.loss = 0, None

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: nn.Module | None = None,
        **kwargs: Any,
    ) -> None:
        if state.is_world_process_zero and model is not None:
            seed = args.seed if self.seed is None else self.seed
            self.monitor = Monitor(model, self.probe, seed=seed, **self.arguments)
            if not state.global_step:
                self.monitor.observe(0)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.due = math.ceil((state.epoch or 0.0) - 1e-6)  # steps / steps of an epoch, rounded
        each = IntervalStrategy.EPOCH
        if args.eval_strategy != each and args.logging_strategy != each:
            self.observe(state)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.loss = (logs or {}).get("loss", self.loss)
        if args.eval_strategy != IntervalStrategy.EPOCH:
            self.observe(state)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        found = {NAMES[own]: value for own, value in (metrics or {}).items() if own in NAMES}
        self.observe(state, **found)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.observe(state)
        if self.monitor and self.finishes:
            self.monitor.finish()

    def observe(self, state: TrainerState, **found: Any) -> None:
        """Observe the epoch that is due, if one is."""
        if self.monitor and self.due:
            self.monitor.observe(self.due, step=state.global_step, train_loss=self.loss, **found)
        self.due, self.loss = 0, None
