"""The laws of a figure: it draws, repeats itself, changes nothing, and says what it lacks."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar

import pandas as pd
from matplotlib import pyplot

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.figures import draw
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.config.space import grid
from nvp.config.trial_config import TrialConfig
from nvp.interactive.run import run
from nvp.planning.design import Design
from nvp.study.study import Study
from nvp.testing.law import BrokenLaw, Law, Suite, expect

TABLES = ("trials", "epochs", "layers", "neurons", "events")
SETTINGS = {
    "epochs": 2,
    "data.images": 128,
    "model.name": "mlp",
    "model.width": 0.2,
    "probe.size": 64,
    "prune.sparsity": 0.5,
}
SPACE = {"optim.lr": grid(0.05, 0.5), "prune.method": grid("none", "magnitude")}


@dataclass(frozen=True)
class FigureCase:
    """A figure, and the tables of a study that it is drawn from."""

    name: str
    frames: StudyFrames

    def __str__(self) -> str:
        return self.name

    def draw(self) -> Drawing:
        """Return the drawing; raises `BrokenLaw` where there is none."""
        try:
            return draw(self.frames, self.name)
        except ValueError as error:
            kind = "NothingToDraw" if isinstance(error, NothingToDraw) else "an error"
            raise BrokenLaw(
                f"expected a figure of a study of {len(self.frames.trials)} finished trials "
                f"(FigureSuite.frames gives it another study), got {kind}: {error}"
            ) from error


def it_draws_a_finished_study(case: FigureCase) -> None:
    """It returns a figure with axes, and text as the names of its columns."""
    drawing = case.draw()
    expect(bool(drawing.figure.axes), "a figure with axes", "one without")
    columns = list(drawing.frame.columns)
    named = all(isinstance(name, str) for name in columns) and len({*columns}) == len(columns)
    expect(named, "columns with a name each in the frame of numbers", columns)


def it_changes_no_table(case: FigureCase) -> None:
    """The tables are those of all figures of a page."""
    before = {name: getattr(case.frames, name).copy(deep=True) for name in TABLES}
    case.draw()
    for name, rows in before.items():
        now = getattr(case.frames, name)
        same = rows.equals(now) and list(rows.columns) == list(now.columns)
        expect(same, f"the table {name} as it was", "another one: work on a copy of it")


def the_same_tables_give_the_same_numbers(case: FigureCase) -> None:
    """A page that is made again says the same."""
    one, two = case.draw().frame, case.draw().frame
    expect(one.equals(two), "the same numbers of the same tables", "others at the second time")


def it_leaves_nothing_behind(case: FigureCase) -> None:
    """No figure stays open in pyplot, where it would be in the way of the next one."""
    open_before = pyplot.get_fignums()
    case.draw()
    left = [number for number in pyplot.get_fignums() if number not in open_before]
    expect(not left, "no figure left open in pyplot: make a matplotlib.figure.Figure", left)


def without_a_trial_that_is_done_it_says_so(case: FigureCase) -> None:
    """Where all trials failed it raises `nvp.NothingToDraw`, or draws what is left."""
    failed = case.frames.trials.assign(status="failed")
    results = [name for name in failed if name.startswith(("test_", "val_", "best_"))]
    frames = replace(case.frames, trials=failed.assign(**dict.fromkeys(results)))
    vars(frames).update({name: getattr(case.frames, name).iloc[:0] for name in TABLES[1:]})
    try:
        draw(frames, case.name)
    except NothingToDraw as nothing:
        expect(bool(str(nothing)), "a message that says what is missing", "none")
    except ValueError as error:
        text = "nvp.NothingToDraw where no trial is done, because a report shows what is missing"
        raise BrokenLaw(f"expected {text}, got: {error}") from error


class FigureSuite(Suite):
    """The laws of a figure of one's own.

    Attributes:
        name: as in `Question.figures`: "package.module:attribute".
        frames: of a study that it can be drawn of, as `nvp.load` returns them; None = those of a
            small study of digits: two learning rates, pruned by magnitude and not, two seeds.
    """

    laws: ClassVar[tuple[Law, ...]] = (
        it_draws_a_finished_study,
        it_changes_no_table,
        the_same_tables_give_the_same_numbers,
        it_leaves_nothing_behind,
        without_a_trial_that_is_done_it_says_so,
    )
    frames: StudyFrames | None = None

    def cases(self) -> Iterator[FigureCase]:
        """Return the figure and the tables of its study."""
        frames = run_small_study() if self.frames is None else self.frames
        yield FigureCase(self.name, copy_frames(frames))


def copy_frames(frames: StudyFrames) -> StudyFrames:
    """Return frames with tables of their own, which a figure may change without harm to others."""
    copied = replace(frames, trials=frames.trials.copy(deep=True))
    vars(copied).update({name: getattr(frames, name).copy(deep=True) for name in TABLES[1:]})
    return copied


@cache
def run_small_study() -> StudyFrames:
    """Return the tables of a small study, which is run once in a process, and kept in memory."""
    base = TrialConfig().with_overrides(SETTINGS)
    design = Design(base=base, space=SPACE, seeds=2)
    study = Study(name="small", paper=design, quick=design)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        frames = run(study, preset="quick", storage=folder, no_ray=True)
        read: dict[str, Any] = {name: getattr(frames, name) for name in (*TABLES, "incidents")}
    assert all(isinstance(rows, pd.DataFrame) for rows in read.values())
    return frames
