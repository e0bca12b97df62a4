"""On a GPU: a captured step gives the weights of an eager one, and no step waits for it."""

import pytest
import torch

from nvp.config.trial_config import TrialConfig
from nvp.data.batches import train_batches
from nvp.training.build import build
from nvp.training.cuda_graph import EAGER_STEPS, GraphedStep, can_capture
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
