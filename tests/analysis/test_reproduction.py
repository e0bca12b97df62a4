"""Claims against tables, and the document that they make."""

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.claim import Claim, at_setting, rows_of, verdict
from analysis.claims import CLAIMS
from analysis.load import StudyFrames, load
from analysis.question import DEATH, Contrast
from analysis.reproduction import batch_bars, main, measured, numbers
from nvp.config import TrialConfig, flatten
from tests.conftest import ROOT

NOISE = next(claim for claim in CLAIMS if claim.study == "sgd_noise")


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), "sgd_noise", "quick")


def paper(frames: StudyFrames, **base: object) -> StudyFrames:
    """Return the study as if its published preset had run."""
    study = frames.study | {"base": frames.study["base"] | {"model.width": 1.0} | base}
    return replace(frames, preset="paper", study=study)


@pytest.mark.parametrize(
    ("expects", "outcome", "reduced", "published"),
    [
        ("more", "more", "same direction", "reproduced"),
        ("more", "less", "opposite direction", "contradicted"),
        ("more", "no winner", "no effect", "contradicted"),
        ("more", "no winner after Holm's correction", "no effect", "contradicted"),
        ("no winner", "no winner", "no effect, as claimed", "reproduced"),
        ("no winner", "less", "an effect where none is claimed", "contradicted"),
        ("less", "no pair of finished trials", "not run", "not run"),
    ],
)
def test_verdicts(expects: str, outcome: str, reduced: str, published: str) -> None:
    claim = Claim(source="s", says="c", expects=expects)
    assert verdict(claim, outcome, published=False) == reduced
    assert verdict(claim, outcome, published=True) == published


def test_one_pair_decides_nothing() -> None:
    said = verdict(Claim(source="s", says="c"), "one pair, so no interval", published=True)
    assert said == "undecided (one pair, so no interval)"


def test_only_the_source_s_own_setting_can_reproduce(frames: StudyFrames) -> None:
    claim = replace(NOISE, setting={"data.name": "cifar10"})
    assert not at_setting(claim, frames)
    assert at_setting(claim, paper(frames, **{"data.name": "cifar10"}))
    assert not at_setting(claim, paper(frames, **{"data.name": "digits"}))
    small = {"data.name": "cifar10", "data.images": 5000}
    assert not at_setting(claim, paper(frames, **small))
    assert not at_setting(replace(claim, setting={}), paper(frames, **{"data.name": "cifar10"}))


def test_a_claim_is_told_by_its_study(frames: StudyFrames) -> None:
    (row,) = rows_of(NOISE, [frames])
    assert row["verdict"] in ("same direction", "no effect")
    assert "convnet x 0.5, digits, 3 epochs, 2 seeds" in row["ran"]
    assert "(2 pairs" in row["value"]
    (lacking,) = rows_of(NOISE, [])
    assert (lacking["verdict"], lacking["value"]) == ("not run", "")


def test_levels_that_were_not_run_are_not_compared(frames: StudyFrames) -> None:
    contrast = Contrast(value=DEATH, key="optim.noise", where={"prune.method": "nvp"})
    (row,) = rows_of(replace(NOISE, contrast=contrast), [frames])
    assert row["verdict"] == "not run"


def test_every_claim_names_a_study_and_keys_of_a_configuration() -> None:
    keys = {*flatten(TrialConfig()), "length"}
    for claim in CLAIMS:
        assert bool(claim.contrast) != bool(claim.why), claim.says
        if claim.contrast:
            assert (ROOT / "studies" / f"{claim.study}.py").exists()
            assert {claim.contrast.key, *claim.contrast.where} <= keys
        assert set(claim.setting) <= keys


def test_the_published_bars_are_the_steps_of_an_epoch() -> None:
    assert [row["steps"] for row in batch_bars()] == ["3,125", "1,563", "782", "391", "196"]
    assert all(0.9 < float(row["ratio"]) < 1.1 for row in batch_bars())


def test_no_published_number_is_filled_in_by_a_smaller_run(frames: StudyFrames) -> None:
    study = replace(frames, name="neuron_sparsity")
    assert measured([study], "ResNet-18, CIFAR-10, neuron sparsity", "none") == {}
    for table in numbers([study]):
        for row in table["rows"]:
            assert all(not text or text.endswith("/ –") for text in row["cells"])


def test_the_document(study_place: Path, tmp_path: Path) -> None:
    out = tmp_path / "reproduction.md"
    assert main([str(study_place), "--out", str(out)]) == 0
    lines = out.read_text().splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    for claim in CLAIMS:
        assert any(claim.says in row for row in rows)
    tables = [i for i, line in enumerate(lines) if line.startswith("|---")]
    for i in tables:  # a table has a head and rows of as many cells
        width = lines[i].count("|")
        assert lines[i - 1].count("|") == width
        assert lines[i + 1].count("|") == width, lines[i + 1]
