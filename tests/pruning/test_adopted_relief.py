"""NN Relief on adopted networks: by hand, as on networks of neuron layers, and its laws."""

import copy
import logging

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

import nvp
from nvp.config.trial_config import PruneConfig
from nvp.data.ready_inputs import ReadyInputs
from nvp.network.adopted.adopted import Adopted
from nvp.network.adopted.watched_maps import read_window
from nvp.network.groups import find_groups, prunable_groups
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.weight_masks import parameter_masks, weight_sparsity
from nvp.pruning.nn_relief import adopted_relief as module
from nvp.pruning.nn_relief.adopted_relief import find_lost_units, run_adopted_relief
from nvp.pruning.nn_relief.coverage import score_map
from nvp.pruning.nn_relief.patches import arrange_mask
from nvp.pruning.nn_relief.relief import Relief, run_nn_relief
from nvp.pruning.nn_relief.relief_step import find_emptied, find_lost, run_pass
from tests.in_turn import in_turn
from tests.pruning.test_nn_relief import CASES, linear, model_of, probe

torch.set_num_threads(1)
CHAINS = [case for case in CASES if "resnet" not in case[0]]


class Foreign(nn.Module):
    """What a neuron layer computes, of torch's own modules."""

    def __init__(self, layer: NeuronLayer) -> None:
        super().__init__()
        self.affine, self.norm, self.activation = layer.affine, layer.norm, layer.activation

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.norm(self.affine(x)))


def adopt_copy(model: nn.Module) -> Adopted:
    """Return a network of torch's own modules with the same tensors, adopted."""
    model = copy.deepcopy(model)
    for path, layer in [*model.named_modules()]:
        if isinstance(layer, NeuronLayer):
            parent, _, name = path.rpartition(".")
            model.get_submodule(parent)._modules[name] = Foreign(layer)
    return nvp.adopt(model, probe(2))


def relieve(network: Adopted, images: Tensor, alpha: float = 0.9, norm="frobenius") -> Relief:
    return run_adopted_relief(network, images, alpha_conv=alpha, alpha_fc=alpha, norm=norm)


def inside(relief: Relief) -> dict[str, Tensor]:
    """The masks, named as in the user's network."""
    return {name.removeprefix("module."): mask for name, mask in relief.weights.items()}


def apply(network: Adopted, relief: Relief) -> Adopted:
    network = copy.deepcopy(network)
    with torch.no_grad():
        for name, keep in relief.weights.items():
            network.get_parameter(name).mul_(keep)
    return network


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("name", "norm", "alpha"), in_turn(CHAINS, [0.6, 0.9, 1.0]))
def test_masks_are_those_of_the_same_network_of_neuron_layers(name: str, norm: str, alpha) -> None:
    own = model_of(name, norm).eval()
    adopted = adopt_copy(own)
    for order in ("frobenius", "l1"):
        wanted = run_nn_relief(own, probe(), alpha_conv=alpha, alpha_fc=alpha, norm=order)
        found = relieve(adopted, probe(), alpha, order)
        masks = inside(found)
        assert not found.untouched
        assert masks.keys() == wanted.weights.keys()
        assert all(torch.equal(masks[key], mask) for key, mask in wanted.weights.items())
        emptied = {
            group: torch.stack([find_emptied(own, path, wanted) for path in paths]).all(0)
            for group, paths in prunable_groups(own).items()
        }
        lost = find_lost_units(adopted, found)
        assert [v.tolist() for v in lost.values()] == [v.tolist() for v in emptied.values()]


class TwoReaders(nn.Module):
    """Two inputs -> two units; one map reads their sum with an input, another their product."""

    def __init__(self) -> None:
        super().__init__()
        self.make = linear([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0])
        self.of_sum = linear([[1.0, 1.0], [1.0, 0.2]], [0.0, 0.0])
        self.of_product = linear([[1.0, 1.0], [0.1, 1.0]], [0.0, 0.0])
        self.head = linear([[1.0, 1.0]], [0.0])

    def forward(self, x: Tensor) -> Tensor:
        units = F.relu(self.make(x))
        one = F.relu(self.of_sum(units + torch.tensor([8.0, 0.0])))  # reads 10 and 3
        two = F.relu(self.of_product(units * torch.tensor([1.0, 5.0])))  # reads 2 and 15
        return self.head(one + two)


def test_the_share_is_of_what_each_map_reads_by_hand() -> None:
    network = nvp.adopt(TwoReaders(), torch.ones(2, 2))
    images = torch.tensor([[1.0, 2.0], [3.0, 4.0]])  # so the units are 2 and 3 on average
    masks = inside(relieve(network, images, alpha=0.7))
    # Into the neurons of of_sum come 10, 3, 0 and 10, 0.6, 0 (the last is the bias). Of the first
    # 10 of 13 is above the share, so the threshold is the second, 3, and only what is above stays.
    assert masks["of_sum.weight"].tolist() == [[True, False], [True, False]]
    # Into those of of_product 2, 15, 0 and 0.2, 15, 0.
    assert masks["of_product.weight"].tolist() == [[False, True], [False, True]]
    masks = inside(relieve(network, images, alpha=0.9))  # 10 of 13 is below it, 15 of 17 too
    assert masks["of_sum.weight"].tolist() == [[True, True], [True, False]]
    assert masks["of_product.weight"].tolist() == [[True, True], [False, True]]
    assert not masks["of_sum.bias"].any()


MAPS = {
    "conv2d": (F.conv2d, (3, 4), False),
    "conv_transpose2d": (F.conv_transpose2d, (3, 4), True),
    "conv1d": (F.conv1d, (4,), False),
    "conv_transpose1d": (F.conv_transpose1d, (4,), True),
}
WINDOWS = [{"stride": 1}, {"stride": 2, "padding": 1}, {"stride": 2, "padding": 3, "dilation": 2}]


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("groups", [1, 2, 8])
@pytest.mark.parametrize("kind", MAPS)
def test_scores_of_every_kind_of_convolution_are_the_slow_ones(kind: str, groups: int) -> None:
    convolve, kernel, transposed = MAPS[kind]
    rng, (c, f) = torch.Generator().manual_seed(0), (8, 16)
    shape = (c, f // groups) if transposed else (f, c // groups)
    weight = torch.randn(*shape, *kernel, generator=rng).double()
    bias = torch.randn(f, generator=rng).double()
    x = torch.rand(c, *(9, 8)[: len(kernel)], generator=rng).double()
    windows = [*WINDOWS, {"stride": 3, "output_padding": 2} if transposed else {"padding": "same"}]
    for window in windows:
        window = {**window, "groups": groups}
        maps = []
        for channel in range(c):
            one = torch.zeros_like(x).index_put_((torch.tensor(channel),), x[channel])
            maps.append(convolve(one[None], weight.abs(), **window)[0].flatten(1))
        told = read_window(weight, window, transposed=transposed)
        means = (x if x.dim() == 3 else x.unsqueeze(1)).unsqueeze(0)
        for norm, order in (("frobenius", 2), ("l1", 1)):
            found = score_map(weight, bias, means, told, norm)
            for j in range(f):
                of_group = j // (f // groups) * (c // groups)
                wanted = [maps[of_group + i][j].norm(order) for i in range(c // groups)]
                wanted.append(bias[j].abs() * maps[0].shape[1] ** (1 / order))
                assert torch.allclose(found[j], torch.stack(wanted)), (window, norm)
            keep = torch.rand(f, c // groups, generator=rng) > 0.5
            masked = score_map(weight * arrange_mask(keep, weight, told), None, means, told, norm)
            assert torch.equal(masked > 0, keep)


class Odd(nn.Module):
    """A map that is called twice, tokens, and weights of which nothing can be told."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.twice, self.late = nn.Linear(8, 8), nn.Linear(8, 8)
        self.encoder, self.solid = nn.Linear(8, 6), nn.Conv3d(1, 1, 1)
        self.unused, self.head = nn.Linear(8, 8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(x, x, x)[0]
        x = F.relu(self.twice(F.relu(self.twice(x))))
        x = F.relu(self.late(x.transpose(0, 1))).transpose(0, 1)  # tokens before images
        x = x + F.linear(F.relu(self.encoder(x)), self.encoder.weight.t())
        x = self.solid(x[:, None, :, :, None])[:, 0, :, :, 0]
        return self.head(F.relu(x).mean(1))


@pytest.fixture
def odd() -> Adopted:
    torch.manual_seed(0)
    return nvp.adopt(Odd(), torch.randn(2, 4, 8))


def test_weights_of_which_nothing_can_be_told_are_left_and_named(odd: Adopted, caplog) -> None:
    images, config = torch.randn(6, 4, 8), PruneConfig(method="nn_relief")
    wanted = {
        "attention.out_proj.weight": "something other than a linear map",
        "encoder.weight": "something other than a linear map",
        "solid.weight": "something other than a linear map",
        "unused.weight": "of no linear map or convolution that runs",
        "late.weight": "images do not lie one after another",
    }
    relief = relieve(odd, images)
    found = {name.removeprefix("module."): why for name, why in relief.untouched.items()}
    assert found.keys() == wanted.keys()
    assert all(wanted[name] in why for name, why in found.items()), found
    assert {"twice.weight", "head.weight"} <= inside(relief).keys()
    assert not {*wanted, "encoder.bias"} & inside(relief).keys()
    with caplog.at_level(logging.WARNING):
        counts = nvp.prune(odd, method=config.method, images=images)
        assert sum(counts.values()) > 0
        assert "nn_relief leaves attention.out_proj.weight as it is: something" in caplog.text
        caplog.clear()
        nvp.prune(odd, method=config.method, images=images)
        assert not caplog.text, "said once"


def test_positions_of_a_map_are_those_of_all_of_its_calls(odd: Adopted) -> None:
    images, weight = torch.randn(6, 4, 8), odd.module.twice.weight.detach()
    seen: list[Tensor] = []
    handle = odd.module.twice.register_forward_pre_hook(lambda m, args: seen.append(args[0]))
    masks = inside(relieve(odd, images, 0.8))["twice.weight"]
    seen.clear()
    with torch.no_grad():
        odd(images)
    handle.remove()
    both = torch.cat([x.abs().mean(0) for x in seen])  # (2 x 4 positions, 8)
    signal = weight.abs() * both.norm(dim=0)
    bias = odd.module.twice.bias.detach().abs() * 8**0.5
    for row, keep, added in zip(signal, masks, bias, strict=True):
        ranked = torch.cat([row, added[None]]).sort(descending=True).values
        below = int((ranked.cumsum(0) < 0.8 * ranked.sum()).sum())
        assert keep.tolist() == (row > ranked[min(below + 1, 8)]).tolist()


@pytest.fixture(scope="module")
def resnet() -> tuple[Adopted, Tensor]:
    """A ResNet-18 of torchvision with statistics and shifts of its own, and images."""
    torch.manual_seed(0)
    model, images = torchvision.models.resnet18(num_classes=5), torch.randn(6, 3, 32, 32)
    with torch.no_grad():
        model(images)
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return nvp.adopt(model, images[:2]).eval(), images


def test_what_no_map_of_a_resnet_reads_goes_and_changes_no_output(resnet, monkeypatch) -> None:
    network, images = resnet
    complete = relieve(network, images)
    assert not complete.untouched
    monkeypatch.setattr(module, "drop_unread_units", lambda network, relief: None)
    forward_only = relieve(network, images)
    whole = {name: mask.clone().fill_(True) for name, mask in complete.weights.items()}
    before = whole | forward_only.weights
    assert sum(int((before[n] & ~k).sum()) for n, k in complete.weights.items()) > 1000
    with torch.no_grad():
        one, two = (apply(network, relief)(images) for relief in (complete, forward_only))
    assert torch.allclose(one, two, atol=1e-5 * float(one.abs().max()))


def test_a_relieved_resnet_shrinks_exactly_and_a_second_pass_brings_nothing_back(resnet) -> None:
    network, images = copy.deepcopy(resnet[0]), resnet[1]
    before = {key: value.clone() for key, value in network.state_dict().items()}
    first = relieve(network, images)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    second = relieve(apply(network, first), images)
    for name, keep in second.weights.items():
        assert not (keep & ~first.weights.get(name, keep)).any(), name
    counts = nvp.prune(network, method="nn_relief", images=images)
    masked, total = weight_sparsity(network)
    live = sum(int((~mask).sum()) for name, mask in parameter_masks(network).items())
    assert sum(counts.values()) > 0
    assert 0.2 < masked / total < 0.95
    assert masked <= live
    units = sum(int((~group.keep).sum()) for group in find_groups(network).values())
    with torch.no_grad():
        masked_out = network(images)
        assert sum(nvp.shrink(network).values()) >= units > 0
        assert torch.allclose(
            network(images), masked_out, atol=1e-5 * float(masked_out.abs().max())
        )


def test_a_unit_that_nothing_makes_stays_where_its_function_is_not_0_at_0() -> None:
    """Two equal inputs are a tie, and go together, so nothing makes the first unit any more."""
    for function, lost in ((nn.ReLU(), True), (nn.Softplus(), False)):
        model = nn.Sequential(
            linear([[1.0, 1.0], [1.0, 3.0]]), function, linear([[1.0, 1.0], [1.0, 1.0]])
        )
        network = nvp.adopt(model, torch.rand(2, 2))
        relief = relieve(network, torch.ones(4, 2), 0.5)
        relief.weights["module.2.weight"].fill_(True)  # as if both were read
        assert find_lost(network, relief)["1"].tolist() == [lost, False]


def test_tokens_are_given_as_they_are() -> None:
    model = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 3))
    tokens = torch.randint(0, 20, (6, 5), generator=torch.Generator().manual_seed(0))
    network = nvp.adopt(model, tokens[:2])
    relief = run_pass(
        network, ReadyInputs(tokens, torch.zeros(6, dtype=torch.int64)), PruneConfig()
    )
    assert inside(relief).keys() == {f"{n}.{leaf}" for n in (1, 3) for leaf in ("weight", "bias")}


@pytest.mark.parametrize("settings", [{"norm": "l2"}, {"alpha": 0.0}])
def test_what_is_no_setting_is_refused(settings: dict, resnet) -> None:
    with pytest.raises(ValueError, match="expected one of|share in"):
        relieve(*resnet, **settings)
