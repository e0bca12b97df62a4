"""Batches: whole, in an order that only (seed, epoch) decides, normalised, augmented."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from nvp.config.trial_config import DataConfig
from nvp.data.augment import crop_flip, cut_out, draw_crop, draw_holes, make_shifted_view
from nvp.data.batches import eval_batches, normalise_pixels, steps_per_epoch, train_batches
from nvp.data.splits import Images


def numbered(count: int, channels: int = 1, size: int = 6) -> Images:
    """Random images whose labels are their indices."""
    rng = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, channels, size, size), generator=rng)
    return Images(
        pixels.to(torch.uint8), torch.arange(count), (0.25,) * channels, (0.5,) * channels
    )


def order(images: Images, config: DataConfig, *, seed: int = 0, epoch: int = 1) -> list[int]:
    batches = train_batches(images, config, seed=seed, epoch=epoch)
    return [label for _, labels in batches for label in labels.tolist()]


@given(st.integers(1, 200), st.integers(1, 200))
@settings(deadline=None, max_examples=50)
def test_batches_are_whole_and_show_an_image_once(count: int, batch_size: int) -> None:
    if batch_size > count:
        with pytest.raises(ValueError, match=f"at most the {count} images .*got {batch_size}"):
            steps_per_epoch(count, batch_size)
        return
    images, config = numbered(count), DataConfig(batch_size=batch_size)
    batches = [labels for _, labels in train_batches(images, config, seed=0, epoch=1)]
    assert len(batches) == steps_per_epoch(count, batch_size) == count // batch_size
    assert {len(labels) for labels in batches} == {batch_size}
    shown = torch.cat(batches).tolist()
    assert len(set(shown)) == len(shown)


def test_the_order_is_of_the_seed_and_the_epoch_alone() -> None:
    images, plain = numbered(100), DataConfig(batch_size=10)
    first = order(images, plain)
    assert sorted(first) == list(range(100))
    torch.manual_seed(7)
    assert order(images, plain) == first
    assert order(images, DataConfig(batch_size=10, augment="crop_flip")) == first
    assert order(images, DataConfig(batch_size=25)) == first
    assert order(images, plain, seed=1) != first
    assert order(images, plain, epoch=2) != first


def test_pixels_go_with_their_labels() -> None:
    images = numbered(40, channels=3)
    for pixels, labels in train_batches(images, DataConfig(batch_size=8), seed=3, epoch=2):
        assert torch.equal(pixels, normalise_pixels(images.pixels[labels], images))


def test_normalise_by_hand() -> None:
    pixels = torch.tensor([[[[0, 255]], [[51, 102]]]], dtype=torch.uint8)
    images = Images(pixels, torch.tensor([0]), (0.5, 0.2), (0.25, 0.1))
    expected = torch.tensor([[[[-2.0, 2.0]], [[0.0, 2.0]]]])
    assert torch.allclose(normalise_pixels(pixels, images), expected, atol=1e-6)
    assert normalise_pixels(pixels, images).dtype == torch.float32


def variants(image: torch.Tensor) -> dict[bytes, tuple[int, int, bool]]:
    """Every padded shift of one image, mirrored or not."""
    height, width = image.shape[1:]
    padded = F.pad(image, (4, 4, 4, 4))
    found = {}
    for dy in range(9):
        for dx in range(9):
            crop = padded[:, dy : dy + height, dx : dx + width]
            found[crop.contiguous().numpy().tobytes()] = (dy, dx, False)
            found[crop.flip(-1).contiguous().numpy().tobytes()] = (dy, dx, True)
    return found


def test_an_augmented_image_is_a_shift_or_its_mirror_image() -> None:
    images = numbered(3, channels=2, size=8)
    view = make_shifted_view(images.pixels)
    index = torch.arange(600) % 3
    augmented = crop_flip(view, index, draw_crop(600, torch.Generator().manual_seed(0)))
    known = [variants(image) for image in images.pixels]
    used = [
        known[i][image.numpy().tobytes()]
        for i, image in zip(index.tolist(), augmented.contiguous(), strict=True)
    ]
    assert {dy for dy, _, _ in used} == {dx for _, dx, _ in used} == set(range(9))
    mirrored = sum(flip for _, _, flip in used)
    assert 240 < mirrored < 360  # five standard deviations around a half


def holes(count: int, side: int, *, size: int = 12) -> torch.Tensor:
    """Where images of ones were cut out."""
    images = torch.ones(count, 2, size, size)
    (centres,) = draw_holes(1, count, (size, size), torch.Generator().manual_seed(0))
    cut = cut_out(images, side, centres)
    assert set(cut.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(cut[:, 0], cut[:, 1])  # all channels
    assert torch.equal(images, torch.ones_like(images))
    return cut[:, 0] == 0


@pytest.mark.parametrize("side", [1, 4, 5, 40])
def test_a_hole_is_one_rectangle_clipped_at_the_border(side: int) -> None:
    found = holes(400, side)
    for hole in found:
        rows, columns = hole.any(1), hole.any(0)
        assert torch.equal(hole, rows.unsqueeze(1) & columns)
        for line in (rows, columns):
            where = line.nonzero().flatten()
            assert int(where[-1] - where[0]) + 1 == len(where) <= side
    whole = (found.sum((1, 2)) == side * side).float().mean()
    centres = max(12 - side + 1, 0) / 12
    assert abs(float(whole) - centres**2) < 0.12
    assert holes(4000, side).any(0).all()  # no pixel is spared


def test_the_hole_s_centre_is_that_of_the_paper() -> None:
    """DeVries and Taylor: y1 = clip(y - length // 2), y2 = clip(y + length // 2), y uniform."""
    rng = torch.Generator().manual_seed(0)
    y, x = (torch.randint(0, 12, (400, 1), generator=rng).flatten() for _ in range(2))
    for hole, row, column in zip(holes(400, 6), y.tolist(), x.tolist(), strict=True):
        expected = torch.zeros(12, 12, dtype=torch.bool)
        expected[max(row - 3, 0) : row + 3, max(column - 3, 0) : column + 3] = True
        assert torch.equal(hole, expected)


def test_holes_move_neither_the_order_nor_a_crop() -> None:
    images = numbered(60, channels=3, size=8)
    plain = DataConfig(batch_size=20, augment="crop_flip")
    cut = DataConfig(batch_size=20, augment="crop_flip", cutout=4)
    pairs = zip(
        train_batches(images, plain, seed=1, epoch=2),
        train_batches(images, cut, seed=1, epoch=2),
        strict=True,
    )
    for (before, labels), (after, same) in pairs:
        assert torch.equal(labels, same)
        changed = before != after
        assert torch.equal(after[changed], torch.zeros(int(changed.sum())))
        assert changed.flatten(1).any(1).all()


def test_shifts_are_a_view() -> None:
    pixels = numbered(5, size=32).pixels
    view = make_shifted_view(pixels)
    assert view.shape == (5, 1, 9, 9, 32, 32)
    assert view.untyped_storage().nbytes() == 5 * 40 * 40


@pytest.mark.parametrize("batch_size", [1, 7, 30, 512])
def test_evaluation_shows_every_image_in_order(batch_size: int) -> None:
    images = numbered(30)
    batches = list(eval_batches(images, batch_size))
    assert torch.cat([labels for _, labels in batches]).tolist() == list(range(30))
    assert torch.equal(torch.cat([p for p, _ in batches]), normalise_pixels(images.pixels, images))
