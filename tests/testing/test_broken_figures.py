"""Each law of a figure can be broken, and says what was expected and what came."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvp.testing import BrokenLaw, FigureSuite

MODULE = "figures_that_break_laws"
TEXT = """
import random

from matplotlib import pyplot
from matplotlib.figure import Figure

from nvp import Drawing, NothingToDraw


def right(frames, question):
    done = frames.trials[frames.trials["status"] == "done"][["trial_id", "test_accuracy"]]
    if done.empty:
        raise NothingToDraw("expected a trial that is done, got none")
    figure = Figure()
    figure.subplots().plot(done["test_accuracy"])
    return Drawing(figure, done)


def nothing(frames, question):
    raise NothingToDraw("expected a search, got none")


def fails(frames, question):
    return frames.trials["no such column"]


def bare(frames, question):
    return Figure()


def numbered(frames, question):
    drawing = right(frames, question)
    return Drawing(drawing.figure, drawing.frame.T)


def changing(frames, question):
    frames.layers["alive"] = frames.layers["kept"] - frames.layers["dead"]
    return right(frames, question)


def random_numbers(frames, question):
    drawing = right(frames, question)
    return Drawing(drawing.figure, drawing.frame.assign(jitter=random.random()))


def open_figure(frames, question):
    right(frames, question)
    figure, axes = pyplot.subplots()
    return figure


def careless(frames, question):
    if frames.layers.empty:
        raise KeyError("dead")
    return right(frames, question)
"""
BROKEN = {
    "nothing": "got NothingToDraw: expected a search, got none",
    "fails": "got an error: .*KeyError: 'no such column'",
    "bare": "expected a figure with axes, got one without",
    "numbered": "expected columns with a name each in the frame of numbers",
    "changing": "expected the table layers as it was, got another one",
    "random_numbers": "expected the same numbers of the same tables",
    "open_figure": "expected no figure left open in pyplot",
    "careless": "expected nvp.NothingToDraw where no trial is done",
}


@pytest.fixture(autouse=True)
def _beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in a folder with the user's module."""
    (tmp_path / f"{MODULE}.py").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop(MODULE, None)


def test_a_right_figure_keeps_all_laws() -> None:
    FigureSuite.check(f"{MODULE}:right")


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_law_is_named(name: str) -> None:
    with pytest.raises(BrokenLaw, match=BROKEN[name]) as broken:
        FigureSuite.check(f"{MODULE}:{name}")
    assert all(line.startswith(f"{MODULE}:{name}: ") for line in str(broken.value).splitlines())
