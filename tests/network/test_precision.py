"""Precision and layout: weights stay float32, every one moves, methods prune all the same."""

import pytest
import torch
import torch.nn.functional as F

from nvp.config.identity import trial_id
from nvp.config.trial_config import TrialConfig
from nvp.models import build_model
from nvp.network.groups import maskable_layers
from nvp.network.precision import compute_logits
from nvp.pruning import METHODS
from nvp.testing.tiny import Tiny
from nvp.training.build import build
from nvp.training.evaluation import evaluate
from nvp.training.loop import train
from nvp.training.optim import build_optimizer
from nvp.vitality import observe_images
from tests.in_turn import in_turn
from tests.tiny import STRUCTURES
from tests.training.test_train import config_of, data, run

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)
LOW = {"precision": "bfloat16", "layout": "channels_last"}


def test_the_default_is_float32_and_changes_no_name() -> None:
    explicit = TrialConfig().with_overrides({"precision": "float32", "layout": "channels_first"})
    assert trial_id(explicit) == trial_id(TrialConfig())
    assert trial_id(TrialConfig().with_overrides(LOW)) != trial_id(TrialConfig())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_logits_are_float32_or_better(precision: str) -> None:
    model, images = Tiny(), torch.rand(2, 1, 4, 4)
    assert compute_logits(model.float(), images, precision).dtype == torch.float32
    assert compute_logits(model.double(), images.double(), precision).dtype == torch.float64


def test_bfloat16_rounds_the_maps_and_float32_does_not() -> None:
    model, seen = Tiny().float(), []
    model.conv.affine.register_forward_hook(lambda module, x, y: seen.append(y.dtype))
    for precision in ("float32", "bfloat16"):
        compute_logits(model, torch.rand(2, 1, 4, 4), precision)
    assert seen == [torch.float32, torch.bfloat16]


@pytest.mark.parametrize(("name", "optimizer"), in_turn(STRUCTURES, ["sgd", "adam", "adamw"]))
def test_every_weight_with_a_gradient_moves_in_bfloat16(name: str, optimizer: str) -> None:
    """A fused optimizer that skips low-precision updates says nothing (pytorch#191763)."""
    config = config_of(
        model__name=name, model__width=0.1, optim__name=optimizer, optim__lr=0.01, **LOW
    )
    shape = (3, 32, 32)
    model = build_model(config.model, shape, 10, seed=0).to(memory_format=torch.channels_last)
    step = build_optimizer(model, config.optim)
    torch.manual_seed(0)
    before = {key: p.detach().clone() for key, p in model.named_parameters()}
    F.cross_entropy(
        compute_logits(model, torch.randn(4, *shape), "bfloat16"), torch.arange(4)
    ).backward()
    step.step()
    assert len(before) > 2
    for key, p in model.named_parameters():
        assert p.dtype == torch.float32
        assert p.grad is not None
        assert p.grad.dtype == torch.float32
        assert p.grad.stride() == p.stride()  # fused SGD would be wrong otherwise
        felt = p.grad.abs() > 1e-4 * before[key].abs() + 1e-30  # more than float32 rounds away
        assert bool((p.detach() != before[key])[felt].all()), key


def test_a_layout_is_that_of_every_convolution() -> None:
    config = config_of(model__name="resnet18", model__width=0.1, layout="channels_last")
    for layer in maskable_layers(build(config, data(), "cpu").model).values():
        assert layer.weight.is_contiguous(memory_format=torch.channels_last)


def test_two_runs_are_bit_equal_in_every_precision_and_layout() -> None:
    for changes in ({}, LOW, {"precision": "bfloat16"}, {"layout": "channels_last"}):
        config = config_of(optim__noise=0.5, **changes)
        one, two = run(config), run(config)
        assert [r.train_loss for r in one] == [r.train_loss for r in two]
        assert torch.equal(one[-1].observation.features, two[-1].observation.features)


def test_bfloat16_learns_what_float32_learns() -> None:
    """The same course within what a change of the seed does; the gate is in benchmarks/."""
    low, high = (run(config_of(epochs=8, **changes), 1000)[-1] for changes in (LOW, {}))
    assert low.val_loss != high.val_loss
    assert min(low.val_accuracy, high.val_accuracy) > 0.9


def test_what_is_measured_in_bfloat16_is_summed_in_float32() -> None:
    config = config_of(**LOW)
    images = data()
    model = build(config, images, "cpu").model
    probe = images.probe(64)
    exact = observe_images(model, probe, bins=8)
    rough = observe_images(model, probe, bins=8, precision="bfloat16")
    for path, activity in rough.layers.items():
        assert activity.mean_abs.dtype == torch.float32
        difference = (activity.mean_abs - exact.layers[path].mean_abs).abs()
        assert float(difference.max()) <= 0.02 * float(exact.layers[path].mean_abs.max())
        assert torch.equal(activity.counts.sum(1), exact.layers[path].counts.sum(1))
    assert evaluate(model, probe, precision="bfloat16")[0] == pytest.approx(
        evaluate(model, probe)[0], rel=0.01
    )


# one method for each criterion with each regrowth: allocations and schedules see no maps
PARTS = {(m.criterion, m.regrow): name for name, m in METHODS.items() if name != "none"}


@pytest.mark.one_in(5)
@pytest.mark.parametrize("method", PARTS.values())
def test_every_criterion_and_regrowth_prunes_low_precision_maps_in_channels_last(
    method: str,
) -> None:
    config = config_of(
        epochs=4, prune__method=method, prune__batch=32, model__width=0.1, optim__lr=0.02, **LOW
    )
    images = data(128)
    state = build(config, images, "cpu")
    records = list(train(config, images, state))
    assert records[-1].epoch == 4
    for parameter, moments in state.optimizer.state.items():
        for moment in moments.values():
            if isinstance(moment, torch.Tensor) and moment.shape == parameter.shape:
                assert moment.stride() == parameter.stride()
    assert sum(r.masked + r.masked_weights for r in records) > 0 or METHODS[method].aim != "target"


def test_another_precision_is_refused() -> None:
    with pytest.raises(ValueError, match=r"precision: expected .*float32.*got 'float16'"):
        TrialConfig().with_overrides({"precision": "float16"})
