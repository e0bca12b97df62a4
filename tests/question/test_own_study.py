"""A study outside of the repository is run by its script and analysed by its own question."""

import json
import subprocess
from pathlib import Path

import pytest

from nvp.__main__ import main as nvp_command
from nvp.analysis.answers.answer import answer
from nvp.analysis.frames.load import load
from nvp.analysis.selection.question_of_study import question_of
from nvp.question.question import Contrast, Question
from nvp.storage.json_object import is_unchanged
from tests.conftest import ROOT
from tests.in_process import run_main
from tests.small_studies import load as load_script

SCRIPT = """
from nvp import (Contrast, DataConfig, Design, End, Margin, ModelConfig, OptimConfig, ProbeConfig,
                 Question, Study, TrialConfig, grid, main)

DESIGN = Design(
    base=TrialConfig(epochs=2, data=DataConfig(images=128, batch_size=32),
                     model=ModelConfig(name="mlp", width=0.1), optim=OptimConfig(lr=0.1),
                     probe=ProbeConfig(size=64)),
    space={"optim.momentum": grid(0.0, 0.5, 0.9)},
    seeds=2,
)
QUESTION = Question(
    ask="Does momentum <help>?",
    x="optim.momentum",
    figures=("effect_map",),
    contrasts=(Contrast(value="val_loss", key="optim.momentum", others=(0.5, End.LAST),
                        margin=Margin(0.05, "made up")),),
)
STUDY = Study(name="mine", quick=DESIGN, paper=DESIGN, question=QUESTION)

if __name__ == "__main__":
    main(STUDY)
"""
FLAGS = ["--preset", "quick", "--no-ray"]


def run_here(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run another text of the script in this process: a process of its own takes seconds."""
    (folder / "mine.py").write_text(script)
    return run_main(load_script(folder / "mine.py").STUDY, folder / "tables", *FLAGS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that is none of the repository, in which the study ran by its script.

    That such a script runs in a process of its own is tested in `test_own_parts`.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    assert ROOT not in folder.parents
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", [str(folder / "mine.py")])
        patch.chdir(folder)
        ended = run_here(folder, SCRIPT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


def test_its_question_is_in_study_json_below_the_checksum(folder: Path) -> None:
    content = (folder / "tables/mine/quick/study.json").read_bytes()
    assert is_unchanged("study.json", content)
    assert json.loads(content)["question"]["ask"] == "Does momentum <help>?"


def test_it_is_drawn_and_answered_by_its_own_question(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert nvp_command(["analyse", "mine", "--storage", "tables"]) == 0
    printed = capsys.readouterr().out
    drawn = {path.stem for path in Path("tables/mine/quick/figures").glob("*.png")}
    assert drawn == {"effect_map"}
    assert "study.json has no question" not in printed
    assert "Does momentum &lt;help&gt;?" in Path("tables/mine/quick/report.html").read_text()
    frames = load("tables", "mine")
    question = question_of(frames)
    assert (question.x, question.hue) == ("optim.momentum", "prune.method")  # the hue is derived
    table = answer(frames)
    assert set(table["value"]) == {"val_loss"}
    assert len(table) == 2
    assert set(table["margin"]) == {0.05}


def test_a_new_question_is_asked_of_finished_tables_by_running_nothing(
    folder: Path,
) -> None:
    script = SCRIPT.replace("Does momentum <help>?", "And now?").replace("effect_map", "survival")
    ended = run_here(folder, script)
    assert "6 done, 0 to run" in ended.stdout
    question = question_of(load(str(folder / "tables"), "mine"))
    assert (question.ask, question.figures) == ("And now?", ("survival",))


def test_a_wrong_question_is_refused_before_anything_starts(folder: Path) -> None:
    ended = run_here(folder, SCRIPT.replace("val_loss", "val_los"))
    assert ended.returncode == 2
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("error: question: expected death or a column")
    assert "did you mean 'val_loss'" in line


def test_a_question_of_a_key_that_no_trial_has_is_named_and_the_swept_keys_are_asked(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frames = load(str(folder / "tables"), "mine")
    frames.study["question"] = {"ask": "Is it so?", "x": "optim.gone"}
    question = question_of(frames)
    assert "optim.gone, which no trial has" in caplog.text
    assert (question.ask, question.x) == ("Is it so?", "optim.momentum")


def test_what_a_question_leaves_out_is_derived(folder: Path) -> None:
    frames = load(str(folder / "tables"), "mine")
    frames.study["question"] = {"ask": "Is it so?", "hue": "optim.momentum"}
    question = question_of(frames, trial="abc")
    assert isinstance(question, Question)
    assert (question.hue, question.x, question.trial) == ("optim.momentum", "prune.method", "abc")
    assert question.figures[0] == "dead_at_end"
    assert question.contrasts == (Contrast(value="death", key="optim.momentum"),)
