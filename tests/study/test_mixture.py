"""What a start says before it mixes results of other code with its own."""

from collections import Counter
from pathlib import Path

import pytest

from nvp.config.space import grid
from nvp.planning.design import Design
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from nvp.study import mixture
from nvp.study.mixture import describe_mixture
from nvp.study.study import Study
from nvp.trial import attempt, requirements
from nvp.trial.source_code.code_hash import hash_code
from tests.in_process import run_main
from tests.smallest import SMALLEST

CONFIG = SMALLEST
DESIGN = Design(base=CONFIG, space={"optim.lr": grid(0.1, 0.2)}, seeds=1)
STUDY = Study(name="mixed", paper=DESIGN, quick=DESIGN)
FLAGS = ("--preset", "quick", "--no-ray")
OTHER = "0123456789ab"


def pretend(monkeypatch: pytest.MonkeyPatch, code: str | None) -> None:
    """Let this process be of other code, or of code that does not say."""
    for module in (attempt, requirements):
        monkeypatch.setattr(module, "hash_trial_code", lambda config: code)
    monkeypatch.setattr(mixture, "hash_code", lambda: code)


def start(place: Path, *flags: str) -> str:
    ended = run_main(STUDY, place, *FLAGS, *flags)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def codes(place: Path) -> Counter[str | None]:
    index = read_index(open_study(str(place), "mixed", "quick"))
    return Counter(row["code"] for row in index.rows.values())


def test_the_line_has_counts_of_other_and_of_unknown_code() -> None:
    own = hash_code()
    assert describe_mixture(Counter(), redo=False) == ""
    assert describe_mixture(Counter({own: 3}), redo=True) == ""
    assert describe_mixture(Counter({own: 3, OTHER: 2, None: 1}), redo=False) == (
        f"code: of 6 finished trials, 2 by other code (2 of {OTHER}) and 1 by unknown code; this "
        f"is {own}: --redo-changed runs those of other code again, else they mix"
    )
    assert describe_mixture(Counter({own: 3, None: 1}), redo=True) == (
        "code: of 4 finished trials, 1 by unknown code; these stay as they are"
    )


def test_a_start_says_what_other_code_finished_and_runs_it_again_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        pretend(patched, OTHER)
        assert "code:" not in start(tmp_path)
    assert codes(tmp_path) == {OTHER: 2}
    line = f"code: of 2 finished trials, 2 by other code (2 of {OTHER}); this is {hash_code()}"
    for flags in (("--dry-run",), ("--seeds", "2", "--dry-run"), ("--seeds", "2")):
        assert line in start(tmp_path, *flags)
    assert codes(tmp_path) == {OTHER: 2, hash_code(): 2}
    shown = start(tmp_path, "--seeds", "2", "--redo-changed", "--dry-run")
    assert "2 done, 2 to run" in shown
    again = start(tmp_path, "--seeds", "2", "--redo-changed")
    assert f"those of other code run again, under {hash_code()}" in again
    assert codes(tmp_path) == {hash_code(): 4}
    assert "code:" not in start(tmp_path, "--seeds", "2", "--redo-changed")


def test_rows_of_unknown_code_are_counted_and_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        pretend(patched, None)
        start(tmp_path)
    assert codes(tmp_path) == {None: 2}
    line = "code: of 2 finished trials, 2 by unknown code; these stay as they are"
    assert line in start(tmp_path, "--redo-changed")
    assert codes(tmp_path) == {None: 2}
