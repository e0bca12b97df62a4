"""How many trials share a device: doubled while it pays and fits; measured by real processes."""

from types import SimpleNamespace

import pytest
import torch

from nvp.config.trial_config import TrialConfig
from nvp.planning.cost import gpu_sharing as packing
from nvp.planning.cost.gpu_sharing import Sharing, measure_sharing, propose_count
from nvp.study.command_line import AUTO, build_parser

TINY = TrialConfig().with_overrides({"model.width": 0.1, "probe.size": 64, "data.batch_size": 16})
GIB = 2**30


def rates(monkeypatch: pytest.MonkeyPatch, memory: int, **rate: float) -> list[int]:
    """Pretend that n processes reach rate `n<n>`; return the counts that were tried."""
    tried = []

    def measured(config: TrialConfig, device: str, count: int) -> Sharing:
        tried.append(count)
        return Sharing(count, rate[f"n{count}"], memory)

    monkeypatch.setattr(packing, "measure_sharing", measured)
    return tried


def test_the_number_is_doubled_while_that_brings_a_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = rates(monkeypatch, 0, n1=10.0, n2=19.0, n4=20.0, n8=90.0)
    count, found = propose_count(TINY, "cpu")
    assert count == 2
    assert tried == [1, 2, 4]
    assert [packed.rate for packed in found] == [10.0, 19.0, 20.0]
    rates(monkeypatch, 0, n1=10.0, n2=20.0, n4=40.0, n8=80.0)
    assert propose_count(TINY, "cpu")[0] == 8
    rates(monkeypatch, 0, n1=10.0, n2=10.0)
    assert propose_count(TINY, "cpu")[0] == 1


def test_what_does_not_fit_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = rates(monkeypatch, 5 * GIB, n1=10.0, n2=20.0, n4=40.0)
    gpu = SimpleNamespace(is_available=lambda: True, mem_get_info=lambda: (0, 16 * GIB))
    monkeypatch.setattr(torch, "cuda", gpu)
    assert propose_count(TINY, "cuda")[0] == 2
    assert tried == [1, 2]  # 4 x 5 GiB of 16


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to measure")
def test_a_gpu_that_is_not_here_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match=r"--gpus-per-trial: expected a GPU here .* say 1 or 1/k"):
        propose_count(TINY, "cuda")


@pytest.mark.minutes
def test_processes_take_real_steps_together() -> None:
    packed = measure_sharing(TINY, "cpu", 2, seconds=0.3)
    assert packed.count == 2
    assert packed.rate > 1
    assert packed.memory == 0


def test_auto_is_a_share() -> None:
    assert build_parser("s").parse_args(["--gpus-per-trial", "auto"]).gpus_per_trial == AUTO
    assert build_parser("s").parse_args(["--gpus-per-trial", "1/4"]).gpus_per_trial == 0.25
