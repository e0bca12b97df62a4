"""A fit of Lightning with a monitor. Tests import it where they run: it takes a second."""

from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from nvp.monitor.lightning import NeuronMonitor
from nvp.question.question import Question
from tests.monitor.loop import load_images, make_network

EPOCHS = 3
ASKED = Question(ask="Does the rate matter?", x="optim.lr")


class Module(LightningModule):
    """A module that logs as Lightning's examples do; it breaks once, if it is to."""

    def __init__(self, breaks_at: int = -1) -> None:
        super().__init__()
        self.net, self.breaks_at = make_network(), breaks_at

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:
        if self.trainer.global_step == self.breaks_at:
            raise RuntimeError("broken")
        loss = nn.functional.cross_entropy(self(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        logits = self(batch[0])
        self.log("val_loss", nn.functional.cross_entropy(logits, batch[1]))
        self.log("val_acc", (logits.argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)


def fit(place: Path, *, breaks_at: int = -1, checkpoint: str | None = None) -> NeuronMonitor:
    images, labels = load_images()
    train, val = (
        DataLoader(TensorDataset(images[part], labels[part]), batch_size=64)
        for part in (slice(0, 128), slice(128, 256))
    )
    config = {"optim.lr": 0.1}
    monitor = NeuronMonitor(train, study="lit", storage=place, config=config, question=ASKED)
    saver = ModelCheckpoint(place / "own", save_last=True, save_on_train_epoch_end=True)
    quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False,
                             "enable_model_summary": False}  # fmt: skip
    trainer = Trainer(max_epochs=EPOCHS, accelerator="cpu", callbacks=[monitor, saver], **quiet)
    trainer.fit(Module(breaks_at), train, val, ckpt_path=checkpoint)
    return monitor
