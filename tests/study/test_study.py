"""The command line as a person meets it: dry run, second run, wrong input, failures, damage."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.study_folder import open_study
from nvp.study.study import main
from nvp.trial.source_code.code_hash import hash_code
from studies.sgd_noise import STUDY
from tests.conftest import SMALL, run_study
from tests.in_process import run_main

ONE = ["--preset", "quick", "--seeds", "1", "--no-ray", "--set", "epochs=2",
       "--set", "data.batch_size=200", "--set", "prune.method=none"]  # fmt: skip


def copied(study_place: Path, tmp_path: Path) -> Path:
    shutil.copytree(study_place, tmp_path / "copy", ignore=shutil.ignore_patterns(".tune"))
    return tmp_path / "copy"


def test_dry_run_lists_the_trials_and_starts_nothing(tmp_path: Path) -> None:
    shown = run_main(STUDY, tmp_path, "--preset", "quick", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    header = next(line for line in lines if line.startswith("trial_id"))
    assert header.split()[2:] == ["optim.noise", "optim.lr", "prune.method", "seed"]
    rows = [line.split() for line in lines if line[12:14] == "  " and "missing" in line]
    assert 30 <= len(rows) <= 60
    assert len({row[0] for row in rows}) == len(rows)
    assert f"0 done, {len(rows)} to run, 0 failed" in shown.stdout
    assert "estimate: " in shown.stdout
    assert " one after another, from two short runs on this machine's CPU" in shown.stdout
    assert re.search(r" MB of tables; checkpoints 2 x \S+ MB for each running", shown.stdout)
    assert not list(tmp_path.iterdir())


def test_the_second_run_runs_nothing_and_says_so_quickly(study_place: Path) -> None:
    files = {f: f.stat().st_mtime_ns for f in study_place.rglob("*.arrow")}
    before = os.times()
    again = run_study(study_place, *SMALL)
    after = os.times()
    seconds = after.children_user + after.children_system
    seconds -= before.children_user + before.children_system
    assert seconds < 10, "of CPU, which other work on the machine does not lengthen"
    assert again.returncode == 0
    assert "16 done, 0 to run, 0 failed" in again.stdout
    assert files == {f: f.stat().st_mtime_ns for f in study_place.rglob("*.arrow")}
    starts = json.loads((study_place / "sgd_noise/quick/study.json").read_text())["starts"]
    assert len(starts) >= 2
    assert starts[-1]["versions"]["torch"]
    assert "STUDY = Study(" in starts[-1]["script"]


def test_more_seeds_add_only_the_new_trials(study_place: Path) -> None:
    grown = SMALL[:2] + ["--seeds", "3"] + SMALL[4:]
    shown = run_main(STUDY, study_place, *grown, "--dry-run")
    assert "16 done, 8 to run" in shown.stdout


def test_one_trial_alone_gives_the_rows_it_gave_among_others(
    study_place: Path, tmp_path: Path
) -> None:
    index = read_index(open_study(str(study_place), "sgd_noise", "quick"))
    chosen = sorted(index.rows)[5]
    ended = run_main(STUDY, tmp_path, *SMALL, "--no-ray", "--only", chosen)
    assert ended.returncode == 0, ended.stderr
    alone = read_index(open_study(str(tmp_path), "sgd_noise", "quick"))
    assert list(alone.rows) == [chosen]
    codes = {row["code"] for row in [*index.rows.values(), *alone.rows.values()]}
    assert codes == {hash_code()}, "driver and workers name other code"
    for table in ("layers", "neurons", "events"):  # they have no volatile column
        assert read_table(alone, table, [chosen]) == read_table(index, table, [chosen])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--set", "optim.lrr=1"], "did you mean 'optim.lr'"),
        (["--set", "optim.lr"], "expected PATH=VALUE"),
        (["--set", "optim.lr=-1"], "optim.lr: expected a value >= 0, got -1.0"),
        (["--set", "optim.lr=fast"], "optim.lr: expected float, got 'fast'"),
        (["--set", "prune.sparsity=1"], "prune.sparsity: expected a value >= 0 and < 1"),
        (["--set", "data.name=digit"], "did you mean 'digits'"),
        (["--set", "model.name=resnet81"], "did you mean 'resnet18'"),
        (["--set", "prune.method=nvpp"], "did you mean 'nvp'"),
        (["--set", "model.activation=rleu"], "did you mean 'relu'"),
        (["--set", "optim.name=sdg"], "did you mean 'sgd'"),
        (
            ["--set", "optim.milestones=[0.5, 2]"],
            "fractions of training > 0 and < 1, got [0.5, 2.0]",
        ),
        (["--set", "data.batch_size=5000"], "at most the 1400 images"),
        (["--set", "probe.size=16"], "at least probe.bins=32 images, got 16"),
        (["--only", "0123"], "expected one of the"),
        (["--set", "data.name=mnist", "--set", "model.name=mlp"], "MNIST: expected its files"),
    ],
)
def test_wrong_input_is_refused_in_one_line_before_anything_starts(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    expected: str,
) -> None:
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("NVP_DATA", str(tmp_path / "nothing"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(SystemExit) as ended:
        main(STUDY, ["--preset", "quick", "--storage", str(tmp_path / "out"), *arguments])
    assert ended.value.code == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    assert expected in lines[0]
    assert not [f for f in (tmp_path / "out").rglob("*") if f.is_file() and f.name != ".lock"]


def test_a_data_folder_that_is_none_is_refused_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVP_DATA", str(tmp_path / "nowhere"))
    for how in (["--dry-run"], ["--no-ray"]):
        ended = run_main(STUDY, tmp_path / "out", "--preset", "quick", *how)
        assert ended.returncode == 2
        (line,) = ended.stderr.strip().splitlines()
        assert line.startswith("error: NVP_DATA: expected the folder of the data sets, got")
        assert not list(tmp_path.iterdir())


def test_a_dry_run_says_how_to_get_data_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVP_DATA", str(tmp_path))
    flags = ("--set", "data.name=mnist", "--set", "model.name=mlp", "--dry-run")
    ended = run_main(STUDY, tmp_path / "out", "--preset", "quick", *flags)
    assert ended.returncode == 0
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("data: ")]
    assert f"MNIST: expected its files below {tmp_path}, found none; get them with" in line
    assert not list(tmp_path.iterdir())


def test_a_refusal_is_one_line_of_a_real_process_too(tmp_path: Path) -> None:
    refused = run_study(tmp_path, "--preset", "quick", "--set", "optim.lrr=1")
    assert refused.returncode == 2
    assert refused.stderr.strip().splitlines() == [
        "error: unknown configuration path 'optim.lrr' (did you mean 'optim.lr'?)"
    ]


def test_storage_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    refused = run_main(STUDY, tmp_path / "file", *ONE)
    assert refused.returncode == 2
    assert "expected a place to write to" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_a_trial_that_diverges_is_a_result(tmp_path: Path) -> None:
    flags = (*ONE, "--set", "optim.lr=1e30", "--set", "optim.noise=0")
    ended = run_main(STUDY, tmp_path, *flags)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    index = read_index(open_study(str(tmp_path), "sgd_noise", "quick"))
    (row,) = index.rows.values()
    assert row["status"] == "diverged"
    assert "not finite" in row["error"]
    assert row["test_accuracy"] is None
    assert read_table(index, "epochs")["epoch"].to_pylist() == [0]
    assert "1 done, 0 to run" in run_main(STUDY, tmp_path, *flags).stdout


def damage(place: Path) -> dict[str, Path]:
    """Truncate a part of one trial, flip a byte in a part of another, and break a third's row."""
    folder = place / "sgd_noise/quick"
    first, second, third = sorted((folder / "trials").iterdir())[:3]
    truncated = next((folder / "layers" / first.name).rglob("*.arrow"))
    truncated.write_bytes(truncated.read_bytes()[:-10])
    flipped = next((folder / "neurons" / second.name).rglob("*.arrow"))
    content = bytearray(flipped.read_bytes())
    content[len(content) // 2] ^= 1
    flipped.write_bytes(content)
    row = next(third.rglob("*.arrow"))
    row.write_bytes(b"")
    return {first.name: truncated, second.name: flipped, third.name: row}


def test_damage_is_named_and_only_the_trials_concerned_run_again(
    study_place: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = copied(study_place, tmp_path)
    whole = read_index(open_study(str(place), "sgd_noise", "quick"))
    before = {
        table: read_table(whole, table, sorted(whole.rows)) for table in ("layers", "neurons")
    }
    damaged = damage(place)
    (place / "sgd_noise/quick/study.json").write_text("{ half a")
    ended = run_main(STUDY, place, *SMALL, "--no-ray")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "13 done, 3 to run" in ended.stdout
    for path in [*damaged.values(), place / "sgd_noise/quick/study.json"]:
        assert str(path) in caplog.text, "not named"
    index = read_index(open_study(str(place), "sgd_noise", "quick"))
    assert {name for name, row in index.rows.items() if row["attempt"] == 2} == set(damaged)
    for table, rows in before.items():
        assert read_table(index, table, sorted(whole.rows)) == rows
    assert "0 to run" in run_main(STUDY, place, *SMALL).stdout


def test_help_names_every_flag(tmp_path: Path) -> None:
    shown = run_main(STUDY, tmp_path, "--help")
    for flag in ("--preset", "--storage", "--address", "--seeds", "--set", "--gpus-per-trial",
                 "--max-concurrent", "--only", "--search", "--num-trials", "--no-ray",
                 "--keep-checkpoints", "--dry-run"):  # fmt: skip
        assert flag in shown.stdout
