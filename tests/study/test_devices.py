"""The device that trials run on: a flag, a design, the machine and NVP_DEVICE decide."""

import argparse
from pathlib import Path

import pytest
import torch

from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.study.devices import check_gpu, read_device
from nvp.trial.trial_row import name_device
from studies.sgd_noise import STUDY
from tests.in_process import run_main


@pytest.mark.parametrize(
    ("flag", "design", "no_ray", "present", "expected"),
    [
        (None, 0.25, True, True, "cuda"),
        (None, 0.25, True, False, "cpu"),  # in this process only what is here can be taken
        (None, 0.25, False, False, "cuda"),  # Ray finds a machine that has one
        (None, 0.0, True, True, "cpu"),
        (0.0, 0.25, False, True, "cpu"),
        (0.5, 0.0, True, True, "cuda"),
    ],
)
def test_a_gpu_is_taken_where_one_is_wanted_and_present(
    flag: float | None,
    design: float,
    no_ray: bool,
    present: bool,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NVP_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: present)
    arguments = argparse.Namespace(gpus_per_trial=flag, no_ray=no_ray)
    assert (
        read_device(arguments, Design(base=TrialConfig(), space={}, gpus_per_trial=design))
        == expected
    )
    monkeypatch.setenv("NVP_DEVICE", "cpu")
    assert (
        read_device(arguments, Design(base=TrialConfig(), space={}, gpus_per_trial=design)) == "cpu"
    )


def test_another_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVP_DEVICE", "cuda:1")  # it would get round the cap on memory
    arguments = argparse.Namespace(gpus_per_trial=None, no_ray=True)
    with pytest.raises(ValueError, match="NVP_DEVICE: expected cpu or cuda, got 'cuda:1'"):
        read_device(arguments, Design(base=TrialConfig(), space={}))


def test_a_device_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert name_device("cpu").startswith("cpu (")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"GPU {index}")
    assert name_device("cuda") == "GPU 0"


@pytest.mark.parametrize("flag", [None, 0.5, 1.0, -1.0])
def test_a_gpu_that_only_this_machine_could_have_must_be_there(
    flag: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    design = Design(base=TrialConfig(), space={}, gpus_per_trial=0.25)
    local = argparse.Namespace(gpus_per_trial=flag, no_ray=False, address=None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    check_gpu(local, design)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    named = "the preset" if flag is None else "--gpus-per-trial"
    with pytest.raises(ValueError, match=f"^{named}: expected a GPU on this machine, got none: "):
        check_gpu(local, design)
    for change in ({"no_ray": True}, {"address": "auto"}, {"gpus_per_trial": 0.0}):
        check_gpu(argparse.Namespace(**vars(local) | change), design)


def test_a_start_without_its_gpu_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for flags in (["--gpus-per-trial", "0.5"], ["--preset", "paper"]):
        ended = run_main(STUDY, tmp_path, *flags)
        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1
        assert "expected a GPU on this machine, got none" in ended.stderr
    assert not list(tmp_path.rglob("study.json"))
