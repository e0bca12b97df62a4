"""Heads of attention: found however attention is written, and watched as they are, to the bit."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

import nvp
from nvp.network.adopted.watched_heads import watch_heads
from nvp.network.adopting.finding import find_anatomy
from nvp.network.groups import neuron_layers, watched_layers
from nvp.vitality import judge_deaths
from nvp.vitality.activity import reduce_positions
from nvp.vitality.observe import observe_batches
from tests.network.attention import (
    ATTENTIONS,
    HEADS,
    Attention,
    Mixed,
    NoAttention,
    Torchs,
    make_attention,
    make_images,
)

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_heads_are_seen_as_they_are_by_hand(name: str) -> None:
    module = make_attention(ATTENTIONS[name])
    network = nvp.adopt(module, make_images(2))
    paths = list(network.find_heads())
    assert paths == (
        ["attention#heads", "attention#heads1"] if "torch" in name else ["forward#heads"]
    )
    for count in (5, 1):  # another number of images than adopting saw
        module.seen.clear()
        shown: dict[str, Tensor] = {}
        with watch_heads(network, shown.__setitem__), torch.no_grad(), no_fast_path():
            network.eval()(make_images(count, seed=1))
        assert list(shown) == paths
        for path, by_hand in zip(paths, module.seen, strict=True):
            assert shown[path].shape == by_hand.shape
            torch.testing.assert_close(shown[path].sort(2).values, by_hand.sort(2).values)


class no_fast_path:  # noqa: N801
    """Let nn.MultiheadAttention compute as it does while it is observed."""

    def __enter__(self) -> None:
        self.before = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)

    def __exit__(self, *error: object) -> None:
        torch.backends.mha.set_fastpath_enabled(self.before)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_their_statistics_are_those_of_the_slow_way(name: str) -> None:
    module = make_attention(ATTENTIONS[name])
    network = nvp.adopt(module, make_images(2))
    module.seen.clear()
    activity = nvp.observe(network, make_images(6, seed=2)).layers
    for path, by_hand in zip(network.find_heads(), module.seen, strict=True):
        mean, maximum, mean_abs, fires = reduce_positions(by_hand)
        torch.testing.assert_close(activity[path].mean, mean.mean(0))
        torch.testing.assert_close(activity[path].maximum, maximum.amax(0))
        torch.testing.assert_close(activity[path].mean_abs, mean_abs.mean(0))
        torch.testing.assert_close(activity[path].fire_rate, fires.mean(0))


@pytest.mark.parametrize("name", ATTENTIONS)
def test_the_layers_of_neurons_are_what_they_were(name: str) -> None:
    network = nvp.adopt(make_attention(ATTENTIONS[name]), make_images(2))
    assert list(neuron_layers(network)) == ["forward"]
    assert list(watched_layers(network))[:1] == ["forward"]
    assert [row.width for row in network.layers.values() if row.activation == "attention"] == [
        HEADS for _ in network.find_heads()
    ]
    assert all(bool(row.prunable) == (path == "forward") for path, row in network.layers.items())
    observation = nvp.observe(network, make_images(6))
    alone = nvp.adopt(make_attention(ATTENTIONS[name]), make_images(2))
    alone.anatomy.heads.clear()
    without = nvp.observe(alone, make_images(6))
    torch.testing.assert_close(observation.features, without.features, rtol=0, atol=0)
    for field, values in vars(without.layers["forward"]).items():
        if values is not None:
            assert torch.equal(values, getattr(observation.layers["forward"], field)), field


@pytest.mark.parametrize("make", [Mixed, NoAttention])
def test_what_is_no_attention_by_head_has_no_heads(make: Callable[[], Attention]) -> None:
    assert find_anatomy(make_attention(make), make_images(2)).heads == {}


def test_heads_are_watched_in_bfloat16_and_after_a_removal() -> None:
    network = nvp.adopt(make_attention(Attention).float(), make_images(2).float())
    images = make_images(8).float()
    full = nvp.observe(network, images).layers["forward#heads"]
    rough = observe_batches(network, [images], bins=8, precision="bfloat16")
    torch.testing.assert_close(
        rough.layers["forward#heads"].mean_abs, full.mean_abs, rtol=0.03, atol=0.01
    )
    nvp.prune(network, method="magnitude", sparsity=0.5, images=images)
    nvp.shrink(network)
    assert len(neuron_layers(network)["forward"].keep) == 3
    after = nvp.observe(network, images).layers["forward#heads"]
    torch.testing.assert_close(after.mean_abs, full.mean_abs)  # they lie before what was removed


def test_a_silent_head_is_dormant_and_none_is_dead() -> None:
    module = make_attention(Attention)
    with torch.no_grad():  # the values of head 1 are 0
        for parameter in module.rows.parameters():
            parameter[20:24] = 0
    network = nvp.adopt(module, make_images(2))
    (path, heads) = next(iter(network.find_heads().items()))
    activity = nvp.observe(network, make_images(6)).layers[path]
    verdicts = judge_deaths(activity, heads.keep, heads.activation)
    assert {name: verdict.tolist() for name, verdict in verdicts.items()} == {
        "dormant_0025": [False, True],
        "dormant_01": [False, True],
        "low_variance": [False, True],
    }


def test_an_attention_with_another_number_of_rows_is_named() -> None:
    network = nvp.adopt(make_attention(Torchs), make_images(2))
    network.anatomy.heads["attention#heads"].__dict__["outer"] = 3
    with pytest.raises(ValueError, match="attention#heads: expected an attention with as many"):
        nvp.observe(network, make_images(5))
