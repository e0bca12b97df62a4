"""The callback of Hugging Face's Trainer: a real training of a tiny network, and continued.

The library takes seconds to import, so only the process that runs these tests does.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from nvp.question.question import Question
from nvp.storage.study_folder import open_study, read_study
from tests.monitor.loop import load_images, make_network
from tests.rows import Tables, sorted_rows

EPOCHS = 3
ASKED = Question(ask="Does the rate matter?", x="lr")
pytestmark = pytest.mark.filterwarnings("ignore")  # of the Trainer, on devices and schedules


class Classifier(nn.Module):
    """An own network behind the interface that the Trainer wants."""

    def __init__(self) -> None:
        super().__init__()
        self.net = make_network()

    def forward(self, pixels: Tensor, labels: Tensor | None = None) -> dict[str, Tensor]:
        logits = self.net(pixels)
        if labels is None:
            return {"logits": logits}
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


class Examples(Dataset):
    """Digits as the Trainer takes them."""

    def __init__(self, which: slice) -> None:
        images, labels = load_images()
        self.images, self.labels = images[which], labels[which]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"pixels": self.images[index], "labels": self.labels[index]}


def measure(prediction: Any) -> dict[str, float]:
    return {"accuracy": float((prediction.predictions.argmax(1) == prediction.label_ids).mean())}


def make_breaking_callback() -> Any:
    """Return what ends a training in its second epoch."""
    from transformers import TrainerCallback

    class Breaks(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 6:
                raise RuntimeError("broken")

    return Breaks()


def train(place: Path, *, evaluate: bool, resume: bool = False, extra: Sequence[Any] = ()) -> Any:
    from transformers import Trainer, TrainingArguments

    from nvp.monitor.hugging_face import NeuronMonitor

    torch.manual_seed(0)
    images, _ = load_images(64)
    own: dict[str, Any] = {"study": "hf", "storage": place, "config": {"lr": 0.1}}
    callback = NeuronMonitor({"pixels": images}, question=ASKED, **own)
    arguments = TrainingArguments(
        output_dir=str(place / "own"),
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=32,
        learning_rate=0.1,
        lr_scheduler_type="constant",
        optim="sgd",
        eval_strategy="epoch" if evaluate else "no",
        save_strategy="epoch",
        logging_strategy="epoch" if evaluate else "steps",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        seed=3,
    )
    trainer = Trainer(
        Classifier(),
        arguments,
        train_dataset=Examples(slice(0, 128)),
        eval_dataset=Examples(slice(128, 192)),
        compute_metrics=measure,
        callbacks=[callback, *extra],
    )
    trainer.train(resume_from_checkpoint=resume)
    return callback


def rows(place: Path) -> Tables:
    return sorted_rows(open_study(str(place), "hf", "monitor"))


def test_a_training_is_a_trial(tmp_path: Path) -> None:
    callback = train(tmp_path, evaluate=True)
    assert callback.monitor.status == "done"
    assert read_study(open_study(str(tmp_path), "hf", "monitor"))["question"]["ask"] == ASKED.ask
    tables = rows(tmp_path)
    assert [row["epoch"] for row in tables["epochs"]] == [0, 1, 2, 3]
    assert [row["step"] for row in tables["epochs"]] == [None, 4, 8, 12]
    for row in tables["epochs"][1:]:
        assert None not in (row["train_loss"], row["val_loss"], row["val_accuracy"])
    assert {row["layer"] for row in tables["layers"]} == {"net.hidden.0", "net.hidden.1"}
    (trial,) = tables["trials"]
    assert '"seed": 3' in trial["config"]


def test_a_training_that_broke_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train(whole, evaluate=False)
    with pytest.raises(RuntimeError, match="broken"):
        train(broken, evaluate=False, extra=[make_breaking_callback()])
    train(broken, evaluate=False, resume=True)
    assert rows(broken) == rows(whole)
    assert [row["epoch"] for row in rows(whole)["epochs"]] == [0, 1, 2, 3]
