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
from nvp.analysis.reproduction.evidence import tell_claims
from nvp.analysis.reproduction.imagenet import compare_imagenet
from nvp.analysis.reproduction.page import main
from nvp.analysis.reproduction.published import compare_accuracies, measure_accuracies
from nvp.analysis.reproduction.runs import describe_run
from nvp.analysis.reproduction.verdict import judge_claim, judge_numbers, matches_source
from nvp.config.dotted_paths import flatten_config
from nvp.config.trial_config import TrialConfig
from nvp.question.question import DEATH, Contrast, Margin
from tests.conftest import ROOT

NOISE = next(claim for claim in CLAIMS if claim.source.startswith("Chen") and claim.study)


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), "sgd_noise", "quick")


def tell(claim: Claim, frames: StudyFrames) -> str:
    """Return the verdict on a claim by one run."""
    _, (row,) = tell_claims([claim], [frames])
    return row["verdict"]


def paper(frames: StudyFrames, **base: object) -> StudyFrames:
    """Return the study as if its published preset had run."""
    study = frames.study | {"base": frames.study["base"] | {"model.width": 1.0} | base}
    return replace(frames, preset="paper", study=study)


@pytest.mark.parametrize(
    ("expects", "outcome", "reduced", "published"),
    [
        ("more", "more", "same direction", "reproduced"),
        ("more", "less", "opposite direction", "contradicted"),
        ("more", "equal", "no effect", "contradicted"),
        ("more", "undecided", "undecided", "undecided"),
        ("less", "undecided after correction", *["undecided (after correction)"] * 2),
        ("equal", "equal", "no effect, as claimed", "reproduced"),
        ("equal", "less", "an effect where none is claimed", "contradicted"),
        ("equal", "undecided", "undecided", "undecided"),
        ("a difference", "less", "a difference, as claimed", "reproduced"),
        ("a difference", "equal", "no effect", "contradicted"),
        ("a difference", "undecided", "undecided", "undecided"),
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
    ("above", "values", "margin", "said"),
    [
        (0.9, (0.94, 0.95, 0.96), None, "same direction"),
        (0.9, (0.55, 0.6, 0.65), None, "less than claimed"),
        (0.9, (0.8, 0.9, 1.0), None, "undecided"),
        (0.0, (-0.21, -0.2, -0.19), None, "opposite direction"),
        (0.0, (0.0, 0.0, 0.0), None, "undecided"),
        (0.0, (0.0, 0.0, 0.0), 0.01, "no effect"),
        (0.0, (0.0, 0.001, 0.002), 0.01, "no effect"),
        (0.0, (0.0, 0.01, 0.02), 0.01, "undecided"),
    ],
)
def test_a_number_lies_above_its_bound_or_not(
    frames: StudyFrames, above: float, values: tuple, margin: float | None, said: str
) -> None:
    def seeds(frames: StudyFrames) -> pd.DataFrame:
        return pd.DataFrame({"seed": range(len(values)), "value": values})

    stated = Margin(margin, "why") if margin else None
    share = Share(of=seeds, above=above, words="w", margin=stated)
    assert tell(Claim(source="s", says="c", study="sgd_noise", share=share), frames) == said


def test_a_number_is_told_with_its_seeds(frames: StudyFrames) -> None:
    def seeds(frames: StudyFrames) -> pd.DataFrame:
        return pd.DataFrame({"seed": [0, 1, 2], "value": [0.5, 0.5, 0.5]})

    share = Share(of=seeds, above=0.0, words="half")
    claim = Claim(source="s", says="c", study="sgd_noise", share=share)
    _, (row,) = tell_claims([claim], [frames])
    assert row["value"] == "half: 0.500 [0.500, 0.500] (3 seeds, all alike)"
    assert row["verdict"] == "same direction"
    nothing = replace(share, of=lambda frames: seeds(frames).iloc[:0])
    _, (row,) = tell_claims([replace(claim, share=nothing)], [frames])
    assert row["verdict"] == "not tested: too few to count"


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
    _, (row,) = tell_claims([NOISE], [frames])
    assert row["verdict"] in ("same direction", "undecided", "undecided (after correction)")
    assert row["role"] == "primary"
    assert "convnet x 0.5 (batch normalisation), digits, SGD, 3 epochs, 2 seeds" in row["ran"]
    assert "(2 pairs" in row["value"]
    _, (lacking,) = tell_claims([NOISE], [])
    assert (lacking["verdict"], lacking["value"]) == ("not run", "")


def test_where_no_neuron_died_a_claim_on_deaths_is_not_tested(frames: StudyFrames) -> None:
    alive = replace(frames)
    vars(alive)["layers"] = frames.layers.assign(dead=0)  # a table that is read once asked for
    _, (row,) = tell_claims([NOISE], [alive])
    assert row["verdict"] == "not tested: no neuron died"
    assert "+0.000" in row["value"]


def test_networks_that_learned_little_say_nothing_about_accuracy(frames: StudyFrames) -> None:
    claim = replace(NOISE, accuracy=0.9)
    assert tell(claim, frames) == tell(NOISE, frames)
    low = frames.trials.assign(test_accuracy=0.4)
    assert tell(claim, replace(frames, trials=low)).startswith("not tested: the networks learned")


def test_a_norm_that_a_network_does_not_read_is_not_said_of_it(frames: StudyFrames) -> None:
    assert describe_run(frames).startswith("convnet x 0.5 (batch normalisation), digits")
    other = replace(frames, trials=frames.trials.assign(**{"model.name": "vit"}))
    assert describe_run(other).startswith("vit x 0.5, digits")


def test_levels_that_were_not_run_are_not_compared(frames: StudyFrames) -> None:
    contrast = Contrast(value=DEATH, key="optim.noise", where={"prune.method": "nvp"})
    _, (row,) = tell_claims([replace(NOISE, contrast=contrast)], [frames])
    assert row["verdict"] == "not run"


def test_a_study_with_one_level_so_far_compares_nothing(frames: StudyFrames) -> None:
    trials = frames.trials[frames.trials["optim.noise"] == 0]
    _, (row,) = tell_claims([NOISE], [replace(frames, trials=trials)])
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
    assert (first.expects, last.expects) == ("more", "equal")
    assert first.contrast
    assert (first.contrast.reference, first.contrast.others) == ("snap", ("theirs",))
    assert last.contrast.reference == ""


def test_the_published_bars_are_the_steps_of_an_epoch_or_more_than_there_is() -> None:
    rows = {row["level"]: row for row in judge_bars([])}
    assert rows["batch size 128"]["counts"] == "0.99 x the 391 steps of an epoch"
    assert rows["lambda 9e-05"]["counts"] == "8.40 x all 4,800 channels"
    verdicts = {key: row["verdict"] for key, row in rows.items()}
    assert all(said == "artefact" for key, said in verdicts.items() if key.startswith("batch"))
    assert (verdicts["lambda 0"], verdicts["lambda 9e-08"]) == ("not run", "artefact")
    assert verdicts["learning rate 0.1"] == "not run"


def test_a_number_is_reproduced_where_our_interval_lies_within_its_margin() -> None:
    ours = {"mean": 0.9, "low": 0.89, "high": 0.91}
    assert judge_numbers([]) == "not run"
    assert judge_numbers([(0.904, ours, 0.015)]) == "reproduced"
    assert judge_numbers([(0.914, ours, 0.01)]) == "undecided"
    assert judge_numbers([(0.93, ours, 0.01)]) == "contradicted"
    said = judge_numbers([(0.93, ours, 0.01), (0.9, ours, 0.011), (0.9, ours, 0.001)])
    assert said == "of 3: 1 reproduced, 1 contradicted, 1 undecided"
    one_seed = {"mean": 0.9, "low": float("nan"), "high": float("nan")}
    assert judge_numbers([(0.9, one_seed, 0.01)]) == "undecided"


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


@pytest.mark.parametrize("arguments", [["x://y"], [".", "--out", "no/such/folder/page.md"]])
def test_what_is_wrong_is_one_line(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert len(error.splitlines()) == 1


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
