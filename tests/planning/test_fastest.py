"""auto: measured once, kept in study.json, the same for every cell of an architecture."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nvp.config.identity import trial_id
from nvp.config.space import grid
from nvp.config.trial_config import TrialConfig
from nvp.planning.cost import fastest_precision as fastest
from nvp.planning.cost.fastest_precision import Choice, Chooser
from nvp.planning.design import Design
from nvp.planning.plan import make_plan
from nvp.storage.index import read_index
from nvp.storage.json_object import read_object
from nvp.storage.study_folder import open_study
from nvp.study.study import main
from studies.sgd_noise import STUDY

AUTO = TrialConfig().with_overrides({"precision": "auto", "layout": "auto", "model.width": 0.1})
ALL = [("float32", "channels_first"), ("float32", "channels_last"),
       ("bfloat16", "channels_first"), ("bfloat16", "channels_last")]  # fmt: skip


def seconds(monkeypatch: pytest.MonkeyPatch, *values: float) -> list[list[tuple[str, str]]]:
    """Pretend that the candidates took `values`; return what was asked."""
    asked = []

    def measured(configs: list[TrialConfig], device: str) -> list[float]:
        asked.append([(config.precision, config.layout) for config in configs])
        return list(values)

    monkeypatch.setattr(fastest, "measure_steps", measured)
    return asked


@pytest.mark.parametrize(
    ("values", "best"),
    [((1.0, 0.9, 0.5, 0.4), 3), ((1.0, 0.96, 0.96, 0.97), 0), ((1.0, 2.0, 0.5, 0.6), 2)],
)
def test_the_fastest_is_chosen_and_the_default_left_only_for_a_gain(
    values: tuple[float, ...], best: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = seconds(monkeypatch, *values)
    chosen = Chooser("cpu", {})(AUTO)
    assert asked == [ALL]
    assert (chosen.precision, chosen.layout) == ALL[best]


def test_what_is_named_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = seconds(monkeypatch, 1.0, 0.5)
    chosen = Chooser("cpu", {})(replace(AUTO, precision="float32"))
    assert (chosen.precision, chosen.layout) == ("float32", "channels_last")
    assert asked == [ALL[:2]]
    assert Chooser("cpu", {})(TrialConfig()) == TrialConfig()
    assert len(asked) == 1


def test_cells_of_one_architecture_share_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = seconds(monkeypatch, 1.0, 0.9, 0.5, 0.4)
    space = {"data.batch_size": grid(16, 64), "model.activation": grid("relu", "gelu")}
    chooser = Chooser("cpu", {})
    plan = make_plan(Design(base=AUTO, space=space, seeds=2), chooser)
    assert len(asked) == 1
    assert {(c.precision, c.layout) for c in plan.trials.values()} == {ALL[3]}
    assert all(trial_id(config) == name for name, config in plan.trials.items())
    make_plan(Design(base=AUTO, space={"model.name": grid("mlp")}, seeds=1), chooser)
    assert len(asked) == len(chooser.known) == 2


def test_a_measurement_is_of_real_steps() -> None:
    choices: list[Choice] = [{"precision": p, "layout": f} for p, f in ALL]
    measured = fastest.measure_steps([replace(AUTO, **choice) for choice in choices], "cpu")
    assert len(measured) == 4
    assert all(0 < value < 10 for value in measured)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to measure")
def test_a_gpu_that_is_not_here_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match=r"expected a GPU here .* say precision=bfloat16"):
        Chooser("cuda", {})(AUTO)


def start(place: Path, *more: str) -> None:
    settings = ("epochs=1", "optim.lr=0.1", "optim.noise=0.0", "prune.method=none",
                "model.width=0.1", "precision=auto", "layout=auto")  # fmt: skip
    flat = [part for setting in settings for part in ("--set", setting)]
    with pytest.raises(SystemExit) as ended:
        main(STUDY, ["--preset", "quick", "--seeds", "1", "--no-ray", "--storage", str(place),
                     *flat, *more])  # fmt: skip
    assert ended.value.code == 0


def test_a_choice_holds_for_the_study_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = seconds(monkeypatch, 1.0, 0.9, 0.5, 0.6)
    start(tmp_path, "--dry-run")  # names the trials that the next start runs
    start(tmp_path)
    seconds(monkeypatch, 1.0, 0.2, 0.5, 0.6)  # another machine would choose otherwise
    start(tmp_path)
    assert asked == [ALL]
    assert "1 done, 0 to run" in capsys.readouterr().out
    storage = open_study(str(tmp_path), "sgd_noise", "quick")
    (row,) = read_index(storage).rows.values()
    config = json.loads(row["config"])
    assert (config["precision"], config["layout"]) == ALL[2]
    (choice,) = read_object(storage, "auto.json").values()
    assert choice == {"precision": "bfloat16", "layout": "channels_first"}
