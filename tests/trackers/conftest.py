"""What the tests of trackers share: a folder to work in."""

from pathlib import Path

import pytest

from tests.trackers.tracked import OWN


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, which holds the user's tracker."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_tracker.py").write_text(OWN)
    return tmp_path
