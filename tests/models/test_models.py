"""Models: the laws of `nvp.testing` over MODELS, and facts of each.

Each structure is tried with and without norm; activation, width and mode come in turn. Not
covered: each structure with each activation (that an activation of 0 is 0 is tested of each).
"""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from nvp.config.trial_config import ModelConfig
from nvp.models import build_model
from nvp.models.activations import ACTIVATIONS
from nvp.models.pretrained import load_torchvision, read_weights
from nvp.network.flops import count_flops
from nvp.network.groups import maskable_layers, neuron_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer, Shortcut
from nvp.network.subsample import Subsample
from nvp.testing import ActivationSuite, ModelSuite, removal_laws
from nvp.testing.law import Law
from nvp.testing.model_case import ModelCase, stir, watch_outputs
from tests.in_turn import in_turn
from tests.tiny import STRUCTURES, VARIANTS

torch.set_num_threads(1)  # on networks this small threads cost more than they give
SHAPE = (3, 8, 8)
LAYERS = {
    "convnet": 4,
    "lenet300": 2,
    "lenet5": 3,
    "mlp": 2,
    "resnet18": 17,
    "resnet18_dropout": 19,
    "resnet18_imagenet": 17,
    "resnet20": 19,
    "resnet20_b": 19,
    "resnet32": 31,
    "resnet32_b": 31,
    "resnet44": 43,
    "resnet44_b": 43,
    "resnet50": 49,
    "resnet56": 55,
    "resnet56_b": 55,
    "vgg11": 8,
    "vgg13": 10,
    "vgg16": 13,
    "vgg19": 16,
    "vgg_like": 14,
}
NETWORKS = [(name, norm) for name in STRUCTURES for norm in ("batch", "none")]
ACTIVATED = [("relu", 0.25), ("leaky_relu", 0.125), ("silu", 0.0625)]
CASES = [(*shape, *chosen) for *shape, chosen in in_turn(NETWORKS, ACTIVATED)]
MODES = [
    (*shape, *chosen, mode) for *shape, chosen, mode in in_turn(NETWORKS, ACTIVATED, [True, False])
]
DROPPED = {"resnet18_dropout": ("hidden.1", "hidden.3"), "vgg_like": ("hidden.1",)}
suite = pytest.mark.parametrize(("name", "norm", "activation", "width"), CASES)
LAWS = [law for law in ModelSuite.laws if law.__module__ != removal_laws.__name__]
suite_of_modes = pytest.mark.parametrize(("name", "norm", "activation", "width", "training"), MODES)


def make(name: str, norm: str = "batch", activation: str = "relu", width: float = 0.125, seed=0):
    config = ModelConfig(name=name, norm=norm, activation=activation, width=width)
    return build_model(config, SHAPE, 5, seed=seed)


@pytest.mark.one_in(5)
@suite_of_modes
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_our_models_keep_the_laws(law: Law, name, norm, activation, width, training: bool) -> None:
    config = ModelConfig(name=name, norm=norm, activation=activation, width=width)
    law(ModelCase(config, SHAPE, 5, modes=(training,)))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_has_more_or_fewer_of_the_same_layers(name: str) -> None:
    model = make(name, width=0.0625).eval()
    logits, seen = watch_outputs(model, torch.randn(2, *SHAPE))
    assert logits.shape == (2, 5)
    order = [path for path in seen if not isinstance(model.get_submodule(path), Shortcut)]
    assert order == list(neuron_layers(model))
    assert len(order) == LAYERS[name]
    assert set(model.reads.values()) == set(prunable_groups(model))


@pytest.mark.one_in(2)
@suite
def test_every_layer_is_found_and_every_parameter_but_the_head_s_is_a_neuron_s(
    name, norm, activation, width
) -> None:
    model = make(name, norm, activation, width)
    assert len(neuron_layers(model)) == LAYERS[name]
    owned = {id(p) for layer in maskable_layers(model).values() for p in layer.own}
    rest = {name for name, p in model.named_parameters() if id(p) not in owned}
    assert rest == {"head.weight", "head.bias"}
    behind_dropout = DROPPED.get(name, ())
    for path, layer in maskable_layers(model).items():
        assert isinstance(layer.norm, nn.Identity) == (norm == "none" or path in behind_dropout)


@pytest.mark.one_in(2)
@suite
def test_reads_names_a_reader_of_every_group_and_all_affine_maps_but_the_first(
    name, norm, activation, width
) -> None:
    model = make(name, norm, activation, width)
    affine = {
        path.removesuffix(".affine")
        for path, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }
    first = next(iter(maskable_layers(model)))
    assert set(model.reads) == affine - {first}
    assert set(model.reads.values()) == set(prunable_groups(model))


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", STRUCTURES)
def test_widths_scale(name: str) -> None:
    widths = {
        width: [len(layer.keep) for layer in neuron_layers(make(name, width=width)).values()]
        for width in (0.5, 1.0)
    }
    assert [2 * n for n in widths[0.5]] == widths[1.0]
    thin = neuron_layers(make(name, width=1e-6)).values()
    assert {len(layer.keep) for layer in thin} == {1}


def count_parameters(name: str, shape: tuple[int, int, int], classes: int = 10, **kwargs) -> int:
    model = build_model(ModelConfig(name=name, **kwargs), shape, classes, seed=0)
    return sum(p.numel() for p in model.parameters())


def test_the_sizes_of_small_networks() -> None:
    assert count_parameters("lenet5", (1, 28, 28), norm="none") == 431_080
    assert count_parameters("lenet300", (1, 28, 28), norm="none") == 266_610
    mlp = 64 * 128 + 128 + 128 * 129 + 10 * 129
    assert count_parameters("mlp", (1, 8, 8), norm="none") == mlp
    convs = 32 * 9 + 64 * 32 * 9 + 64 * 64 * 9
    norms = 2 * (32 + 64 + 64 + 128)
    assert count_parameters("convnet", (1, 8, 8)) == convs + 256 * 128 + norms + 10 * 129


@pytest.mark.parametrize(
    ("name", "millions", "exact"),  # millions as published: He et al. 2016, table 6; and others'
    [
        ("resnet18", 11.17, 11_173_962),
        ("resnet20", 0.27, 269_722),
        ("resnet32", 0.46, 464_154),
        ("resnet44", 0.66, 658_586),
        ("resnet56", 0.85, 853_018),
        ("resnet20_b", 0.27, 269_722 + 16 * 32 + 64 + 32 * 64 + 128),
        ("resnet32_b", 0.47, 464_154 + 2752),
        ("resnet44_b", 0.66, 658_586 + 2752),
        ("resnet56_b", 0.86, 853_018 + 2752),
        ("vgg11", 9.23, 9_228_362),
        ("vgg13", 9.41, 9_413_066),
        ("vgg16", 14.72, 14_724_042),
        ("vgg19", 20.04, 20_035_018),
    ],
)
def test_the_published_sizes(name: str, millions: float, exact: int) -> None:
    assert count_parameters(name, (3, 32, 32)) == exact
    assert round(exact / 1e6, 2) == millions


def test_sizes_differ_from_those_published_by_the_biases_that_batch_norm_cancels() -> None:
    of_convs = 2 * 64 + 2 * 128 + 3 * 256 + 6 * 512
    assert count_parameters("vgg16", (3, 32, 32)) + of_convs == 14_728_266
    assert count_parameters("vgg_like", (3, 32, 32)) + of_convs == 14_990_922
    assert count_parameters("resnet18_dropout", (3, 32, 32)) + 64 == 11_334_410


def test_resnet50_has_the_published_size_and_cost() -> None:
    model = build_model(ModelConfig(name="resnet50"), (3, 224, 224), 1000, seed=0)
    assert sum(p.numel() for p in model.parameters()) == 25_557_032
    assert count_flops(model, (3, 224, 224)) == 2 * 4_089_184_256  # torchvision: 4.09 GFLOPS


def test_the_resnet18_of_imagenet_has_the_published_size_and_cost() -> None:
    model = build_model(ModelConfig(name="resnet18_imagenet"), (3, 224, 224), 1000, seed=0)
    assert sum(p.numel() for p in model.parameters()) == 11_689_512
    assert count_flops(model, (3, 224, 224)) == 2 * 1_814_073_344  # torchvision: 1.81 GFLOPS


@pytest.mark.parametrize(
    ("name", "wanted"),  # multiply-accumulates of one 32x32 image, as the pruning literature has
    [
        ("resnet18", 555_422_720),  # 0.556 G
        ("resnet20", 40_551_040),  # 40.55 M
        ("resnet56", 125_485_696),  # 125.49 M
        ("vgg16", 313_201_664),  # 0.313 G
    ],
)
def test_the_published_costs(name: str, wanted: int) -> None:
    model = build_model(ModelConfig(name=name), (3, 32, 32), 10, seed=0)
    assert count_flops(model, (3, 32, 32)) == 2 * wanted


def test_the_cost_by_hand_and_the_model_is_left_as_it_was() -> None:
    model = build_model(ModelConfig(name="resnet20_b", width=0.125), SHAPE, 5, seed=0)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    stage1 = (3 * 2 + 6 * 2 * 2) * 9 * 64
    stage2 = (2 * 4 + 5 * 4 * 4) * 9 * 16 + 2 * 4 * 16
    stage3 = (4 * 8 + 5 * 8 * 8) * 9 * 4 + 4 * 8 * 4
    assert count_flops(model, SHAPE) == 2 * (stage1 + stage2 + stage3 + 8 * 5)
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def torchvision_resnet(name: str, classes: int) -> nn.Module:
    """torchvision's network with random weights and statistics; ResNet-18 with the CIFAR stem."""
    import torchvision  # takes seconds

    torch.manual_seed(0)
    theirs = name.removesuffix("_imagenet")
    model = getattr(torchvision.models, theirs)(weights=None, num_classes=classes)
    if name == "resnet18":
        model.conv1, model.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    rng = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight.data, module.bias.data, module.running_mean):
                tensor.add_(0.1 * torch.randn(len(tensor), generator=rng))
            module.running_var.mul_(0.5 + torch.rand(len(module.bias), generator=rng))
    return model.eval()


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("name", "suffix"),
    [("resnet18", "safetensors"), ("resnet18_imagenet", "pth"), ("resnet50", "pth")],
)
def test_torchvision_s_weights_give_torchvision_s_outputs(name: str, suffix: str, tmp_path) -> None:
    theirs, file = torchvision_resnet(name, 7), str(tmp_path / f"weights.{suffix}")
    (save_file if suffix == "safetensors" else torch.save)(theirs.state_dict(), file)
    x = torch.randn(2, 3, 32, 32)
    ours = build_model(ModelConfig(name=name, weights=file), (3, 32, 32), 7, seed=0).eval()
    assert torch.allclose(ours(x), theirs(x), atol=1e-5, rtol=1e-5)
    other = build_model(ModelConfig(name=name, weights=file), (3, 32, 32), 5, seed=0).eval()
    plain = build_model(ModelConfig(name=name), (3, 32, 32), 5, seed=0)
    assert torch.equal(other.head.weight, plain.head.weight), "a head of its own"
    assert torch.equal(other.stages[3][1].first.weight, ours.stages[3][1].first.weight)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        (
            {"width": 0.5},
            r"model\.weights: stem\.affine\.weight: expected shape \(32, 3, 3, 3\), got",
        ),
        ({"norm": "none"}, r"missing \['stages.*unknown \['stages\.0\.0\.first\.norm\.bias'"),
        ({"name": "resnet20"}, r"unknown \['stages\.1\.0\.shortcut\.affine\.weight'"),
        ({"weights": "no.pth"}, r"model\.weights: expected a .* file, got 'no\.pth'"),
    ],
)
def test_weights_that_do_not_fit_are_refused(changes: dict, wanted: str, tmp_path) -> None:
    file = str(tmp_path / "weights.safetensors")
    save_file(torchvision_resnet("resnet18", 10).state_dict(), file)
    config = ModelConfig(**{"name": "resnet18", "weights": file} | changes)
    with pytest.raises(ValueError, match=wanted):
        build_model(config, (3, 32, 32), 10, seed=0)


def test_a_file_that_holds_more_than_tensors_is_refused(tmp_path) -> None:
    file = tmp_path / "whole.pth"
    torch.save(nn.Linear(2, 3), file)
    with pytest.raises(ValueError, match="expected tensors by name in .*, got other objects"):
        read_weights(str(file))


def test_imagenet_s_stem_does_not_fit_the_cifar_resnet18() -> None:
    theirs = torchvision_resnet("resnet18_imagenet", 10)
    model = build_model(ModelConfig(name="resnet18"), (3, 32, 32), 10, seed=0)
    with pytest.raises(ValueError, match=r"expected shape \(64, 3, 3, 3\), got \(64, 3, 7, 7\)"):
        load_torchvision(model, theirs.state_dict())


def test_the_stem_of_resnet50_is_internal_and_its_streams_are_four_times_as_wide() -> None:
    model = build_model(ModelConfig(name="resnet50", width=0.125), SHAPE, 10, seed=0)
    groups, layers = prunable_groups(model), maskable_layers(model)
    assert groups["stem"] == ("stem",)
    assert {g: len(layers[groups[g][0]].keep) for g in groups if "." not in g} == {
        "stem": 8,
        "stage1": 32,
        "stage2": 64,
        "stage3": 128,
        "stage4": 256,
    }
    assert [len(groups[f"stage{n}"]) for n in (1, 2, 3, 4)] == [4, 5, 7, 4]  # blocks + shortcut
    strides = {path: layer.affine.stride[0] for path, layer in layers.items()}
    assert {path for path, stride in strides.items() if stride == 2} == {
        "stem",
        *(f"stages.{n}.0.{name}" for n in (1, 2, 3) for name in ("second", "shortcut")),
    }


@pytest.mark.parametrize(
    ("shape", "pools"), [((32, 32), 5), ((64, 48), 5), ((31, 40), 4), ((8, 8), 3), ((1, 9), 0)]
)
def test_vgg_leaves_out_poolings_that_would_leave_nothing(
    shape: tuple[int, int], pools: int
) -> None:
    model = build_model(ModelConfig(name="vgg11", width=0.05), (1, *shape), 10, seed=0)
    assert model.num_pools == pools
    assert model(torch.randn(2, 1, *shape)).shape == (2, 10)


def test_resnet18_has_the_published_sites() -> None:
    model = build_model(ModelConfig(name="resnet18"), (3, 32, 32), 10, seed=0)
    sites = {"internal": 0, "stream": 0}
    for layer in neuron_layers(model).values():
        sites[layer.site] += len(layer.keep)
    assert sites == {"internal": 1920, "stream": 64 + 1920}
    units = {
        group: len(model.get_submodule(paths[0]).keep)
        for group, paths in prunable_groups(model).items()
    }
    assert {g: n for g, n in units.items() if g.startswith("stage") and "." not in g} == {
        "stage1": 64,
        "stage2": 128,
        "stage3": 256,
        "stage4": 512,
    }
    assert sum(units.values()) == 1920 + 960


@pytest.mark.parametrize("name", ["convnet", "lenet5"])
def test_too_small_images_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"at least 4x4, got \(3, 8\)"):
        build_model(ModelConfig(name=name), (1, 3, 8), 10, seed=0)


@pytest.mark.parametrize(
    ("shape", "inputs"),
    [
        ((28, 28), 800),
        ((16, 16), 50),
        ((17, 30), 200),
        ((15, 30), 1050),
        ((8, 8), 200),
        ((4, 5), 50),
    ],
)
def test_lenet5_pads_images_that_are_small(shape: tuple[int, int], inputs: int) -> None:
    model = build_model(ModelConfig(name="lenet5"), (1, *shape), 10, seed=0)
    assert model.hidden.weight.shape == (500, inputs)
    assert model(torch.randn(2, 1, *shape)).shape == (2, 10)


def test_a_shortcut_without_parameters_carries_the_stream_in_the_middle_channels() -> None:
    x = torch.arange(32.0).view(1, 2, 4, 4) + 1
    y = Subsample(2, 5, stride=2)(x)
    assert y.shape == (1, 5, 2, 2)
    assert y[0, 1].tolist() == [[1.0, 3.0], [9.0, 11.0]]
    assert torch.equal(y[:, 1:3], x[:, :, ::2, ::2])
    assert not y[:, [0, 3, 4]].any()
    assert torch.equal(y[:, Subsample(2, 5, stride=2).carried], y[:, 1:3])


def test_a_masked_channel_is_silent_though_a_shortcut_of_another_stream_writes_it() -> None:
    model = make("resnet20", width=0.5).eval()
    stir(model)
    add = model.stages[1][0].second
    middle = model.stages[1][0].shortcut.carried.start
    x = 3 * torch.randn(4, *SHAPE)
    assert watch_outputs(model, x)[1]["stages.1.0.second"][:, middle].any()
    for path in prunable_groups(model)["stage2"]:
        model.get_submodule(path).keep[middle] = False
    _, seen = watch_outputs(model, x)
    assert seen["stages.0.2.second"][:, 0].any(), "what the shortcut reads goes on"
    for path in prunable_groups(model)["stage2"]:
        assert not seen[path][:, middle].any()
    assert bool(add.residual_keep.all())


def test_a_masked_residual_leaves_the_branch_of_the_channel() -> None:
    model = make("resnet18", width=0.1).eval()
    stir(model)
    layer, x = model.stages[0][1].second, torch.randn(2, 6, 4, 4)
    residual = torch.randn(2, 6, 4, 4)
    alone, both = layer(x), layer(x, residual)
    layer.residual_keep[2] = False
    y = layer(x, residual)
    assert torch.equal(y[:, 2], alone[:, 2])
    assert torch.equal(y[:, 3:], both[:, 3:])
    residual[:, 2] = float("nan")
    assert torch.equal(layer(x, residual), y)


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        (ModelConfig(name="resnet-18"), r"model\.name: .*did you mean 'resnet18'"),
        (ModelConfig(activation="rellu"), r"model\.activation: .*did you mean 'relu'"),
    ],
)
def test_an_unknown_name_names_the_nearest(config: ModelConfig, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        build_model(config, SHAPE, 10, seed=0)


class TestActivations(ActivationSuite):
    @pytest.fixture(autouse=True, params=ACTIVATIONS)
    def _named(self, request: pytest.FixtureRequest) -> None:
        self.name = request.param


def test_the_slope_is_leaky_relu_s() -> None:
    assert ACTIVATIONS["leaky_relu"](0.25)(torch.tensor([-4.0, 4.0])).tolist() == [-1.0, 4.0]
    assert ACTIVATIONS["relu"](0.25)(torch.tensor([-4.0, 4.0])).tolist() == [0.0, 4.0]


def test_a_layer_without_a_residual_is_internal() -> None:
    for name in ("convnet", "mlp"):
        layers: dict[str, NeuronLayer] = maskable_layers(make(name))
        assert {layer.site for layer in layers.values()} == {"internal"}


def test_initial_scales_of_normalisation_are_multiplied_and_nothing_else() -> None:
    for name in ("convnet", "resnet20"):
        config = ModelConfig(name=name, width=0.25)
        plain, scaled = (
            build_model(replace(config, norm_scale=factor), SHAPE, 5, seed=0) for factor in (1, 3.0)
        )
        kinds = nn.BatchNorm1d | nn.BatchNorm2d
        norms = {f"{path}.weight" for path, m in plain.named_modules() if isinstance(m, kinds)}
        assert norms
        for path, tensor in plain.state_dict().items():
            factor = 3.0 if path in norms else 1.0
            assert torch.equal(scaled.state_dict()[path], tensor * factor), path


def test_scales_of_norms_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match=r"model.norm_scale: expected 1 without normalisation"):
        build_model(ModelConfig(name="mlp", norm="none", norm_scale=0.5), SHAPE, 5, seed=0)
