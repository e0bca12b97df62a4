"""Small pictures: with fewer colours, and none that has lost the hue that tells it apart."""

import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from benchmarks.small_picture import COLORS, reduce_colors
from nvp.analysis import style


def draw_few_marks() -> tuple[Image.Image, list[tuple[int, int]]]:
    """Return a picture of mostly grey text with a mark of each colour, and where the marks are."""
    figure = Figure(figsize=(6, 3), dpi=150)
    axes = figure.subplots()
    colors = [
        *style.assign_colors(range(8)).values(),
        *style.assign_ramp([1, 2, 3], ramp=1).values(),
    ]
    axes.set(xlim=(-1, len(colors)), ylim=(0, 1))
    axes.scatter(range(len(colors)), [0.5] * len(colors), s=12, c=colors)
    for i in range(8):
        axes.text(0, 0.1 * i, "words in grey " * 6, color=str(i / 10), size=7)
    drawn = io.BytesIO()
    figure.savefig(drawn)
    picture = Image.open(drawn).convert("RGB")
    places = axes.transData.transform([(i, 0.5) for i in range(len(colors))])
    return picture, [(round(x), picture.height - round(y)) for x, y in places]


def test_marks_of_a_few_pixels_keep_their_colours() -> None:
    picture, places = draw_few_marks()
    small = reduce_colors(picture)
    assert len(small.getcolors()) <= COLORS
    for place in places:
        before, after = (np.array(one.convert("RGB").getpixel(place)) for one in (picture, small))
        assert np.abs(before - after).max() <= 24, place


def test_a_small_picture_takes_less_room() -> None:
    sizes = []
    picture, _ = draw_few_marks()
    for one in (picture, reduce_colors(picture)):
        written = io.BytesIO()
        one.save(written, "PNG", optimize=True)
        sizes.append(written.tell())
    assert sizes[1] < 0.5 * sizes[0]
