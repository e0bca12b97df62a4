"""A user's figure by its dotted name: drawn, written, refused in one line, in a question too."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvp.analysis.command import main
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.plots.figures import draw, write_panels
from nvp.question.check import check_parts
from nvp.question.question import Question

MODULE = "figures_of_a_user"
TEXT = """
from matplotlib.figure import Figure

from nvp import Drawing, NothingToDraw


def ends(frames, question):
    figure = Figure()
    done = frames.trials[["trial_id", "test_accuracy"]]
    figure.subplots().plot(done["test_accuracy"])
    figure.text(0, 0, question.x)
    return Drawing(figure, done)


def bare(frames, question, color="red"):
    return Figure()


def nothing(frames, question):
    raise NothingToDraw("expected a search, got none")


def fails(frames, question):
    return frames.trials["no such column"]


def text(frames, question):
    return "a figure"


def one(frames):
    return Figure()


NUMBER = 3
"""


@pytest.fixture(autouse=True)
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in a folder with the user's module."""
    (tmp_path / f"{MODULE}.py").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop(MODULE, None)


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), "sgd_noise", "quick")


def test_it_is_drawn_with_its_numbers(frames: StudyFrames, tmp_path: Path) -> None:
    drawing = draw(frames, f"{MODULE}:ends")
    assert len(drawing.frame) == len(frames.trials)
    names = [f"{MODULE}:{name}" for name in ("ends", "bare", "nothing", "fails", "text")]
    panels = list(write_panels(frames, tmp_path / "figures", names=names))
    files = {path.name for panel in panels for path in panel.files}
    kinds = ("png", "svg", "csv")
    assert files == {f"{MODULE}.ends.{kind}" for kind in kinds} | {
        f"{MODULE}.bare.{kind}" for kind in kinds[:2]
    }
    _, _, nothing, fails, text = (panel.missing for panel in panels)
    assert nothing == "expected a search, got none"
    assert f"calling {MODULE}:fails fails: KeyError: 'no such column'" in fails
    assert "expected a matplotlib Figure" in text
    assert not any("\n" in said for said in (nothing, fails, text))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"{MODULE}:end", "has no 'end' (did you mean 'ends'?)"),
        (f"{MODULE}s:ends", f"there is no module '{MODULE}s'"),
        (f"{MODULE}:one", "which is a function of (frames)"),
        (f"{MODULE}:NUMBER", "(frames, question) that returns a matplotlib figure"),
        ("dead_at_ends", "(did you mean 'dead_at_end'?)"),
        ("dead_at_ends", "or package.module:attribute"),
    ],
)
def test_what_is_no_figure_is_refused_by_command_and_question(
    name: str, said: str, study_place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sgd_noise", "--storage", str(study_place), "--figure", name]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: --figure: expected")
    assert said in line
    with pytest.raises(ValueError, match=re.escape(said)):
        check_parts(Question(ask="Why?", figures=(name,)))


def test_a_question_may_name_it(frames: StudyFrames) -> None:
    check_parts(Question(ask="Why?", figures=(f"{MODULE}:ends", "survival")))
    frames.study["question"] = {"ask": "Why?", "figures": [f"{MODULE}:ends"]}
    (panel,) = write_panels(frames, Path("figures"))
    del frames.study["question"]
    assert panel.alt == panel.name
    assert panel.name == f"{MODULE}:ends"
