"""NeuronMonitor: a callback of Lightning's Trainer, which makes a Monitor of its fit.

    Trainer(callbacks=[NeuronMonitor(probe, study="mine", config={"optim.lr": 0.1})])

Let checkpoints be saved after the observation of their epoch:
`ModelCheckpoint(save_on_train_epoch_end=True)`.
"""

from collections.abc import Mapping
from typing import Any, Unpack

from torch import nn

from nvp.monitor.arguments import MonitorArguments, check_arguments
from nvp.monitor.monitor import Monitor

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError as error:
    raise ImportError(
        "nvp.monitor.lightning: expected Lightning to be installed; "
        "to install it: pip install 'nvp[lightning]'"
    ) from error

# what a module may call what it logs, for each name that `Monitor.observe` knows
NAMES = {
    "train_loss": ("train_loss", "loss"),
    "train_accuracy": ("train_accuracy", "train_acc"),
    "val_loss": ("val_loss",),
    "val_accuracy": ("val_accuracy", "val_acc"),
}


class NeuronMonitor(Callback):
    """Observes the module before training and after each epoch; its trial ends with the fit.

    Attributes:
        monitor: the Monitor; None before the fit, and in all processes but the first one.
    """

    monitor: Monitor | None = None

    def __init__(
        self,
        probe: Any,
        *,
        seed: int = 0,
        network: str = "",
        finish: bool = True,
        **arguments: Unpack[MonitorArguments],
    ) -> None:
        """Make the callback.

        Args:
            probe: as `nvp.Monitor` takes it.
            seed: as `nvp.Monitor` takes it.
            network: path of the submodule to observe; "" = the module itself.
            finish: False where the script calls `callback.monitor.finish(test_accuracy=...)`.
            arguments: study, storage, config and question, as `nvp.Monitor` takes them.
        """
        check_arguments(arguments)
        self.probe, self.network, self.seed, self.finishes = probe, network, seed, finish
        self.arguments = arguments

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero:
            watched: nn.Module = pl_module.get_submodule(self.network)
            self.monitor = Monitor(watched, self.probe, seed=self.seed, **self.arguments)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.monitor and not trainer.global_step:
            self.monitor.observe(0)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.monitor:
            rates = [group["lr"] for one in trainer.optimizers for group in one.param_groups]
            step, found = trainer.global_step, find_measured(trainer.callback_metrics)
            self.monitor.observe(trainer.current_epoch + 1, step=step, lr=rates[0], **found)

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        if self.monitor:
            self.monitor.__exit__(type(exception), exception, exception.__traceback__)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.monitor and self.finishes and not trainer.interrupted:
            self.monitor.finish()


def find_measured(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a module logged of the numbers that `Monitor.observe` takes."""
    return {
        name: metrics[own]
        for name, others in NAMES.items()
        for own in list(filter(metrics.__contains__, others))[:1]
    }
