"""The callback of Lightning: a real fit of a tiny module, killed by an error, and continued."""

from pathlib import Path
from typing import Any

import pytest
import torch

from nvp.storage.study_folder import open_study, read_study
from tests.rows import Tables, sorted_rows

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and logging


def rows(place: Path) -> Tables:
    return sorted_rows(open_study(str(place), "lit", "monitor"))


def test_a_fit_is_a_trial_and_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    from tests.monitor.lightning_fit import ASKED, fit

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
    [({"study": "s", "quetion": None}, "did you mean 'question'"), ({}, "expected study=...")],
)
def test_an_argument_that_there_is_not_is_named(arguments: dict[str, Any], said: str) -> None:
    from nvp.monitor.lightning import NeuronMonitor

    with pytest.raises(TypeError, match=said):
        NeuronMonitor(torch.zeros(2, 64), **arguments)
