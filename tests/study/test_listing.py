"""What the terminal says beside the trials: intervals, sizes, and that packing is due."""

import shlex
from pathlib import Path

import pytest

from nvp.storage import compact
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from nvp.storage.writer import TrialWriter
from nvp.study import listing
from nvp.study.listing import format_interval, format_size, print_packing


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (70, 80, "70 to 80 s"),
        (60, 600, "60 s to 10 min"),
        (4320, 6840, "72 min to 1.9 h"),
        (7200, 7300, "2.0 h"),
        (0, 5, "0 to 5 s"),
    ],
)
def test_an_interval_names_its_unit_once(low: float, high: float, wanted: str) -> None:
    assert format_interval(low, high) == wanted


def test_sizes() -> None:
    found = [format_size(count) for count in (300_000, 45e6, 4.13e9)]
    assert found == ["0.3 MB", "45 MB", "4.1 GB"]


def test_many_loose_trials_are_said_with_the_command_that_packs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = open_study(str(tmp_path / "a place"), "study", "quick")
    storage.write("study.json", b"{}")
    for name in ("a", "b"):
        TrialWriter(storage, name, 1).commit({"status": "done"})
    print_packing(read_index(storage))
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(listing, "MANY", 2)
    print_packing(read_index(storage))
    said, command = capsys.readouterr().out.splitlines()
    assert said.startswith("2 trials are in files of their own")
    words = shlex.split(command)
    assert compact.main(words[words.index("compact") + 1 :]) == 0
    print_packing(read_index(storage))
    assert "own" not in capsys.readouterr().out
