"""Vitality is of the living: what is measured of kept neurons, and how criteria score them, does
not depend on whether the others are masked or physically gone (DESIGN, decision 11).

Each network has every sixth criterion; each criterion meets two networks at least.
"""

import copy
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig, OptimConfig, PruneConfig, TrialConfig
from nvp.data.batches import eval_batches
from nvp.data.splits import Images
from nvp.network.groups import (
    find_readers,
    input_columns,
    maskable_layers,
    neuron_layers,
    prunable_groups,
)
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.neuron_masks import mask_units
from nvp.network.train_state import TrainState
from nvp.network.weight_masks import live_weights
from nvp.pruning import CRITERIA, MeasuringPoint, Moment, Pruned
from nvp.pruning.scoring import score_units
from nvp.training.optim import build_optimizer
from nvp.training.record import EpochRecord, LayerRecord, record_layers, record_pruning
from nvp.trial.rows import epoch_rows, layer_columns, living_columns
from nvp.vitality import (
    Observation,
    gradient_noise_scale,
    measure_gradients,
    measure_magnitudes,
    measure_ranks,
    observe_images,
    weight_norms,
)
from tests.short_models import build_short

pytestmark = pytest.mark.one_in(5)

torch.set_num_threads(1)
SHAPE, BINS = (1, 8, 8), 16
OF_THE_ABSENT = {"dense", "masked", "pruned", "floored"}  # columns that speak of them too
CASES = [
    ("mlp", "batch", "relu", "all"),
    ("mlp", "none", "silu", "all"),
    ("convnet", "batch", "relu", "all"),
    ("convnet", "none", "leaky_relu", "all"),
    ("convnet", "batch", "tanh", "all"),
    ("convnet", "none", "crelu", "all"),
    ("resnet18", "batch", "relu", "all"),
    ("resnet18", "batch", "gelu", "internal"),
    ("resnet18", "none", "relu", "all"),
    ("resnet18_imagenet", "batch", "relu", "all"),
    ("resnet50", "batch", "relu", "all"),
    ("vgg_like", "batch", "relu", "all"),  # its hidden layer has no norm
    ("resnet20", "batch", "relu", "internal"),  # its shortcuts without parameters pin the streams
]
close = torch.testing.assert_close


def images_of(count: int = 64) -> Images:
    rng = torch.Generator().manual_seed(3)
    pixels = torch.randint(0, 256, (count, *SHAPE), generator=rng, dtype=torch.uint8)
    return Images(pixels, torch.randint(0, 10, (count,), generator=rng), (0.5,), (0.25,))


def network_of(name: str, norm: str, activation: str) -> nn.Module:
    """A float64 network with norms as after training, and some neurons of each layer dead."""
    width = {"resnet18": 0.125, "resnet20": 0.5}.get(name, 0.15)
    config = ModelConfig(name=name, norm=norm, activation=activation, width=width)
    model = build_short(config, SHAPE, 10).double()
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for layer in maskable_layers(model).values():
            for tensor in layer.norm.state_dict().values():
                if tensor.is_floating_point():
                    tensor.add_(0.3 * torch.rand(tensor.shape, generator=rng, dtype=tensor.dtype))
            bias: Any = layer.norm.bias if layer.affine.bias is None else layer.affine.bias
            if activation == "crelu":  # dead where z is 0
                layer.affine.weight[1::4] = 0.0
            bias[1::4] = 0.0 if activation == "crelu" else -30.0
    model.register_forward_pre_hook(lambda module, args: (args[0].double(),))
    return model


def mask_some(model: nn.Module, sites: str) -> None:
    """Mask about two fifths of each group, of the dead and of the living."""
    optimizer = build_optimizer(model, OptimConfig())
    rng = torch.Generator().manual_seed(2)
    for group, paths in prunable_groups(model, sites).items():
        width = len(maskable_layers(model)[paths[0]].keep)
        index = torch.randperm(width, generator=rng)[: max(1, 2 * width // 5)]
        mask_units(model, optimizer, group, index)


def cut(model: nn.Module, sites: str) -> nn.Module:
    """Return a smaller copy without the masked units, by hand."""
    small = copy.deepcopy(model)
    layers = maskable_layers(small)
    for group, paths in prunable_groups(model, sites).items():
        kept = layers[paths[0]].keep.nonzero().flatten()
        width = len(layers[paths[0]].keep)
        for path in paths:
            cut_layer(layers[path], kept)
        for affine in find_readers(small, group):
            columns = input_columns(affine, kept, width)
            affine.weight = nn.Parameter(affine.weight.detach()[:, columns].clone())
    return small


def cut_layer(layer: NeuronLayer, kept: Tensor) -> None:
    """Keep those rows of every tensor of a layer that has one for each neuron."""
    width = len(layer.keep)
    for module in (layer, layer.affine, layer.norm):
        for name, tensor in module.named_parameters(recurse=False):
            setattr(module, name, nn.Parameter(tensor.detach()[kept].clone()))
        for name, tensor in module.named_buffers(recurse=False):
            if tensor.dim() and len(tensor) == width:
                setattr(module, name, tensor[kept].clone())


class View:
    """A network and all that a measuring point sees of it."""

    def __init__(self, model: nn.Module) -> None:
        self.model, self.images = model, images_of()
        self.state = TrainState(model, build_optimizer(model, OptimConfig()))
        self.observation: Observation = observe_images(
            model, self.images, bins=BINS, duplicates=0.5
        )
        self.records: dict[str, LayerRecord] = record_layers(
            self.state, self.observation, TrialConfig(prune=PruneConfig(tau=0.1))
        )
        gradients, magnitudes = measure_gradients(model, self.images), measure_magnitudes(model)
        for path, record in self.records.items():
            record.gradients, record.weight_magnitude = gradients[path], magnitudes[path]
        record_pruning(self.state, self.records, Pruned())

    @property
    def record(self) -> EpochRecord:
        return EpochRecord(
            epoch=0,
            step=0,
            lr=0.1,
            train_loss=None,
            train_accuracy=None,
            val_loss=1.0,
            val_accuracy=0.1,
            observation=self.observation,
            ranks=measure_ranks(self.observation.features),
            layers=self.records,
            target=None,
            masked=0,
            units=1,
            masked_weights=0,
            weights=1,
            seconds={},
        )

    def logits(self) -> Tensor:
        model = self.model.eval()
        with torch.no_grad():
            return torch.cat([model(pixels) for pixels, _ in eval_batches(self.images)])

    def point(self, memory: dict[str, Tensor]) -> MeasuringPoint:
        return MeasuringPoint(
            model=self.model,
            optimizer=self.state.optimizer,
            observation=self.observation,
            images=self.images,
            moment=Moment(0.5, 0.4),
            idle=self.state.idle,
            confirm=lambda: self.observation.layers,
            memory=memory,
            ties=torch.Generator().manual_seed(4),
            regrow=torch.Generator().manual_seed(5),
        )


@pytest.fixture(params=CASES, ids="-".join)
def views(request: pytest.FixtureRequest) -> tuple[View, View]:
    """The network with masks, and without what they mask; no test changes them."""
    return views_of(*request.param)


@cache
def views_of(name: str, norm: str, activation: str, sites: str) -> tuple[View, View]:
    model = network_of(name, norm, activation)
    mask_some(model, sites)
    return View(model), View(cut(model, sites))


def pairs(views: tuple[View, View]) -> list[tuple[str, NeuronLayer, NeuronLayer]]:
    masked, small = (neuron_layers(view.model) for view in views)
    assert masked.keys() == small.keys()
    return [(path, masked[path], small[path]) for path in masked]


def test_the_cut_network_is_smaller_and_whole(views: tuple[View, View]) -> None:
    masked, small = (sum(p.numel() for p in view.model.parameters()) for view in views)
    assert small < 0.8 * masked
    for _, layer, other in pairs(views):
        assert len(other.keep) == int(layer.keep.sum()) > 0
        assert other.keep.all()
    live = live_weights(views[0].model).values()
    assert sum(int(each.sum()) for each in live) == small


def test_there_is_something_to_compare(views: tuple[View, View]) -> None:
    _, small = views
    verdicts = [v for r in small.records.values() for v in r.deaths.values()]
    assert any(v.any() for v in verdicts), "some kept neurons are dead"
    assert any((~v).any() for v in verdicts), "some are not"
    entropies = torch.cat([a.entropy for a in small.observation.layers.values()])
    assert len(entropies.unique()) > 5


def test_logits_are_equal(views: tuple[View, View]) -> None:
    close(views[0].logits(), views[1].logits(), rtol=1e-12, atol=1e-12)


def test_activity_is_equal(views: tuple[View, View]) -> None:
    masked, small = views
    for path, layer, _ in pairs(views):
        activity, other = masked.observation.layers[path], small.observation.layers[path]
        for name, expected in vars(activity.select(layer.keep)).items():
            found = getattr(other, name)
            if expected is None:
                assert found is None
            elif name in ("counts", "fire_rate"):
                assert torch.equal(found, expected), (path, name)
            else:
                close(found, expected, rtol=1e-11, atol=1e-13, msg=lambda m: f"{path} {name}: {m}")  # noqa: B023


def test_verdicts_idleness_and_norms_are_equal(views: tuple[View, View]) -> None:
    masked, small = views
    for path, layer, other in pairs(views):
        keep, own, cut = layer.keep, masked.records[path], small.records[path]
        assert own.death == cut.death
        assert own.deaths.keys() == cut.deaths.keys()
        for name, verdict in own.deaths.items():
            assert torch.equal(verdict[keep], cut.deaths[name]), (path, name)
            assert not verdict[~keep].any()
        assert torch.equal(masked.state.idle[path][keep], small.state.idle[path])
        assert torch.equal(masked.state.dead[path][keep], small.state.dead[path])
        for event in ("died", "revived"):
            assert torch.equal(own.events[event][keep], cut.events[event])
            assert not own.events[event][~keep].any()
        for kind in ("raw", "folded"):
            norms = weight_norms(layer, kind=kind)[keep]
            close(weight_norms(other, kind=kind), norms, rtol=1e-12, atol=1e-14)


def test_rows_of_kept_neurons_and_of_layers_are_equal(views: tuple[View, View]) -> None:
    masked, small = views
    for depth, (path, _, _) in enumerate(pairs(views)):
        columns, other = (
            living_columns(view.observation.layers[path], view.records[path]) for view in views
        )
        assert columns.keys() == other.keys()
        for name, values in columns.items():
            close(other[name], values, rtol=1e-11, atol=1e-13)
        row, cut = (layer_columns(depth, path, view.record) for view in (masked, small))
        assert row.keys() == cut.keys()
        assert cut["masked"] == 0
        for name in row.keys() - OF_THE_ABSENT:
            expected: Any = row[name]
            if isinstance(expected, float):
                expected = pytest.approx(expected, rel=1e-11, abs=1e-13)
            assert cut[name] == expected, (path, name)


def test_features_and_their_ranks_are_equal(views: tuple[View, View]) -> None:
    close(*(view.observation.features for view in views), rtol=1e-11, atol=1e-13)
    row, cut = (epoch_rows("t", view.record).to_pylist()[0] for view in views)
    assert row["effective_rank"] > 1
    for name in ("effective_rank", "srank", "stable_rank"):
        assert cut[name] == pytest.approx(row[name], rel=1e-6)


def test_the_noise_scale_is_equal(views: tuple[View, View]) -> None:
    found = [
        gradient_noise_scale(view.model, view.images, live_weights(view.model)) for view in views
    ]
    if None in found:  # its estimate of the squared gradient is not positive
        assert found == [None, None]
    else:
        assert found[0] == pytest.approx(found[1], rel=1e-8)


def pairs_of_case_and_criterion() -> list[Any]:
    """Each network with every sixth criterion, so that a criterion meets two networks."""
    found = []
    for k, case in enumerate(CASES):
        for j, criterion in enumerate(CRITERIA):
            without_scales = case[1] == "none" or case[0] == "vgg_like"
            if (j - k) % 6 == 0 and not (criterion == "scale" and without_scales):
                found.append(pytest.param(case, criterion, id="-".join([*case, criterion])))
    return found


@pytest.mark.parametrize(("views", "criterion"), pairs_of_case_and_criterion(), indirect=["views"])
def test_every_criterion_scores_the_living_alike(views: tuple[View, View], criterion: str) -> None:
    found: list[list[dict[str, Tensor]]] = []
    for view in views:
        memory: dict[str, Any] = {}
        config = PruneConfig(criterion=criterion, weight_norm="folded", patience=1)
        points = [score_units(view.point(memory), config, criterion) for _ in range(2)]
        found.append(points)
    for own, cut in zip(*found, strict=True):
        for group, scores in own.items():
            kept = scores[scores > -torch.inf]
            close(cut[group], kept, rtol=1e-6, atol=1e-9, msg=lambda m: f"{group}: {m}")  # noqa: B023
