"""Image files to uint8 tensors: decoded, resized, cropped.

Source of the random resized crop: Szegedy et al., "Going deeper with convolutions", 2015, section 6
(area 8 to 100 %, aspect ratio 3/4 to 4/3), as in torchvision's RandomResizedCrop: ten tries, then
the central crop.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from PIL import Image, ImageOps
from torch import Tensor

from nvp.config.cores import count_cores
from nvp.data.files import Files

# raised by a change of the pixels that a file gives; then images are decoded anew
DECODER = 2
CHUNK = 4096  # images
TRIES = 10
DRAWS = 2 * TRIES + 3  # area and ratio of each try; top, left, mirror
EVAL_RATIO = 256 / 224  # the shorter side before the central crop, over the crop's side


def read_rgb(path: Path, *, upright: bool = False) -> UInt8[Tensor, "3 h w"]:
    """Return an image file in its own size; a grey one gets three equal channels.

    Values of 16 bits are scaled to 8. What is transparent keeps the colour that it has in the file.

    Args:
        path: of the file; of several frames the first is read.
        upright: whether the image is turned as its EXIF data say.

    Raises:
        ValueError: when it cannot be decoded; names the file.
    """
    try:
        # torchvision.io's decoders are deprecated; from a path, Pillow 13 maps a plain TIFF of
        # another orientation into memory with its sides exchanged
        with path.open("rb") as stream, Image.open(stream) as image:
            turned = ImageOps.exif_transpose(image) if upright else image
            pixels = np.array(scale_deep(turned).convert("RGB"))
    except Exception as error:  # of a damaged file, the decoders of Pillow raise all kinds
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: expected an image, but it does not decode: {reason}") from None
    return torch.from_numpy(pixels).permute(2, 0, 1)


def scale_deep(image: Image.Image) -> Image.Image:
    """Return an image of at most 8 bits a channel, which `convert` does not clip.

    Raises:
        ValueError: whole numbers beyond 16 bits, or fractions that are not in [0, 1]: what is white
            in such a file is not known.
    """
    if image.mode == "P" and "transparency" in image.info:
        return image.convert("RGBA")  # a palette with several transparent colours
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    values = np.asarray(image).astype(np.float64)
    white = 1.0 if image.mode == "F" else 65535.0
    if not (values.min() >= 0 and values.max() <= white):
        raise ValueError(
            f"expected values from 0 to {white:g}, got {values.min():g} to {values.max():g}"
        )
    return Image.fromarray(np.round(values * (255 / white)).astype(np.uint8))


def resize_image(
    image: UInt8[Tensor, "c h w"], height: int, width: int
) -> UInt8[Tensor, "c hh ww"]:
    """Return the image at another size: bilinear, antialiased."""
    if image.shape[1:] == (height, width):
        return image
    return F.interpolate(image[None], (height, width), mode="bilinear", antialias=True)[0]


def crop_centre(image: UInt8[Tensor, "c h w"], side: int, shorter: int) -> UInt8[Tensor, "c s s"]:
    """Return the central square of an image whose shorter side was resized to `shorter`."""
    height, width = image.shape[1:]
    scale = shorter / min(height, width)
    image = resize_image(image, max(side, round(height * scale)), max(side, round(width * scale)))
    top, left = (image.shape[1] - side) // 2, (image.shape[2] - side) // 2
    return image[:, top : top + side, left : left + side]


def read_square(path: Path, side: int, *, upright: bool = False) -> UInt8[Tensor, "3 h w"]:
    """Return the central square of an image file, resized to `side`; all of it when `side` is 0."""
    image = read_rgb(path, upright=upright)
    return crop_centre(image, side, side) if side else image


def decode_files(
    folder: Path, files: Files, side: int, shape: tuple[int, ...], *, upright: bool = False
) -> UInt8[Tensor, "n 3 h w"]:
    """Return all images of one split.

    Raises:
        ValueError: when one differs in size and no side was given.
    """
    pixels = torch.empty(len(files), *shape, dtype=torch.uint8)

    def decode_into(index: int) -> None:
        image = read_square(folder / files.names[index], side, upright=upright)
        if image.shape != shape:
            raise ValueError(
                f"{folder / files.names[index]}: expected {shape[2]}x{shape[1]} pixels like the "
                f"first image, got {image.shape[2]}x{image.shape[1]}; folder:<name>@<side> crops "
                "and resizes them all"
            )
        pixels[index] = image

    with ThreadPoolExecutor(count_cores()) as pool:
        for start in range(0, len(files), CHUNK):  # chunks, so that a bad image ends it soon
            list(pool.map(decode_into, range(start, min(start + CHUNK, len(files)))))
    return pixels


def read_plain_view(path: Path, side: int) -> UInt8[Tensor, "3 s s"]:
    """Return the central crop of an image file: for 224, of the image resized to 256."""
    return crop_centre(read_rgb(path), side, round(side * EVAL_RATIO))


def read_random_view(path: Path, side: int, draws: list[float]) -> UInt8[Tensor, "3 s s"]:
    """Return a random resized crop of an image file, mirrored when the last draw is below 1/2."""
    image = read_rgb(path)
    top, left, height, width = choose_crop_box(image.shape[1], image.shape[2], draws)
    crop = resize_image(image[:, top : top + height, left : left + width], side, side)
    return crop.flip(-1) if draws[-1] < 0.5 else crop


def choose_crop_box(height: int, width: int, draws: list[float]) -> tuple[int, int, int, int]:
    """Return (top, left, height, width): the first try that fits, else the central crop.

    Args:
        height: of the image.
        width: of the image.
        draws: `DRAWS` numbers in [0, 1).
    """
    low, high = math.log(3 / 4), math.log(4 / 3)
    for area, ratio in zip(draws[:TRIES], draws[TRIES : 2 * TRIES], strict=True):
        pixels = height * width * (0.08 + 0.92 * area)
        aspect = math.exp(low + (high - low) * ratio)
        w, h = round(math.sqrt(pixels * aspect)), round(math.sqrt(pixels / aspect))
        if 0 < w <= width and 0 < h <= height:
            top, left = draws[2 * TRIES : 2 * TRIES + 2]
            return int(top * (height - h + 1)), int(left * (width - w + 1)), h, w
    h, w = min(height, round(width * 4 / 3)), min(width, round(height * 4 / 3))
    return (height - h) // 2, (width - w) // 2, h, w
