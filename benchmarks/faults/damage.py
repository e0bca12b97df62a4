"""What can happen to a file of a study: it is damaged, moved, copied, deleted or left half."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path, Path, random.Random], None]


def flip_bit(file: Path, partner: Path, draw: random.Random) -> None:
    """Flip one bit."""
    content = bytearray(file.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    file.write_bytes(content)


def truncate(file: Path, partner: Path, draw: random.Random) -> None:
    """Cut the end off."""
    content = file.read_bytes()
    file.write_bytes(content[: draw.randrange(1, len(content))])


def empty(file: Path, partner: Path, draw: random.Random) -> None:
    """Leave nothing in the file."""
    file.write_bytes(b"")


def fill_with_zeros(file: Path, partner: Path, draw: random.Random) -> None:
    """Replace the content from a random byte on by zeros, as after a crash."""
    content = file.read_bytes()
    start = draw.randrange(len(content))
    file.write_bytes(content[:start] + bytes(len(content) - start))


def exchange_contents(file: Path, partner: Path, draw: random.Random) -> None:
    """Let two files have each other's content under their own names."""
    own, other = file.read_bytes(), partner.read_bytes()
    file.write_bytes(other)
    partner.write_bytes(own)


def swap(file: Path, partner: Path, draw: random.Random) -> None:
    """Let two files trade folders with their names; in one folder, trade names."""
    if file.parent == partner.parent:
        exchange_contents(file, partner, draw)
        return
    own, other = file.read_bytes(), partner.read_bytes()
    file.unlink()
    partner.unlink()
    (file.parent / partner.name).write_bytes(other)
    (partner.parent / file.name).write_bytes(own)


def move(file: Path, partner: Path, draw: random.Random) -> None:
    """Move the partner, with its name, into the place of the file; in one folder, over it."""
    if file.parent == partner.parent:
        partner.replace(file)
        return
    file.unlink()
    shutil.move(partner, file.parent / partner.name)


def copy(file: Path, partner: Path, draw: random.Random) -> None:
    """Copy the partner, with its name, beside the file; in one folder, over it."""
    shutil.copy(partner, file if file.parent == partner.parent else file.parent / partner.name)


def overwrite(file: Path, partner: Path, draw: random.Random) -> None:
    """Copy the partner over the file."""
    shutil.copy(partner, file)


def duplicate(file: Path, partner: Path, draw: random.Random) -> None:
    """Leave a second copy: of a trial's file as a later attempt's, of another beside it."""
    if file.parent.name.isdigit():
        later = file.parent.with_name(str(int(file.parent.name) + 1).zfill(len(file.parent.name)))
        later.mkdir(exist_ok=True)
        shutil.copy(file, later / file.name)
    else:
        shutil.copy(file, file.with_name(f"copy-{file.name}"))


def delete(file: Path, partner: Path, draw: random.Random) -> None:
    """Delete the file."""
    file.unlink()


def leave_half(file: Path, partner: Path, draw: random.Random) -> None:
    """Leave a temporary file, as a process leaves that dies while it writes."""
    content = file.read_bytes()
    half = content[: draw.randrange(len(content))]
    file.with_name(f".{file.name}.{draw.randrange(2, 99999)}.tmp").write_bytes(half)


DAMAGES: dict[str, Damage] = {
    "bit flipped": flip_bit,
    "truncated": truncate,
    "emptied": empty,
    "filled with zeros": fill_with_zeros,
    "contents exchanged": exchange_contents,
    "swapped": swap,
    "moved": move,
    "copied": copy,
    "overwritten": overwrite,
    "duplicated": duplicate,
    "deleted": delete,
    "half a temporary file": leave_half,
}
MOVES = ("contents exchanged", "swapped", "moved", "copied", "overwritten")  # between two files
ABSENT = ("deleted", "moved")  # a file may not be there afterwards
