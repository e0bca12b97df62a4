"""Claims against tables, and the document that they make."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.reproduction.bars import judge_bars
from nvp.analysis.reproduction.claim import Claim, Share
from nvp.analysis.reproduction.claims import CLAIMS
from nvp.analysis.reproduction.claims.accuracy import read_claims
from nvp.analysis.reproduction.evidence import find_evidence
from nvp.analysis.reproduction.imagenet import compare_imagenet
from nvp.analysis.reproduction.page import main
from nvp.analysis.reproduction.published import (
    compare_accuracies,
    judge_numbers,
    measure_accuracies,
)
from nvp.analysis.reproduction.verdict import compare_with_bound, judge_claim, matches_source
from nvp.analysis.selection.question import DEATH, Contrast
from nvp.config.dotted_paths import flatten_config
from nvp.config.trial_config import TrialConfig
from tests.conftest import ROOT

NOISE = next(claim for claim in CLAIMS if claim.source.startswith("Chen") and claim.study)


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
        ("a difference", "less", "a difference, as claimed", "reproduced"),
        ("a difference", "no winner", "no effect", "contradicted"),
        ("less", "no pair of finished trials", "not run", "not run"),
    ],
)
def test_verdicts(expects: str, outcome: str, reduced: str, published: str) -> None:
    claim = Claim(source="s", says="c", expects=expects)
    assert judge_claim(claim, outcome, published=False) == reduced
    assert judge_claim(claim, outcome, published=True) == published


def test_one_pair_decides_nothing() -> None:
    said = judge_claim(Claim(source="s", says="c"), "one pair, so no interval", published=True)
    assert said == "undecided (one pair, so no interval)"


@pytest.mark.parametrize(
    ("above", "low", "high", "said"),
    [
        (0.9, 0.92, 0.98, "same direction"),
        (0.9, 0.5, 0.7, "less than claimed"),
        (0.9, 0.8, 1.0, "no effect"),
        (0.0, -0.3, -0.1, "opposite direction"),
    ],
)
def test_a_number_lies_above_its_bound_or_not(
    above: float, low: float, high: float, said: str
) -> None:
    share = Share(of=lambda frames: frames.trials, above=above, words="w")
    outcome = compare_with_bound(
        {"n": 3, "mean": (low + high) / 2, "low": low, "high": high}, above
    )
    assert judge_claim(Claim(source="s", says="c", share=share), outcome, published=False) == said
    assert compare_with_bound({"n": 1, "mean": 1.0}, above) == "one seed, so no interval"


def test_a_number_is_told_with_its_seeds(frames: StudyFrames) -> None:
    def seeds(frames: StudyFrames) -> pd.DataFrame:
        return pd.DataFrame({"seed": [0, 1, 2], "value": [0.5, 0.5, 0.5]})

    share = Share(of=seeds, above=0.0, words="half")
    claim = Claim(source="s", says="c", study="sgd_noise", share=share)
    (row,) = find_evidence(claim, [frames])
    assert row["value"] == "half: 0.500 [0.500, 0.500] (3 seeds)"
    assert row["verdict"] == "same direction"
    nothing = replace(share, of=lambda frames: seeds(frames).iloc[:0])
    (row,) = find_evidence(replace(claim, share=nothing), [frames])
    assert row["verdict"] == "not run"


def test_only_the_source_s_own_setting_can_reproduce(frames: StudyFrames) -> None:
    claim = replace(NOISE, source_config={"data.name": "cifar10"})
    assert not matches_source(claim, frames)
    assert matches_source(claim, paper(frames, **{"data.name": "cifar10"}))
    assert not matches_source(claim, paper(frames, **{"data.name": "digits"}))
    small = {"data.name": "cifar10", "data.images": 5000}
    assert not matches_source(claim, paper(frames, **small))
    assert not matches_source(
        replace(claim, source_config={}), paper(frames, **{"data.name": "cifar10"})
    )


def test_a_claim_is_told_by_its_study(frames: StudyFrames) -> None:
    (row,) = find_evidence(NOISE, [frames])
    assert row["verdict"] in ("same direction", "no effect")
    assert "convnet x 0.5, digits, 3 epochs, 2 seeds" in row["ran"]
    assert "(2 pairs" in row["value"]
    (lacking,) = find_evidence(NOISE, [])
    assert (lacking["verdict"], lacking["value"]) == ("not run", "")


def test_where_no_neuron_died_a_claim_on_deaths_is_not_tested(frames: StudyFrames) -> None:
    alive = replace(frames)
    vars(alive)["layers"] = frames.layers.assign(dead=0)  # a table that is read once asked for
    (row,) = find_evidence(NOISE, [alive])
    assert row["verdict"] == "not tested: no neuron died"
    assert "+0.000" in row["value"]


def test_levels_that_were_not_run_are_not_compared(frames: StudyFrames) -> None:
    contrast = Contrast(value=DEATH, key="optim.noise", where={"prune.method": "nvp"})
    (row,) = find_evidence(replace(NOISE, contrast=contrast), [frames])
    assert row["verdict"] == "not run"


def test_a_study_with_one_level_so_far_compares_nothing(frames: StudyFrames) -> None:
    trials = frames.trials[frames.trials["optim.noise"] == 0]
    (row,) = find_evidence(NOISE, [replace(frames, trials=trials)])
    assert row["verdict"] == "not run"


def test_every_claim_names_a_study_and_keys_of_a_configuration() -> None:
    keys = {*flatten_config(TrialConfig()), "length"}
    for claim in CLAIMS:
        tests = [bool(claim.contrast), bool(claim.share), bool(claim.why)]
        assert sum(tests) == 1, claim.says
        assert bool(claim.study) != bool(claim.why)
        if claim.study:
            assert (ROOT / "studies" / f"{claim.study}.py").exists()
        if claim.contrast:
            assert {claim.contrast.key, *claim.contrast.where} <= keys
        assert set(claim.source_config) <= keys


def test_no_claim_twice() -> None:
    assert len({(claim.source, claim.says) for claim in CLAIMS}) == len(CLAIMS)


def test_a_figure_claims_what_its_accuracies_say() -> None:
    table = pd.DataFrame(
        [
            ("ResNet-18, CIFAR-10, neuron sparsity", "ExplainableP", "theirs", 0.5, 0.93),
            ("ResNet-18, CIFAR-10, neuron sparsity", "SNAP", "snap", 0.5, 0.92),
            ("ResNet-18, CIFAR-10, neuron sparsity", "ExplainableP", "theirs", 0.9, 0.86),
            ("ResNet-18, CIFAR-10, neuron sparsity", "SNAP", "", 0.9, 0.862),
        ],
        columns=pd.Index(["table", "method", "run", "level", "value"]),
    )
    first, last = read_claims(table)
    assert (
        first.says
        == "At 50 % neuron sparsity theirs is more accurate than SNAP (about 0.930 to 0.920)."
    )
    assert (first.expects, last.expects) == ("more", "no winner")
    assert first.contrast
    assert (first.contrast.reference, first.contrast.others) == ("snap", ("theirs",))
    assert (last.contrast, last.why) == (None, "SNAP of single weights is not built")


def test_the_published_bars_are_the_steps_of_an_epoch_or_more_than_there_is() -> None:
    rows = {row["level"]: row for row in judge_bars([])}
    assert rows["batch size 128"]["counts"] == "0.99 x the 391 steps of an epoch"
    assert rows["lambda 9e-05"]["counts"] == "8.40 x all 4,800 channels"
    verdicts = {key: row["verdict"] for key, row in rows.items()}
    assert all(said == "artefact" for key, said in verdicts.items() if key.startswith("batch"))
    assert (verdicts["lambda 0"], verdicts["lambda 9e-08"]) == ("not run", "artefact")
    assert verdicts["learning rate 0.1"] == "not run"


def test_a_number_is_reproduced_within_our_interval() -> None:
    ours = {"mean": 0.9, "low": 0.89, "high": 0.91}
    assert judge_numbers([]) == "not run"
    assert judge_numbers([(0.914, ours)]) == "reproduced"
    assert judge_numbers([(0.93, ours)]) == "contradicted"
    assert judge_numbers([(0.93, ours), (0.9, ours)]) == "1 of 2 reproduced"


def test_no_published_number_is_filled_in_by_a_smaller_run(frames: StudyFrames) -> None:
    study = replace(frames, name="neuron_sparsity")
    assert measure_accuracies([study], "ResNet-18, CIFAR-10, neuron sparsity", "none") == {}
    for table in compare_accuracies([study]):
        for row in table["rows"]:
            assert all(not text or text.endswith("/ –") for text in row["cells"])
            assert row["verdict"] == "not run"
    for row in compare_imagenet([replace(frames, name="imagenet")])["rows"]:
        assert row["verdict"] == "not run"
        assert all(not text or text.endswith("/ –") for text in row["cells"])
    assert judge_bars([replace(frames, name="learning_rate")])[10]["ours"] == "–"


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
