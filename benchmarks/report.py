"""Effect map of 10,000 trials, and the figures of 1,000, of made-up but well-formed tables.

Every trial went through the real writer (`benchmarks.made_up`) and is read back by
`nvp.analysis.frames.load`. 1,000 trials have 20 epochs, 5 layers and 0.7 million events; 10,000
have neither events nor neurons. A place made before can be given:
`python -m benchmarks.report [PLACE]`. Two minutes. A large study is read as its trials left it,
and compacted.
"""

import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path

from benchmarks.bar import bar
from benchmarks.made_up import make
from benchmarks.reduced import study_of
from nvp.analysis import style
from nvp.analysis.answers.whole_answer import answer_whole, write_whole_answer
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.plots.figures import FIGURES, write_panels
from nvp.analysis.reports.report import write_report
from nvp.analysis.selection.drawing import NothingToDraw
from nvp.analysis.selection.question_of_study import question_of
from nvp.question.figures import SEARCH_FIGURES
from nvp.question.question import Question
from nvp.question.stored_question import question_to_json
from nvp.storage.compact import compact_study
from nvp.storage.study_folder import open_study

QUESTION = Question(ask="", x="optim.lr", hue="data.batch_size", figures=(), contrasts=())
LARGE = {"optim.lr": 10, "data.batch_size": 10, "prune.method": 4, "seed": 25}
SMALL = {"optim.lr": 5, "data.batch_size": 5, "prune.method": 4, "seed": 10}


def drawn(frames: StudyFrames, name: str, folder: Path) -> float:
    """Draw and save one figure; return the seconds that took."""
    start = time.perf_counter()
    try:
        with style.paper_style():
            drawing = FIGURES[name](frames, QUESTION)
        style.save_figure(drawing.figure, folder, name, drawing.frame)
    except NothingToDraw as missing:
        print(f"    {name} is not drawn: {missing}", flush=True)
    seconds = time.perf_counter() - start
    print(f"    {name}: {seconds:.2f} s", flush=True)
    return seconds


def mapped(place: str, folder: Path) -> float:
    """Load the large study, draw and save its effect map; return the seconds that took."""
    start = time.perf_counter()
    large = load(place, "large", "quick")
    print(f"    {len(large.trials)} trials loaded in {time.perf_counter() - start:.2f} s")
    drawn(large, "effect_map", folder)
    return time.perf_counter() - start


def reported(place: str, folder: Path) -> float:
    """Write the report of the small study, asked as `learning_rate`; return its seconds."""
    start = time.perf_counter()
    frames = load(place, "small", "quick")
    question = study_of("learning_rate").question
    assert question is not None
    frames = replace(frames, study=frames.study | {"question": question_to_json(question)})
    panels_of = list(write_panels(frames, folder / "figures"))
    assert all(panel.files for panel in panels_of)
    whole = answer_whole(frames, question_of(frames))
    assert write_whole_answer(whole)
    write_report(frames, whole, panels_of, folder / "report.html")
    return time.perf_counter() - start


def measure(place: str) -> list[bool]:
    """Load and draw both studies."""
    folder = Path(place, "drawn")
    loose = mapped(place, folder / "loose")
    compact_study(open_study(place, "large", "quick"))
    packed = mapped(place, folder / "packed")
    start = time.perf_counter()
    small = load(place, "small", "quick")
    rows = f"{len(small.events)} events, {len(small.layers)} rows of layers"
    print(
        f"    {len(small.trials)} trials, {rows}: {time.perf_counter() - start:.2f} s", flush=True
    )
    for name in [name for name in FIGURES if name not in SEARCH_FIGURES]:
        drawn(small, name, folder / "small")
    every = time.perf_counter() - start
    return [
        bar("report.report_1000_trials_s", reported(place, folder), "<=", 20),
        bar("report.effect_map_10000_loose_trials_s", loose, "<=", 5),
        bar("report.effect_map_10000_compacted_trials_s", packed, "<=", 5),
        bar("report.figures_1000_trials_s", every, "<=", 20),
    ]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as made:
        place = sys.argv[1] if len(sys.argv) > 1 else made
        make(place, "large", LARGE, whole=False)
        make(place, "small", SMALL, whole=True)
        holds = measure(place)
    sys.exit(int(not all(holds)))
