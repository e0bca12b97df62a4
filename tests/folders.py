"""Folders of a few made-up images, laid out as Tiny-ImageNet, ILSVRC or any ImageFolder."""

from pathlib import Path

import torch
from PIL import Image

CLASSES = ("n01", "n02", "n03")


def picture(seed: int, height: int, width: int, channels: int = 3) -> torch.Tensor:
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.randint(0, 256, (channels, 4, 4), generator=rng, dtype=torch.uint8)
    return torch.nn.functional.interpolate(coarse[None].float(), (height, width))[0].byte()


def write(path: Path, seed: int, *, height: int = 64, width: int = 64, channels: int = 3) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = picture(seed, height, width, channels).permute(1, 2, 0).squeeze(2).numpy()
    Image.fromarray(pixels).save(path, quality=95)


def tiny_imagenet(root: Path, *, each: int = 8) -> Path:
    """Three classes of 64x64 images, one of them grey, in the official layout; returns its folder.

    The validation images go round the classes from the last to the first.
    """
    folder = root / "tiny-imagenet-200"
    for label, name in enumerate(CLASSES):
        for k in range(each):
            place = folder / "train" / name / "images" / f"{name}_{k}.JPEG"
            write(place, 100 * label + k, channels=1 if k == 0 else 3)
    lines = []
    for k in range(6):
        write(folder / "val" / "images" / f"val_{k}.JPEG", 1000 + k)
        lines.append(f"val_{k}.JPEG\t{CLASSES[2 - k % 3]}\t0\t0\t62\t62\n")
    (folder / "val" / "val_annotations.txt").write_text("".join(lines))
    (folder / "wnids.txt").write_text("\n".join(sorted(CLASSES, reverse=True)) + "\n")
    return folder


def image_folder(folder: Path, *parts: str, each: int = 8, suffix: str = "JPEG") -> Path:
    """Images of several sizes in <part>/<class>/*; returns the folder."""
    for p, part in enumerate(parts):
        for label, name in enumerate(CLASSES):
            for k in range(each):
                seed = 1000 * p + 100 * label + k
                place = folder / part / name / f"{part}_{k}.{suffix}"
                write(place, seed, height=40 + 8 * k, width=80 - 4 * k)
    return folder
