"""What would X have pruned? Overlaps by hand, and a real checkpoint that nothing may change."""

import csv
import hashlib
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from nvp.config.identity import trial_id
from nvp.config.trial_config import ModelConfig, OptimConfig, PruneConfig, TrialConfig
from nvp.pruning import CRITERIA, WEIGHT_CRITERIA, plan_pruning
from nvp.pruning.measuring_point import MeasuringPoint
from nvp.pruning.ranking_overlap import MOST, by_index, compare_rankings, jaccard, kendall
from nvp.pruning.rankings import Ranking, predict_masked, rank_by_criteria
from nvp.storage.store import Storage
from nvp.trial import overlap
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions

torch.set_num_threads(1)
CONFIG = PruneConfig(floor=0.0)
INF = float("inf")


def ranking(name: str, **scores: list[float]) -> Ranking:
    return Ranking(name, "neuron", {g: torch.tensor(s) for g, s in scores.items()}, False)


def test_jaccard_by_hand() -> None:
    one = {"a": torch.tensor([True, True, False]), "b": torch.tensor([[True], [False]])}
    other = {"a": torch.tensor([True, False, False]), "b": torch.tensor([[True], [True]])}
    none = {group: torch.zeros_like(mask) for group, mask in one.items()}
    assert jaccard(one, other) == 2 / 4
    assert jaccard(one, one) == 1
    assert jaccard(one, none) == 0
    assert jaccard(none, none) is None


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ([1.0, 2.0, 3.0, 4.0], 1.0),
        ([4.0, 3.0, 2.0, 1.0], -1.0),
        ([1.0, 2.0, 4.0, 3.0], 4 / 6),  # 5 pairs agree, 1 does not
        ([1.0, 1.0, 2.0, 3.0], 5 / 30**0.5),  # tau-b: 5 agree, 1 tie, of 6: 5 / sqrt(6 * 5)
    ],
)
def test_kendall_by_hand(other: list[float], expected: float) -> None:
    own = {"a": torch.tensor([1.0, 2.0, 3.0, 4.0])}
    assert kendall(own, {"a": torch.tensor(other)}) == pytest.approx(expected)


def test_kendall_is_the_mean_over_layers_of_kept_units() -> None:
    one = {"a": torch.tensor([1.0, -INF, 2.0]), "b": torch.tensor([1.0, 2.0]),
           "c": torch.tensor([1.0, 1.0])}  # fmt: skip
    other = {"a": torch.tensor([3.0, -INF, 4.0]), "b": torch.tensor([2.0, 1.0]),
             "c": torch.tensor([1.0, 2.0])}  # fmt: skip
    assert kendall(one, other) == 0  # 1 and -1; c is constant on one side
    assert kendall({"c": one["c"]}, {"c": other["c"]}) is None
    assert kendall({"a": torch.tensor([-INF])}, {"a": torch.tensor([-INF])}) is None


def test_kendall_of_many_weights_looks_at_the_same_sample_each_time() -> None:
    rng = torch.Generator().manual_seed(1)
    one = {"w": torch.rand(4 * MOST, generator=rng)}
    mixed = {"w": one["w"] + torch.rand(4 * MOST, generator=rng)}
    whole = kendall({"w": one["w"][:MOST]}, {"w": mixed["w"][:MOST]})
    found = kendall(one, mixed)
    assert found == kendall(one, mixed)
    assert whole is not None
    assert found == pytest.approx(whole, abs=0.03)


def test_what_a_ranking_would_mask_is_relative_to_the_layer_and_new() -> None:
    one = ranking("one", a=[1.0, 2.0, 3.0, 4.0], b=[100.0, -INF, 300.0, 400.0])
    masked = predict_masked(one, CONFIG, 0.5)  # 4 of 8, one of which is masked already
    assert masked["a"].tolist() == [True, True, False, False]
    assert masked["b"].tolist() == [True, False, False, False]
    weights = Ranking("one", "weight", one.scores, False)
    assert predict_masked(weights, CONFIG, 0.5)["a"].tolist() == [True, True, True, False]  # raw


def test_the_floor_of_the_trial_holds() -> None:
    one = ranking("one", a=[1.0, 1.0, 1.0, 1.0], b=[0.0, 0.0, 0.0, 9.0])
    masked = predict_masked(one, PruneConfig(floor=0.5), 0.7)
    assert [int(mask.sum()) for mask in masked.values()] == [2, 2]


def test_overlaps_by_hand() -> None:
    found = compare_rankings(
        [
            ranking("up", a=[1.0, 2.0, 3.0, 4.0]),
            ranking("down", a=[4.0, 3.0, 2.0, 1.0]),
            ranking("near", a=[1.0, 3.0, 2.0, 4.0]),
        ],
        CONFIG,
        0.5,
    )
    keys = ("criterion_a", "criterion_b", "granularity", "jaccard", "kendall")
    assert [tuple(row[key] for key in keys) for row in found] == [
        ("up", "down", "neuron", 0.0, pytest.approx(-1)),
        ("up", "near", "neuron", 1 / 3, pytest.approx(4 / 6)),
        ("down", "near", "neuron", 1 / 3, pytest.approx(-4 / 6)),
    ]


def test_a_criterion_that_cannot_decide_says_how_much_the_index_did() -> None:
    dead = ranking("dead", a=[0.0, 1.0, 1.0, 1.0])
    assert by_index(dead, predict_masked(dead, CONFIG, 0.25)) == 0
    assert by_index(dead, predict_masked(dead, CONFIG, 0.5)) == 1 / 2
    assert by_index(dead, predict_masked(dead, CONFIG, 0.1)) is None


TRIAL = TrialConfig(
    epochs=3, model=ModelConfig(name="convnet", width=0.1), prune=PruneConfig(method="dnr")
)
NAME = trial_id(TRIAL)


def keep(place: Path, config: TrialConfig = TRIAL, *, kept: bool = True) -> Storage:
    """Run a trial in a place, with a plan that names it."""
    storage = Storage.at(str(place)).below("tiny", "quick")
    storage.write("study.json", b'{"base": {}, "trials": {}}')
    *_, last = run_trial(config, storage, RunOptions(keep_checkpoints=kept))
    assert last.status == "done", last.error
    return storage


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("kept")
    keep(place)
    return place


def digests(place: Path) -> dict[str, str]:
    files = [f for f in place.rglob("*") if f.is_file()]
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def point_at(place: Path) -> MeasuringPoint:
    return overlap.restore_point(Storage.at(str(place)).below("tiny", "quick"), NAME, TRIAL)


def run(
    capsys: pytest.CaptureFixture[str], place: Path, *arguments: str, study: str = "tiny"
) -> tuple[int, str, str]:
    try:
        code = overlap.main([study, "--storage", str(place), "--trial", NAME, *arguments])
    except SystemExit as refused:  # by the parser
        code = refused.code
    captured = capsys.readouterr()
    assert isinstance(code, int)
    return code, captured.out, captured.err


def test_the_command_compares_every_criterion_and_changes_no_byte(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, out = digests(place), tmp_path / "pairs.csv"
    code, shown, _ = run(capsys, place, "--out", str(out))
    assert code == 0
    assert digests(place) == before
    for name in [*CRITERIA, *WEIGHT_CRITERIA]:
        assert name in shown
    assert "dying*" in shown, "the trial's own criterion remembers"
    rows = list(csv.DictReader(out.open()))
    pairs = [len(names) * (len(names) - 1) // 2 for names in (CRITERIA, WEIGHT_CRITERIA)]
    assert [sum(row["granularity"] == kind for row in rows) for kind in ("neuron", "weight")] == (
        pairs
    )
    assert all(0 <= float(row["jaccard"]) <= 1 for row in rows)
    assert all(-1 <= float(row["kendall"]) <= 1 for row in rows if row["kendall"])
    again = tmp_path / "again.csv"
    run(capsys, place, "--out", str(again))
    assert again.read_text() == out.read_text()


def test_the_checkpoint_is_the_end_of_the_trial(place: Path) -> None:
    storage = Storage.at(str(place)).below("tiny", "quick")
    (name,) = storage.files("checkpoints")
    assert name.startswith(f"checkpoints/{NAME}/00003-")
    assert point_at(place).moment.progress == 1


def test_keeping_a_checkpoint_changes_no_row(tmp_path: Path, place: Path) -> None:
    keep(tmp_path, kept=False)
    tables = ("epochs", "layers", "neurons", "events")
    one, other = (
        {f.relative_to(root): f.read_bytes() for t in tables[1:] for f in root.rglob(f"*/{t}/**/*")
         if f.is_file()}
        for root in (tmp_path, place)
    )  # fmt: skip
    assert one == other
    assert not list(tmp_path.rglob("*.safetensors"))


def test_rankings_leave_the_network_the_memory_and_the_streams_as_they_were(place: Path) -> None:
    point = point_at(place)

    def state() -> dict[str, Tensor]:
        groups = {"model": point.model.state_dict(), "memory": point.memory, "idle": point.idle}
        flat = {f"{kind}/{k}": v.clone() for kind, values in groups.items() for k, v in
                values.items()}  # fmt: skip
        return flat | {"ties": point.ties.get_state(), "regrow": point.regrow.get_state()}

    before, plan = state(), plan_pruning(TRIAL.prune)
    assert any(name.startswith("memory/") for name in before)
    for granularity in ("neuron", "weight"):
        first, _ = rank_by_criteria(point, plan, granularity, "relu")
        second, _ = rank_by_criteria(point, plan, granularity, "relu")
        for one, other in zip(first, second, strict=True):
            for group, scores in one.scores.items():
                assert torch.equal(scores, other.scores[group]), one.criterion
    after = state()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(parameter.grad is None for parameter in point.model.parameters())


def test_only_the_own_criterion_remembers(place: Path) -> None:
    point = point_at(place)
    found, _ = rank_by_criteria(point, plan_pruning(TRIAL.prune), "neuron", "relu")
    assert [each.criterion for each in found if each.remembers] == ["dying"]
    point.memory.clear()
    found, _ = rank_by_criteria(point, plan_pruning(TRIAL.prune), "neuron", "relu")
    assert not any(each.remembers for each in found)


def test_what_the_network_does_not_support_is_skipped_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ModelConfig(name="mlp", width=0.1, norm="none", activation="gelu")
    config = TrialConfig(epochs=1, model=model)
    keep(tmp_path, config)
    code, shown, _ = run(capsys, tmp_path, "--trial", trial_id(config))
    assert code == 0
    skipped = [line for line in shown.splitlines() if line.startswith("skipped: ")]
    assert len(skipped) == 2
    assert "apoz - criterion apoz counts outputs that are exactly 0" in skipped[0]
    assert "scale - criterion scale works on the scales" in skipped[1]


def test_a_sparsity_reached_already_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prune = PruneConfig(method="snap", sparsity=0.6)
    config = TrialConfig(epochs=1, model=ModelConfig(width=0.1), prune=prune)
    keep(tmp_path, config)
    shown = run(capsys, tmp_path, "--trial", trial_id(config), "--criteria", "snap", "nvi")[1]
    assert shown.count("ask for a higher --sparsity") == 2
    assert "criterion" in shown


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--preset", "paper"], "expected tables of the study 'tiny', preset paper"),
        (["--trial", NAME[:-1]], f"got {NAME[:-1]!r}"),
        (["--criteria", "nvii"], "did you mean 'nvi'"),
        (["--out", "/nowhere/at/all.csv"], "expected a file in a folder that exists"),
        (["--sparsity", "1"], "expected a fraction > 0 and < 1, got '1'"),
        (["--sparsity", "half"], "expected a fraction > 0 and < 1, got 'half'"),
    ],
)
def test_wrong_input_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    code, _, error = run(capsys, place, *arguments)
    assert code == 2
    assert expected in error


def test_another_study_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = run(capsys, place, study="tinny")
    assert code == 2
    assert "expected tables of the study 'tinny'" in error


def test_a_diverged_trial_keeps_the_last_one_that_was_finite(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    config = TrialConfig(epochs=3, model=TRIAL.model, optim=OptimConfig(lr=1e30))
    *_, last = run_trial(config, storage, RunOptions(keep_checkpoints=True, checkpoint_seconds=0.0))
    assert last.status == "diverged"
    (name,) = storage.files("checkpoints")
    assert "/00000-" in name


def test_a_trial_without_a_checkpoint_says_how_to_get_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = keep(tmp_path, kept=False)
    code, _, error = run(capsys, tmp_path)
    assert code == 2
    assert (
        f"of an earlier plan: the start that made it runs it for one, with --only {NAME} " in error
    )
    storage.write("study.json", b'{"base": {}, "trials": {"%s": {}}}' % NAME.encode())
    code, _, error = run(capsys, tmp_path)
    assert code == 2
    assert re.search(rf"this runs it for one: python .* --only {NAME} --keep-checkpoints", error)
