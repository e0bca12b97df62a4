"""The callback of Lightning: a real fit of a tiny module, killed by an error, and continued."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from nvp.monitor.lightning import NeuronMonitor
from nvp.question.question import Question
from nvp.storage.study_folder import open_study, read_study
from tests.monitor.loop import load_images, make_network
from tests.rows import Tables, sorted_rows

EPOCHS = 3
ASKED = Question(ask="Does the rate matter?", x="optim.lr")
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and logging


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


def rows(place: Path) -> Tables:
    return sorted_rows(open_study(str(place), "lit", "monitor"))


def test_a_fit_is_a_trial_and_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    monitor = fit(whole)
    assert monitor.monitor is not None
    assert monitor.monitor.status == "done"
    assert read_study(open_study(str(whole), "lit", "monitor"))["question"]["ask"] == ASKED.ask
    tables = rows(whole)
    assert [row["epoch"] for row in tables["epochs"]] == [0, 1, 2, 3]
    assert [row["step"] for row in tables["epochs"]] == [None, 2, 4, 6]
    for row in tables["epochs"][1:]:
        assert row["lr"] == pytest.approx(0.1)
        assert None not in (row["train_loss"], row["val_loss"], row["val_accuracy"])
    assert {row["layer"] for row in tables["layers"]} == {"net.hidden.0", "net.hidden.1"}
    with pytest.raises(RuntimeError, match="broken"):
        fit(broken, breaks_at=3)  # in the second epoch
    (failed,) = rows(broken)["trials"]
    assert (failed["status"], failed["epochs"]) == ("failed", 1)
    fit(broken, checkpoint=str(broken / "own/last.ckpt"))
    assert rows(broken) == tables


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"study": "s", "quetion": ASKED}, "did you mean 'question'"), ({}, "expected study=...")],
)
def test_an_argument_that_there_is_not_is_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        NeuronMonitor(torch.zeros(2, 64), **arguments)
