"""No tensor of the CPU meets one of a GPU, as far as that can be seen without one."""

from pathlib import Path

import pytest
import torch

from nvp.pruning import METHODS, plan_pruning
from nvp.pruning.criteria import CRITERIA_OF
from nvp.pruning.rankings import rank_by_criteria
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.training.build import build
from nvp.training.measuring import build_point, observe_network
from nvp.training.record import record_layers
from tests.pretended_gpu import Mismatch, There, pretended_gpu
from tests.training.test_train import config_of, data
from tests.trials import interrupt, run_to_end

TINY = {"epochs": 4, "data.images": 128, "prune.batch": 16, "probe.noise_scale": 32}
EARLY = {"prune.start": 0.1, "prune.end": 0.5, "prune.patience": 1, "prune.tau": 0.6}
CASES = {
    "shrunk": {
        "prune.method": "nvp",
        "prune.shrink": "always",
        "optim.noise": 0.5,
        "optim.name": "adam",
        "layout": "channels_last",
    },
    "regrown": {
        "prune.method": "dnr",
        "precision": "bfloat16",
        "data.augment": "crop_flip",
        "data.cutout": 3,
    },
    "weights": {"prune.method": "rigl", "optim.clip_norm": 1.0, "optim.l1": 1e-4},
}


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("allow_tf32", "deterministic"):  # a trial on a GPU sets them for good
        monkeypatch.setattr(torch.backends.cudnn, name, getattr(torch.backends.cudnn, name))


def run_there(changes: dict, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of().with_overrides(TINY | EARLY | changes)
    storage = Storage.at(str(place))
    with pretended_gpu(monkeypatch):
        interrupt(config, storage, 3, device="cuda")
        status = run_to_end(config, storage, device="cuda")
    (row,) = read_index(storage).rows.values()
    assert status == "done", row["error"]
    assert row["device"] == "cuda"


@pytest.mark.one_in(2)
@pytest.mark.parametrize("case", CASES)
def test_a_trial_is_of_one_device(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_there(CASES[case], tmp_path, monkeypatch)


@pytest.mark.minutes
@pytest.mark.parametrize("method", METHODS)
def test_a_trial_of_every_method_is_of_one_device(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_there({"prune.method": method}, tmp_path, monkeypatch)


def test_every_criterion_is_of_one_device(monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of().with_overrides(TINY)
    with pretended_gpu(monkeypatch):
        images = data(64).to("cuda")
        state = build(config, images, "cuda")
        observed = observe_network(config, state, images.probe(32))
        record_layers(state, observed, config)
        point, plan = build_point(config, images, state, observed), plan_pruning(config.prune)
        for granularity, criteria in CRITERIA_OF.items():
            found, skipped = rank_by_criteria(point, plan, granularity, "relu")
            assert len(found) + len(skipped) == len(criteria)
            for ranking in found:
                assert all(type(s) is There for s in ranking.scores.values()), ranking.criterion


def test_what_a_gpu_refuses_is_refused_here(monkeypatch: pytest.MonkeyPatch) -> None:
    with pretended_gpu(monkeypatch):
        here, there = torch.ones(3), torch.ones(3, device="cuda")
        rng = torch.Generator()
        refused = [
            lambda: there + here,
            lambda: torch.stack([there[0], here[0]]),
            lambda: here[there.long()],
            lambda: there.numpy(),
            lambda: there.normal_(generator=rng),
        ]
        for act in refused:
            with pytest.raises(Mismatch):
                act()
        assert (there + here[0]).is_cuda
        assert there[here.long() - 1].is_cuda
        assert not there.cpu().is_cuda
        assert here.to("cuda").device == there.device
