"""Evidence is of whole studies and of one commit, whatever is edited meanwhile."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.campaign.without_paths import shorten_words
from benchmarks.evidence import __main__ as evidence
from benchmarks.evidence.whole import find_fault
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.study_folder import read_study
from nvp.storage.writer import TrialWriter

SCRIPT = """
from nvp import DataConfig, Design, ModelConfig, ProbeConfig, Study, TrialConfig, grid, main

DESIGN = Design(
    base=TrialConfig(
        epochs=1,
        data=DataConfig(images=64, batch_size=32),
        model=ModelConfig(name="mlp", width=0.05),
        probe=ProbeConfig(size=32, bins=8),
    ),
    space={"optim.lr": grid(0.1, 0.2)},
    seeds=1,
)
STUDY = Study(name="tiny", quick=DESIGN, laptop=DESIGN, paper=DESIGN)

if __name__ == "__main__":
    main(STUDY)
"""

REDUCED = SCRIPT.replace("main(STUDY)", 'main(STUDY, ["--preset", "quick", *sys.argv[2:]])')


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    (folder / "studies").mkdir()
    (folder / "studies/tiny.py").write_text(SCRIPT)
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks/reduced.py").write_text(f"import sys\n{REDUCED}")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "one study")
    return folder


@pytest.fixture(scope="module")
def made(repository: Path) -> Path:
    """Run the study of the repository, and edit it before a second call."""
    assert call(repository) == 0
    (repository / "studies/tiny.py").write_text(SCRIPT.replace("0.2)", "0.2, 0.3)"))
    git(repository, "commit", "--quiet", "-am", "another plan")
    assert call(repository) == 0
    return repository


def call(repository: Path, *arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "ROOT", repository)
        place = ["--place", str(repository / "place"), "--out", str(repository / "evidence")]
        return evidence.main([*arguments, *place, "--no-ray"])


def test_whole_tables_are_kept_without_neurons(made: Path) -> None:
    kept = made / "evidence/tiny/laptop"
    assert len(read_index(Storage.at(str(kept))).rows) == 2
    assert find_fault(kept) == ""
    assert (kept / "study.json").exists()
    assert not list(kept.rglob("neurons*"))


@pytest.mark.parametrize("given", [None, "mine"])
def test_a_study_finds_the_data_of_the_folder_that_the_call_is_made_in(
    given: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / (given or "data")
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NVP_DATA", raising=False)
    if given:
        monkeypatch.setenv("NVP_DATA", given)
    (tmp_path / "code").mkdir()
    asked = "os.path.abspath(os.environ.get('NVP_DATA', 'data'))"  # as `data_root` reads it
    script = f"import os, sys; sys.exit(3 * ({asked} != {str(folder)!r}))"
    assert evidence.run_study("tiny", ["-c", script], tmp_path / "code") == 0


@pytest.mark.one_commit_in(3, 1)
def test_the_reduced_rows_are_kept_in_a_folder_of_their_own(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have the names and the preset of other studies."""
    monkeypatch.setattr(evidence, "ROWS", {"tiny": ()})
    assert call(made, "tiny", "--preset", "reduced") == 0
    assert find_fault(made / "evidence/reduced/tiny/quick") == ""
    assert not (made / "evidence/tiny/quick").exists()


def test_what_is_kept_names_no_path_of_this_machine(made: Path) -> None:
    place = made / "place"
    ran = read_study(Storage.at(str(place / "tables/tiny/laptop")))
    kept = read_study(Storage.at(str(made / "evidence/tiny/laptop")))
    assert str(place) in ran["argv"][0]
    assert kept["argv"][:3] == ["studies/tiny.py", "--storage", "place/tables"]
    assert str(made) not in (made / "evidence/tiny/laptop/study.json").read_text()
    assert kept["trials"] == ran["trials"]


@pytest.mark.parametrize(
    ("word", "short"),
    [
        ("--preset", "--preset"),
        ("data/mnist", "data/mnist"),
        ("/home/ada/tables", "ada/tables"),
        ("--storage=/home/ada/tables", "--storage=ada/tables"),
        ("/", ""),
    ],
)
def test_a_path_is_told_by_its_last_parts(word: str, short: str) -> None:
    assert shorten_words([word]) == [short]


def test_a_second_call_goes_on_with_the_code_of_the_first(made: Path) -> None:
    assert "0.3" not in (made / "place/code/studies/tiny.py").read_text()


def test_another_commit_is_refused_beside_its_tables(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(made, "--commit", "HEAD") == 2
    assert "whose tables are in" in capsys.readouterr().err
    assert call(made, "--commit", "nothing") == 2
    assert "expected a commit of" in capsys.readouterr().err


def test_a_study_that_is_not_there_is_refused_with_the_nearest(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(made, "tinny") == 2
    assert "did you mean 'tiny'" in capsys.readouterr().err


def test_half_a_study_and_one_of_two_codes_are_no_evidence(made: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(made / "place/tables/tiny/laptop", study)
    commit_again(study, code="another")
    assert find_fault(study).startswith("trials are of several codes: ")
    commit_again(study, status="failed")
    assert find_fault(study) == "1 of 2 trials are missing"
    assert find_fault(tmp_path / "nowhere") == "no study was started there"


def test_a_part_of_ones_own_is_in_the_code_of_its_trials_alone(made: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(made / "place/tables/tiny/laptop", study)
    _, row = min(read_index(Storage.at(str(study))).rows.items())
    config = json.loads(row["config"]) | {"model.name": "mylab.nets:wide"}
    commit_again(study, code="another", config=json.dumps(config))
    assert find_fault(study) == ""


def commit_again(study: Path, **changes: str) -> None:
    """Let the first trial of a study have a newer row, with these values."""
    storage = Storage.at(str(study))
    name, row = min(read_index(storage).rows.items())
    attempt = row["attempt"] + 1
    TrialWriter(storage, name, attempt).commit(row | changes | {"attempt": attempt})
