"""Files of weights that cannot be used are refused on the driver, in one line that names them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from nvp.config.trial_config import TrialConfig
from nvp.trial.validation import check_trial


def make_state() -> dict[str, Any]:
    """Return torchvision's ResNet-18, as digits do not fit it: three channels."""
    import torchvision  # takes seconds

    return torchvision.models.resnet18(weights=None, num_classes=10).state_dict()


def make_squeezenet() -> dict[str, Any]:
    import torchvision  # takes seconds

    return torchvision.models.squeezenet1_1(weights=None).state_dict()


def make_part() -> dict[str, Any]:
    """Return some of the tensors: what is wrong with the file is seen before the rest is missed."""
    return {
        "conv1.weight": torch.ones(64, 3, 7, 7),
        "layer1.0.conv1.weight": torch.ones(64, 64, 3, 3),
    }


def truncate(file: Path) -> None:
    torch.save(make_part(), file)
    file.write_bytes(file.read_bytes()[:-1000])


def truncate_safetensors(file: Path) -> None:
    save_file(make_part(), file)
    file.write_bytes(file.read_bytes()[:-1000])


def write_nan(file: Path) -> None:
    state = make_part()
    state["layer1.0.conv1.weight"][0, 0, 0, 0] = torch.nan
    torch.save(state, file)


FILES: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    "missing": ("w.pth", lambda file: None, "no such file"),
    "folder": ("w.pth", lambda file: file.mkdir(), "a folder"),
    "another suffix": ("w.bin", lambda file: file.write_bytes(b"x"), "another kind"),
    "empty": ("w.pth", lambda file: file.write_bytes(b""), "cannot be read"),
    "empty safetensors": ("w.safetensors", lambda file: file.write_bytes(b""), "cannot be read"),
    "truncated": ("w.pth", truncate, "cannot be read"),
    "truncated safetensors": ("w.safetensors", truncate_safetensors, "cannot be read"),
    "text": ("w.pth", lambda file: file.write_text("hello\nworld"), "expected"),
    "text safetensors": ("w.safetensors", lambda file: file.write_text("he\nl" * 9), "cannot be"),
    "zeros": ("w.pth", lambda file: file.write_bytes(bytes(1000)), "expected"),
    "list": ("w.pth", lambda file: torch.save([torch.zeros(1)], file), "got list"),
    "no tensor": ("w.pth", lambda file: torch.save({}, file), "got none"),
    "nested": (
        "w.pth", lambda file: torch.save({"state_dict": make_part()}, file), "got 'state_dict' of"
    ),
    "other architecture": (
        "w.pth",
        lambda file: torch.save(make_squeezenet(), file),
        "missing",
    ),
    "other shapes": ("w.pth", lambda file: torch.save(make_state(), file), "expected shape"),
    "nan": ("w.pth", write_nan, "nan or inf in layer1.0.conv1.weight"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_used_is_refused_and_named(case: str, tmp_path: Path) -> None:
    name, write, wanted = FILES[case]
    file = tmp_path / "a place" / name
    file.parent.mkdir()
    write(file)
    changes = {"model.name": "resnet18_imagenet", "model.weights": str(file)}
    with pytest.raises(ValueError, match=r"^model\.weights: ") as refused:
        check_trial(TrialConfig().with_overrides(changes))
    message = str(refused.value)
    assert wanted in message
    assert str(file) in message
    assert "\n" not in message
