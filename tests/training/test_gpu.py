"""On a GPU: what only runs there. Every test is quick, and needs neither Ray nor beartype."""

from functools import partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from nvp.config.trial_config import TrialConfig
from nvp.data.batches import train_batches
from nvp.data.files import list_train_and_val
from nvp.data.stream import Stream
from nvp.network.groups import neuron_layers
from nvp.pruning import METHODS, plan_pruning
from nvp.pruning.criteria import CRITERIA_OF
from nvp.pruning.measuring_point import MeasuringPoint
from nvp.pruning.methods.method import Granularity
from nvp.pruning.rankings import rank_by_criteria
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.training.build import build, cap_memory, set_up_process
from nvp.training.loop import train
from nvp.training.measuring import build_point, observe_network
from nvp.training.timing import measure_step_seconds
from nvp.vitality import gradient_noise_scale
from tests.continuing import check_continued, moments
from tests.folders import image_folder
from tests.training.test_train import config_of, data
from tests.trials import interrupt, run_to_end

pytestmark = pytest.mark.gpu
RESIDUAL = {"model.name": "resnet20", "model.width": 0.5}
SHRUNK = {"prune.method": "nvp", "prune.sparsity": 0.5, "prune.shrink": "always"}
CONTINUED = {
    "sgd": RESIDUAL | {"optim.noise": 0.5, "data.augment": "crop_flip", "data.cutout": 3},
    "adam": {"optim.name": "adam", "optim.lr": 0.003, "optim.clip_norm": 1.0},
    "low": RESIDUAL | {"precision": "bfloat16", "layout": "channels_last", "optim.name": "adamw"},
    "shrunk": RESIDUAL | SHRUNK | {"layout": "channels_last", "optim.noise": 0.5},
    "dropout": {"model.name": "resnet18_dropout", "model.width": 0.1} | SHRUNK,
    "regrown": RESIDUAL | {"prune.method": "dnr", "prune.patience": 1, "prune.tau": 0.6},
    "penalty": {"prune.method": "demp", "prune.patience": 1},
    "cbp": {"remedy.name": "cbp", "remedy.rho": 0.05, "remedy.maturity": 2, "optim.name": "adam"},
    "snr": {"remedy.name": "snr", "remedy.silence": 1} | SHRUNK,
    "l2_init": {"remedy.name": "l2_init", "optim.name": "adamw"} | SHRUNK,
    "rewound": {"prune.method": "nn_relief_rewind"},
}


@pytest.fixture(autouse=True)
def _process() -> None:
    set_up_process("cuda")


@pytest.mark.parametrize("case", CONTINUED)
def test_continued_equals_unbroken_to_the_last_bit(case: str, tmp_path: Path) -> None:
    config = config_of(data__batch_size=16).with_overrides(CONTINUED[case])
    images = data().to("cuda")
    storage = Storage.at(str(tmp_path))
    check_continued(
        lambda: build(config, images, "cuda"), partial(train, config, images), 2, storage
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_on_a_gpu(method: str) -> None:
    config = config_of(
        epochs=2, prune__method=method, prune__patience=1, prune__tau=0.6, prune__batch=32
    )
    images = data().to("cuda")
    state = build(config, images, "cuda")
    *_, last = train(config, images, state)
    assert last.epoch == 2
    for tensor in [*state.model.state_dict().values(), *moments(state).values()]:
        assert tensor.is_cuda


def point_on(device: str, config: TrialConfig) -> MeasuringPoint:
    """A network of the same weights on either device, before its first step."""
    images = data().to(device)
    state = build(config, images, device)
    observed = observe_network(config, state, images.probe(config.probe.size))
    state.idle = {
        path: torch.zeros(len(layer.keep), dtype=torch.int64, device=device)
        for path, layer in neuron_layers(state.model).items()
    }
    return build_point(config, images, state, observed)


@pytest.mark.parametrize("granularity", CRITERIA_OF)
def test_criteria_score_as_on_a_cpu(granularity: Granularity) -> None:
    config = config_of(prune__batch=32).with_overrides(RESIDUAL)
    plan = plan_pruning(config.prune)
    there, here = (
        rank_by_criteria(point_on(device, config), plan, granularity, "relu")[0]
        for device in ("cuda", "cpu")
    )
    assert len(there) == len(here) > 5
    for one, two in zip(there, here, strict=True):
        for group, scores in two.scores.items():
            found = one.scores[group]
            assert found.is_cuda
            scale = float(scores.abs().max())
            apart = (found.cpu() - scores).abs().flatten()
            # a histogram's bin or a map's rank may change with the last bits of an activation
            assert float(apart.quantile(0.9)) <= 1e-2 * scale, (one.criterion, group)


def test_float32_is_not_tf32() -> None:
    rng = torch.Generator("cuda").manual_seed(0)
    images = torch.randn(8, 64, 16, 16, device="cuda", generator=rng, requires_grad=True)
    kernel = torch.randn(64, 64, 3, 3, device="cuda", generator=rng, requires_grad=True)
    for layout in (torch.contiguous_format, torch.channels_last):
        apart = []
        for pair in ((images, kernel), (images.double(), kernel.double())):
            x, w = (t.detach().to(memory_format=layout).requires_grad_() for t in pair)
            out = F.conv2d(x, w, padding=1)
            apart.append([out, *torch.autograd.grad(out.square().sum(), (x, w))])
        for single, double in zip(*apart, strict=True):
            error = (single - double).norm() / double.norm()
            assert float(error) < 2e-6, "TF32 errs by 3e-4"


def test_a_trial_keeps_to_its_share_of_the_memory() -> None:
    total = torch.cuda.get_device_properties(0).total_memory
    try:
        cap_memory("cuda", 0.05)
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(total // 10, dtype=torch.uint8, device="cuda")
    finally:
        cap_memory("cuda", 1.0)
    assert torch.empty(total // 10, dtype=torch.uint8, device="cuda").is_cuda


@pytest.mark.parametrize("augment", ["none", "crop_flip"])
def test_streamed_images_are_those_of_a_cpu(augment: str, tmp_path: Path) -> None:
    folder = image_folder(tmp_path / "imagenet", "train", "val", each=9)
    files = list_train_and_val(folder).by_split()["train"]
    stream = Stream(folder, files, (0.5,) * 3, (0.25,) * 3, 16)
    config = config_of(data__batch_size=4, data__augment=augment).data
    there, here = (
        list(train_batches(images, config, seed=3, epoch=1))
        for images in (stream.to("cuda"), stream)
    )
    assert len(there) == len(here) > 4
    for (pixels, labels), (expected, classes) in zip(there, here, strict=True):
        assert pixels.is_cuda
        assert labels.tolist() == classes.tolist()
        assert float((pixels.cpu() - expected).abs().max()) < 1e-5


def test_what_is_measured_beside_training_works_there() -> None:
    config, images = config_of(epochs=1), data().to("cuda")
    state = build(config, images, "cuda")
    list(train(config, images, state))
    scale = gradient_noise_scale(state.model, images.probe(64))
    assert scale is None or scale > 0
    seconds = measure_step_seconds(config, images, state, budget=60.0)
    assert all(0 < value < 1 for value in seconds.values())
    assert len(seconds) == 2


def test_a_whole_trial_runs_there_and_says_where(tmp_path: Path) -> None:
    config = config_of(epochs=3).with_overrides(SHRUNK)
    storage = Storage.at(str(tmp_path))
    interrupt(config, storage, 1, device="cuda", gpu_share=0.5)
    assert run_to_end(config, storage, device="cuda", gpu_share=0.5) == "done"
    (row,) = read_index(storage).rows.values()
    assert row["device"] == torch.cuda.get_device_name(0)
    assert row["masked_units"] > 0
    assert row["test_loss"] > 0
    cap_memory("cuda", 1.0)
