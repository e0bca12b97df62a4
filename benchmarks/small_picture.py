"""Pictures with few colours, small enough for the repository."""

from PIL import Image

COLORS = 256


def reduce_colors(picture: Image.Image) -> Image.Image:
    """Return a picture with a palette in which two hues stay two.

    A tree over the whole space of colours gives marks of a few pixels a colour of their own. The
    median cut, Pillow's own choice, spends the palette on the greys of letters and white.
    """
    return picture.convert("RGB").quantize(
        COLORS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
