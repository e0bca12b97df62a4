"""The column `code` of a monitored trial: the script and the user's modules, nothing installed."""

import sys
from importlib import import_module
from pathlib import Path

import pytest
from torch import nn

from nvp.monitor.own_modules import list_own_modules
from nvp.trial.source_code.code_hash import hash_code

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 8)
"""
SCRIPT = """
import numpy

import own_lab.data
from own_lab import losses
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a user's folder, whose script is the one that runs."""
    texts = {
        "train.py": SCRIPT,
        "own_net.py": NET,
        "own_lab/__init__.py": "",
        "own_lab/data.py": "from .widths import WIDTH\n",
        "own_lab/widths.py": "WIDTH = 1\n",
        "own_lab/losses.py": "raise RuntimeError('a module is read, not imported')\n",
        "own_lab/unread.py": "OTHER = 1\n",
    }
    (tmp_path / "own_lab").mkdir()
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    script = str(tmp_path / "train.py")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", script, raising=False)
    monkeypatch.setattr(sys.modules["__main__"], "__package__", None)
    monkeypatch.delitem(sys.modules, "own_net", raising=False)
    return tmp_path


def test_it_covers_the_script_what_it_imports_and_the_network_s_class(folder: Path) -> None:
    """`folder` has the files."""
    network = nn.Sequential(import_module("own_net").Net(), nn.ReLU())
    own = list_own_modules(network)
    lab = ("own_lab", "own_lab.data", "own_lab.losses", "own_lab.widths")
    assert own == ("__main__", *lab, "own_net")
    assert "own_lab" not in sys.modules

    def hash_with(name: str, text: str) -> str:
        (folder / name).write_text(text)
        hash_code.cache_clear()
        return hash_code(own)

    first = hash_with("own_lab/widths.py", "WIDTH = 1\n")
    assert first == hash_with("own_lab/widths.py", "WIDTH = 1  # of a layer\n")
    assert first == hash_with("own_lab/unread.py", "OTHER = 2\n")
    assert first != hash_with("own_lab/widths.py", "WIDTH = 2\n")
    assert first == hash_with("own_lab/widths.py", "WIDTH = 1\n")
    assert first != hash_with("own_net.py", NET.replace("8", "16"))
    hash_code.cache_clear()


def test_a_notebook_has_no_script(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    assert list_own_modules(nn.Linear(2, 2)) == ()
    assert folder.exists()


def test_a_file_that_does_not_parse_is_no_reason_to_stop(folder: Path) -> None:
    (folder / "own_lab/data.py").write_text("print 'of another Python'\n")
    assert "own_lab.data" in list_own_modules(nn.Linear(2, 2))
