"""What was made faster gives the numbers of the slow path, bit for bit."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import SGD

from nvp.config.trial_config import DataConfig
from nvp.data.batches import train_batches
from nvp.data.splits import Images
from nvp.training.noise import add_flat, find_total_norm
from nvp.training.optim import clear_gradients
from nvp.vitality.activity import reduce_positions
from nvp.vitality.summary import select_kept

SHAPES = ((7, 3, 3, 3), (7,), (), (5, 63), (0,))


def make_gradients(seed: int) -> list[Tensor]:
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=rng) for shape in SHAPES]


@pytest.mark.parametrize("seed", range(3))
def test_the_total_norm_is_torch_s(seed: int) -> None:
    gradients = make_gradients(seed)
    assert find_total_norm(gradients).equal(get_total_norm(gradients))


def test_a_flat_vector_is_added_entry_by_entry() -> None:
    gradients = make_gradients(0)
    noise = torch.randn(sum(gradient.numel() for gradient in gradients))
    parts = noise.split([gradient.numel() for gradient in gradients])
    expected = [g + part.view_as(g) for g, part in zip(gradients, parts, strict=True)]
    add_flat(gradients, noise)
    assert all(g.equal(e) for g, e in zip(gradients, expected, strict=True))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_maximum_and_fraction_that_fires_are_those_of_the_plain_way(
    layout: torch.memory_format, dtype: torch.dtype
) -> None:
    y = torch.randn(9, 5, 17, 19).to(dtype).contiguous(memory_format=layout)
    y[0, 0, 0, :3] = torch.tensor([0.0, -0.0, float("nan")])
    wide = torch.promote_types(dtype, torch.float32)
    counted = torch.count_nonzero(y.flatten(2) > 0, dim=2).to(wide) / (17 * 19)
    _, maximum, _, fires = reduce_positions(y)
    assert fires.equal(counted)
    assert maximum.nan_to_num(9).equal(y.to(wide).flatten(2).amax(2).nan_to_num(9))
    flat = y.flatten(2)[:, :, 0]
    assert reduce_positions(flat)[3].equal((flat > 0).to(wide))


@pytest.mark.parametrize(("kept", "columns"), [(0, 6), (2, 2), (6, 6)])
def test_bin_edges_are_of_kept_neurons_or_of_all_where_there_are_none(
    kept: int, columns: int
) -> None:
    means, keep = torch.randn(4, 6), torch.arange(6) < kept
    assert select_kept(means, keep).equal(means[:, :columns])


def test_batches_are_the_images_at_the_rows_of_the_order() -> None:
    pixels = torch.randint(0, 256, (40, 2, 5, 3), dtype=torch.uint8)
    images = Images(pixels, torch.arange(40), (0.4, 0.5), (0.2, 0.3))
    for augment in ("none", "crop_flip"):
        config = DataConfig(name="digits", batch_size=8, augment=augment)
        for shown, labels in train_batches(images, config, seed=0, epoch=1):
            mean, std = torch.tensor([0.4, 0.5]), torch.tensor([0.2, 0.3])
            wanted = (pixels[labels] / 255 - mean.view(-1, 1, 1)) / std.view(-1, 1, 1)
            if augment == "none":
                assert torch.allclose(shown, wanted, atol=1e-5)
            assert shown.shape == wanted.shape


class Counted(SGD):
    """An optimizer that clears gradients in a way of its own."""

    cleared = 0

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.cleared += 1
        super().zero_grad(set_to_none)


def test_gradients_are_cleared_also_in_an_optimizer_s_own_way() -> None:
    layer = nn.Linear(2, 2)
    for optimizer in (SGD(layer.parameters()), Counted(layer.parameters())):
        layer(torch.ones(1, 2)).sum().backward()
        clear_gradients(optimizer)
        assert all(parameter.grad is None for parameter in layer.parameters())
    assert optimizer.cleared == 1  # pyright: ignore[reportAttributeAccessIssue]
