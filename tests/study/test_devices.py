"""The device that trials run on: a flag, a design, the machine and NVP_DEVICE decide."""

import argparse

import pytest
import torch

from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.study.devices import read_device
from nvp.trial.trial_row import name_device


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
