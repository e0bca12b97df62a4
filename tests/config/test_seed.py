"""Named random streams: functions of (seed, stream, epoch) and of nothing else."""

import hashlib

import pytest
import torch

from nvp.config.seed import STREAMS, derive_seed, make_generator


def test_every_seed_stream_and_epoch_has_its_own_numbers() -> None:
    keys = [(s, name, e) for s in range(5) for name in STREAMS for e in range(20)]
    seeds = [derive_seed(*key) for key in keys]
    assert len(set(seeds)) == len(keys)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_the_seed_is_the_published_hash() -> None:
    digest = hashlib.sha256(b"7/noise/3").hexdigest()
    assert derive_seed(7, "noise", 3) == int(digest[:16], 16) // 2


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_depends_on_nothing_drawn_before(stream: str) -> None:
    first = torch.rand(4, generator=make_generator(3, stream, 2))
    torch.manual_seed(99)
    torch.rand(10)
    again = make_generator(3, stream, 2)
    assert torch.equal(torch.rand(4, generator=again), first)
    assert not torch.equal(torch.rand(4, generator=again), first)


def test_drawing_from_a_stream_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    torch.rand(100, generator=make_generator(0, "order"))
    assert torch.equal(torch.rand(3), expected)


def test_an_unknown_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a stream of .*'noise'.*, got 'nois'"):
        derive_seed(0, "nois")
