"""Figures of documents: small PNGs that carry a hash of what they show.

A figure whose numbers and words did not change is left as it is, since another version of the
plotting library would draw other bytes of the same picture.
"""

import hashlib
from pathlib import Path

from matplotlib.colors import to_hex
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.method_figures import save
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.figures import draw
from nvp.analysis.selection.drawing import Drawing
from nvp.analysis.style import describe_figure, paper_style

DPI = 160
NUMBERS = "numbers"  # the text of the PNG that has the hash


def hash_numbers(drawing: Drawing) -> str:
    """Return a hash of what a figure shows: numbers to six digits, words, broken lines, colours."""
    legends = [text.get_text() for one in drawing.figure.legends for text in one.get_texts()]
    legends += [to_hex(line.get_color()) for axes in drawing.figure.axes for line in axes.lines]
    legends.append(drawing.figure.get_supxlabel())  # the note as its lines are broken
    numbers = drawing.frame.to_csv(index=False, float_format="%.6g")
    text = "\n".join([numbers, describe_figure(drawing.figure), *legends])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_hash(path: Path) -> str:
    """Return the hash of the numbers that a PNG was drawn from; "" where there is none."""
    if not path.exists():
        return ""
    with Image.open(path) as picture:
        return str(picture.info.get(NUMBERS, ""))


def keep_picture(drawing: Drawing, path: Path) -> None:
    """Write a figure as a PNG, unless the one that is there has the same numbers."""
    numbers = hash_numbers(drawing)
    if read_hash(path) == numbers:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    about = PngInfo()
    about.add_text(NUMBERS, numbers)
    with paper_style():
        save(drawing.figure, path, DPI, about)


def draw_first(frames: StudyFrames, figures: tuple[str, ...], path: Path) -> tuple[str, list[str]]:
    """Write the figure that answers first; return what it shows, and what it answers in words."""
    drawing = draw(frames, figures[0])
    keep_picture(drawing, path)
    return describe_figure(drawing.figure), [drawing.answer] if drawing.answer else []
