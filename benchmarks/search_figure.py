"""Run a small search and draw it for docs/searching.md: `python -m benchmarks.search_figure`.

It takes a few minutes, and writes FOLDER/search_NAME.png (docs/figures, unless one is named). The
tables go to a temporary folder, or to the place that is named second, from where they are read
when they are there.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.method_figures import save
from benchmarks.search_study import STUDY
from nvp.analysis import style
from nvp.analysis.frames.load import load
from nvp.analysis.plots.figures import FIGURES
from nvp.analysis.selection.question_of_study import question_of

SCRIPT = Path(__file__).with_name("search_study.py")
NAMES = ("best_configurations", "pareto_front", "searched_values")
ASKED = 40
DPI = 130


def run_search(place: Path) -> None:
    """Run the search in a process of its own; nothing runs that is done."""
    flags = ["--preset", "quick", "--storage", str(place), "--no-ray"]
    asked = ["--search", "optuna", "--num-trials", str(ASKED)]
    subprocess.run([sys.executable, str(SCRIPT), *flags, *asked], check=True)


def draw_search(place: Path, folder: Path) -> None:
    """Write the figures of the search, of few colours."""
    frames = load(str(place), STUDY.name, "quick")
    with style.paper_style():
        for name in NAMES:
            figure = FIGURES[name](frames, question_of(frames)).figure
            save(figure, folder / f"search_{name}.png", dpi=DPI)


if __name__ == "__main__":
    chosen = [Path(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as temporary:
        folder, place = [*chosen, *[Path("docs/figures"), Path(temporary)][len(chosen) :]]
        run_search(place)
        draw_search(place, folder)
