"""The documents of evidence/: they are as `make docs` makes them, and half a study is left out."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from benchmarks.documents.__main__ import main
from benchmarks.documents.findings import UNJUDGED, find_judgement
from benchmarks.documents.pictures import hash_numbers, keep_picture, read_hash
from nvp.analysis.frames.load import load
from nvp.analysis.selection.drawing import Drawing
from tests.conftest import ROOT

MADE = ("docs/findings.md", "docs/reproduction.md", "docs/remedies/README.md", "README.md")
STUDY = "learning_rate"
HALF = "1 of 51 trials are missing"


def make(place: Path, root: Path) -> Path:
    """Make the documents of a place in a copy of what is there."""
    shutil.copytree(ROOT / "docs/figures/findings", root / "docs/figures/findings")
    for name in MADE:
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    assert main(["--place", str(place), "--root", str(root)]) == 0
    return root


@pytest.mark.one_commit_in(2, 0)
def test_the_documents_are_as_evidence_makes_them(tmp_path: Path) -> None:
    root = make(ROOT / "evidence", tmp_path)
    for name in MADE:
        assert (root / name).read_text() == (ROOT / name).read_text(), f"{name}: run make docs"
    pictures = sorted((ROOT / "docs/figures/findings").glob("*.png"))
    assert pictures
    for path in pictures:
        own = root / path.relative_to(ROOT)
        assert own.read_bytes() == path.read_bytes(), f"{path.name}: run make docs"


def test_somebody_has_judged_every_study() -> None:
    text = (ROOT / "docs/findings.md").read_text()
    assert text.count("**Did it happen?**") == text.count("**What ran.**") > 0
    assert "Nobody has judged" not in text


@pytest.fixture
def half(tmp_path: Path) -> Path:
    """A copy of a study's evidence whose plan has one more trial than has run."""
    place = tmp_path / "evidence"
    shutil.copytree(ROOT / "evidence" / STUDY / "laptop", place / STUDY / "laptop")
    file = place / STUDY / "laptop/study.json"
    document = json.loads(file.read_text())
    document["trials"]["0123456789ab"] = next(iter(document["trials"].values()))
    file.write_text(json.dumps(document))
    return place


def test_half_a_study_is_named_and_left_out(
    half: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make(half, tmp_path / "root")
    assert HALF in capsys.readouterr().out
    text = (root / "docs/findings.md").read_text()
    assert f"Left out: `{STUDY}`, preset laptop: {HALF}." in text
    assert f"## {STUDY}" not in text


def drawing(value: float, title: str) -> Drawing:
    """Return a picture of one number."""
    figure = Figure(figsize=(2, 1))
    figure.suptitle(title)
    return Drawing(figure, pd.DataFrame({"value": [value]}))


def test_a_figure_is_drawn_again_only_where_its_numbers_change(tmp_path: Path) -> None:
    path = tmp_path / "figures/one.png"
    keep_picture(drawing(0.1, "drawn first"), path)
    first = path.read_bytes()
    keep_picture(drawing(0.1 + 1e-12, "of another library"), path)
    assert path.read_bytes() == first
    keep_picture(drawing(0.2, "of other numbers"), path)
    assert path.read_bytes() != first
    assert read_hash(path) == hash_numbers(drawing(0.2, ""))


def test_a_judgement_is_of_the_tables_that_were_judged() -> None:
    frames = load(str(ROOT / "evidence"), STUDY, "laptop")
    assert find_judgement(frames).startswith("It did not happen")
    other = replace(frames, trials=frames.trials.assign(code="0123456789ab"))
    assert find_judgement(other) == UNJUDGED
