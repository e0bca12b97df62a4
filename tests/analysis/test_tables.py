"""`nvp tables STUDY --to parquet|csv`: files that hold what the tables hold, and its refusals."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from nvp.__main__ import main
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.tables.files import make_plain
from nvp.storage.schema import TABLES

READERS = {"parquet": pd.read_parquet, "csv": pd.read_csv}


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), "sgd_noise", "quick")


@pytest.mark.parametrize("kind", READERS)
def test_the_files_have_all_rows_and_the_configuration_as_columns(
    kind: str,
    study_place: Path,
    frames: StudyFrames,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    flags = ["--storage", str(study_place), "--to", kind, "--out", str(tmp_path)]
    assert main(["tables", "sgd_noise", *flags]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{t}.{kind}" for t in TABLES)
    found = {table: READERS[kind](tmp_path / f"{table}.{kind}") for table in TABLES}
    trials = found["trials"].set_index("trial_id")
    for name, text in frames.trials.set_index("trial_id")["config"].items():
        for key, value in json.loads(text).items():
            if key not in ("epochs", "steps") and not isinstance(value, list | str):
                assert trials.loc[name, key] == pytest.approx(value), (name, key)
    assert trials["test_accuracy"].tolist() == pytest.approx(
        frames.trials["test_accuracy"].tolist()
    )
    for table in set(TABLES) - {"trials"}:
        assert len(found[table]) == len(frames.table(table))
        assert {*frames.swept, "status"} <= set(found[table].columns)
    said = capsys.readouterr().out
    assert f"{tmp_path}/epochs.{kind}: {len(frames.epochs)} rows" in said


def test_files_lie_beside_the_tables_by_default_and_are_replaced(
    study_place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "sgd_noise/quick"  # other tests copy the shared one meanwhile
    shutil.copytree(study_place / "sgd_noise/quick", own)
    for _ in range(2):
        assert main(["tables", "sgd_noise", "--storage", str(tmp_path), "--to", "csv"]) == 0
    folder = own / "csv"
    assert len(list(folder.iterdir())) == len(TABLES)
    assert str(folder / "trials.csv") in capsys.readouterr().out


def test_a_column_has_one_type() -> None:
    columns = {"lists": [(1, 2), None], "mixed": ["adam", 0.1], "numbers": [1, 0.5]}
    mixed = pd.DataFrame(columns | {"flags": [True, None]}, dtype=object)
    plain = make_plain(mixed)
    assert plain["lists"].tolist()[0] == "[1, 2]"
    assert plain["mixed"].tolist() == ["adam", "0.1"]
    assert plain["numbers"].tolist() == [1.0, 0.5]
    assert plain["flags"].tolist() == [True, None]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sgd_noise"], "expected STUDY --to parquet or csv, got sgd_noise alone"),
        (["--to", "csv"], "expected STUDY --to parquet or csv, got --to alone"),
        (["sgd_noise", "--to", "parket"], "did you mean 'parquet'?"),
        (["sgd_nois", "--to", "csv"], "did you mean 'sgd_noise'?"),
    ],
)
def test_wrong_arguments_are_one_line(
    arguments: list[str],
    expected: str,
    study_place: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    try:
        code = main(["tables", *arguments, "--storage", str(study_place)])
    except SystemExit as ended:
        code = ended.code
    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    (line,) = captured.err.splitlines()
    assert expected in line
