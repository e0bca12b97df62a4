"""On a GPU: a captured step gives the weights of an eager one, and no step waits for it."""

import warnings
from contextlib import nullcontext

import pytest
import torch

from nvp.config.trial_config import TrialConfig
from nvp.data.batches import train_batches
from nvp.network.train_state import TrainState
from nvp.training.build import build, set_up_process
from nvp.training.cuda_graph import EAGER_STEPS, FAILED, GraphedStep, can_capture, share_stream
from nvp.training.gradient_rule import GradientRule
from nvp.training.length import count_steps
from nvp.training.loop import train
from nvp.training.optim import OPTIMIZERS, set_learning_rate
from nvp.training.step import Step
from tests.training.test_train import config_of, data

gpu = pytest.mark.gpu
CASES = {
    "sgd": {"optim.weight_decay": 1e-3, "optim.schedule": "cosine"},
    "adam": {"optim.name": "adam", "optim.lr": 0.002, "optim.weight_decay": 1e-3},
    "adamw": {"optim.name": "adamw", "optim.lr": 0.002},
    "noise": {"optim.noise": 0.5, "optim.clip_norm": 1.0},
    "l1": {"optim.l1": 1e-4, "optim.l1_scale": 1e-3},
    "dropout": {"model.name": "resnet18_dropout", "model.width": 0.05},
    "low": {"precision": "bfloat16", "layout": "channels_last", "data.augment": "crop_flip"},
    "pruned": {"prune.method": "dead", "prune.patience": 1, "prune.tau": 0.6},
}


def config_for(case: str) -> TrialConfig:
    return config_of(data__batch_size=16).with_overrides(CASES[case])


def final(config: TrialConfig, monkeypatch: pytest.MonkeyPatch, graph: str) -> dict:
    monkeypatch.setenv("NVP_CUDA_GRAPH", graph)
    set_up_process("cuda")
    images = data().to("cuda")
    state = build(config, images, "cuda")
    losses = {f"loss {r.epoch}": torch.tensor(r.val_loss) for r in train(config, images, state)}
    return {**state.model.state_dict(), **losses}


@gpu
@pytest.mark.parametrize("case", CASES)
def test_graph_and_eager_give_the_same_weights(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_for(case)
    assert count_steps(config, 200) / config.epochs > 2 * EAGER_STEPS
    eager, graph = (final(config, monkeypatch, on) for on in "01")
    assert eager.keys() == graph.keys()
    for name, value in eager.items():
        assert torch.equal(value, graph[name]), name


@gpu
@pytest.mark.parametrize("graphed", [True, False])
def test_steps_do_not_wait_for_the_gpu(graphed: bool) -> None:
    config = config_for("low")
    images = data().to("cuda").train
    step = Step(config, build(config, data().to("cuda"), "cuda"), 1, images.device)
    assert can_capture(step, images)
    run = GraphedStep(step) if graphed else step
    batches = train_batches(images, config.data, seed=0, epoch=1)
    for _ in range(EAGER_STEPS + 1):  # capturing may wait
        run(*next(batches), 0.0)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for pixels, labels in batches:
            set_learning_rate(step.state.optimizer, 0.01)
            run(pixels, labels, 0.5)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert float(step.sums[0]) > 0


@gpu
def test_a_step_that_cannot_be_captured_goes_on_without_a_graph(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = config_for("dropout").with_overrides({"optim.noise": 0.5})
    rule = GradientRule.__call__

    def asks(self: GradientRule, rng: torch.Generator, progress: float = 0.0) -> None:
        float(self.parameters[0].grad.sum())  # waits for the GPU: not allowed while capturing
        rule(self, rng, progress)

    eager = final(config, monkeypatch, "0")
    monkeypatch.setattr(GradientRule, "__call__", asks)
    with pytest.warns(RuntimeWarning, match="cannot be captured") as warned:
        graph = final(config, monkeypatch, "1")
    assert len(warned) == 1, "once, not in every epoch"
    for name, value in eager.items():
        assert torch.equal(value, graph[name]), name


class Refuses:
    """Stands in for what only a GPU has, around a capture that does not succeed."""

    def __init__(self, *args: object, **keywords: object) -> None:
        self.restored: list[object] = []

    def __enter__(self) -> None: ...

    def __exit__(self, *args: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing")

    def wait_stream(self, other: object) -> None: ...

    def register_generator_state(self, rng: object) -> None: ...

    def clone_state(self) -> str:
        return "before"

    def graphsafe_set_state(self, state: object) -> None:
        self.restored.append(state)


class Counted:
    """A step that notes at which progress it was taken."""

    changes_with_progress = False

    def __init__(self, state: TrainState, rng: Refuses) -> None:
        self.state, self.rng = state, rng
        self.taken: list[float] = []

    def __call__(self, pixels: torch.Tensor, labels: torch.Tensor, progress: float) -> None:
        self.taken.append(progress)


def test_a_failed_capture_ends_no_trial_and_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as a CPU can tell; the test above does it on a GPU."""
    rng, default = Refuses(), Refuses()
    for name in ("Stream", "CUDAGraph", "graph", "current_stream"):
        monkeypatch.setattr(torch.cuda, name, Refuses)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    ended = []
    monkeypatch.setattr(
        torch._C, "_cuda_endAllocateToPool", lambda *pool: ended.append(pool), raising=False
    )
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    monkeypatch.setattr(torch.cuda, "default_generators", [default])
    step = Counted(build(config_of(), data(), "cpu"), rng)
    run, batch = GraphedStep(step), (torch.zeros(1), torch.zeros(1))
    for k in range(EAGER_STEPS):
        run(*batch, float(k))
    with pytest.warns(RuntimeWarning, match="without one: slower, with the same results"):
        run(*batch, 7.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(*batch, 8.0)
    assert step.taken == [0.0, 1.0, 2.0, 7.0, 7.0, 8.0], "the second 7 is the step, not the try"
    assert rng.restored == default.restored == ["before"], "they would draw nothing any more"
    assert ended == [(0, (0, 1))], "the allocator would free nothing any more"
    assert not step.state.capturable
    share_stream.cache_clear()
    FAILED.clear()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_without_a_gpu_nothing_is_captured(name: str) -> None:
    config = config_of(optim__name=name)
    images = data()
    step = Step(config, build(config, images, "cpu"), 1, images.train.device)
    assert not can_capture(step, images.train)


def test_a_step_whose_penalty_has_a_course_says_so() -> None:
    images = data()
    for method, changes in {"none": False, "slimming": False, "demp": True}.items():
        config = config_of(prune__method=method)
        step = Step(config, build(config, images, "cpu"), 1, images.train.device)
        assert step.changes_with_progress is changes, method
