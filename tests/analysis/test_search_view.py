"""A real small search through `nvp analyse`, the commands that it prints, and made ones drawn."""

import json
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nvp.analysis import style
from nvp.analysis.answers.search_answer import answer_search
from nvp.analysis.answers.search_wording import write_search_answer
from nvp.analysis.command import main
from nvp.analysis.frames.load import StudyFrames, load, read_frames
from nvp.analysis.plots.figures import FIGURES
from nvp.analysis.reports.search_report import gather_search
from nvp.analysis.selection.drawing import Drawing, NothingToDraw
from nvp.analysis.selection.question_of_study import question_of
from nvp.analysis.statistics import importance
from nvp.question.figures import SEARCH_FIGURES
from nvp.question.question import Question
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study, read_study
from tests.analysis.made_searches import SPACE, make_search
from tests.in_process import run_main
from tests.small_search import DESIGN, STUDY

BOTH = {"val_accuracy": "maximize", "sparsity": "maximize"}
SEARCH = replace(STUDY, quick=replace(DESIGN, seeds=2, objectives=BOTH))
SHORT = ("--preset", "quick", "--no-ray", "--set", "epochs=1")
ASKED = 3
CELL = {"optim.lr": 0.1, "prune.method": "none"}


def run(place: Path, *flags: str) -> None:
    """Run the search's script as a shell would start it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["studies/small_search.py", *flags])
        ended = run_main(SEARCH, place, *flags)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def run_printed(place: Path, command: str) -> None:
    """Run a command that the answer prints; its place is the search's."""
    words = shlex.split(command)
    assert words[:2] == ["python", "studies/small_search.py"]
    at = words.index("--storage")
    assert words[at + 1] == str(place)
    run(place, *words[2:at], *words[at + 2 :])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the place of a search that asked `ASKED` configurations for two seeds each."""
    place = tmp_path_factory.mktemp("searches")
    run(place, *SHORT, "--search", "optuna", "--num-trials", str(ASKED))
    return place


def draw_text(frames: StudyFrames, name: str) -> tuple[Drawing, str]:
    """Return a figure and its caption."""
    with style.paper_style():
        drawing = FIGURES[name](frames, Question(ask=""))
    return drawing, " ".join(drawing.figure.get_supxlabel().split())


def test_the_command_draws_a_search_and_answers_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["small_search", "--storage", str(place)]) == 0
    printed = capsys.readouterr().out
    folder = place / "small_search" / "quick"
    assert {path.stem for path in (folder / "figures").glob("*.png")} == set(SEARCH_FIGURES)
    assert "asks for the best configurations of the search" in printed
    assert f"{ASKED} configurations asked by NSGA-II, {ASKED} of them ranked, each over n = 2" in (
        printed
    )
    frames = load(str(place), "small_search", "quick")
    best = frames.trials.groupby("optim.lr")["val_accuracy"].mean().idxmax()
    number = 1 + list_cells(frames).index(best)
    assert f"Best by validation accuracy (more is better): no. {number}, " in printed
    page = (folder / "report.html").read_text()
    commands = [line.split(": ", 1)[1] for line in printed.splitlines() if ": python " in line]
    assert len(commands) == 4
    assert all(command in page for command in commands)
    assert "0.001 to 0.5, logarithmic" in page
    assert "it has no effect to speak of" not in page


def list_cells(frames: StudyFrames) -> list[float]:
    """Return the learning rates in the order in which they were asked."""
    return list(dict.fromkeys(swept["optim.lr"] for swept in frames.study["trials"].values()))


def test_a_trial_that_is_asked_for_is_shown_beside_the_search(place: Path) -> None:
    frames = read_frames(str(place), "small_search", "quick")
    assert "life_cycle" not in question_of(frames).figures
    assert question_of(frames, trial=frames.trials["trial_id"][0]).figures[-1] == "life_cycle"


def test_importances_of_a_search_are_for_its_objectives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "DRAWS", 2)
    drawing, text = draw_text(made(20, 1), "importance")
    assert set(drawing.frame["response"]) == {"val_accuracy"}
    assert "The search sought good settings" in text


def test_study_json_says_how_the_search_goes(place: Path) -> None:
    study = read_study(open_study(str(place), "small_search", "quick"))
    assert study["objectives"] == BOTH
    assert (study["sampler"], study["num_trials"]) == ("NSGA-II", ASKED)
    assert study["conditions"] == {"prune.sparsity": {"prune.method": ["magnitude"]}}


def test_printed_commands_train_the_best_again_and_by_fresh_seeds(place: Path) -> None:
    storage = open_study(str(place), "small_search", "quick")
    before, asked = read_index(storage).rows, read_study(storage)
    lines = write_search_answer(answer_search(read_frames(str(place), "small_search", "quick")))
    again, anew = (line.split(": ", 1)[1] for line in lines[3:5])
    run_printed(place, again)
    rows = read_index(storage).rows
    assert rows.keys() == before.keys()
    kept = [name for name, row in rows.items() if row["checkpoint_kept"]]
    assert len(kept) == 2
    assert len({asked["trials"][name]["optim.lr"] for name in kept}) == 1
    run_printed(place, anew)
    fresh = {name: row for name, row in read_index(storage).rows.items() if name not in before}
    assert sorted(json.loads(row["config"])["seed"] for row in fresh.values()) == [2, 3, 4, 5, 6]
    lines = write_search_answer(answer_search(read_frames(str(place), "small_search", "quick")))
    mean = np.mean([row["val_accuracy"] for row in fresh.values()])
    assert f"By seeds that did not choose it: {mean:.4g} [" in lines[2]
    now = read_study(storage)
    for key in ("search", "objectives", "sampler", "num_trials", "conditions", "trials"):
        assert now[key] == asked[key], "a run beside the search replaced what it says"


def test_a_search_that_asks_for_more_goes_on(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    storage = open_study(str(tmp_path), "small_search", "quick")
    before = read_study(storage)["trials"]
    run(tmp_path, *SHORT, "--search", "optuna", "--num-trials", str(ASKED + 1))
    now = read_study(storage)
    assert now["num_trials"] == ASKED + 1
    assert list(now["trials"])[: len(before)] == list(before)
    storage.write("study.json", json.dumps(now | {"num_trials": 9}).encode())
    lines = write_search_answer(answer_search(read_frames(str(tmp_path), "small_search", "quick")))
    assert lines[0].startswith(f"{ASKED + 1} of 9 configurations asked by NSGA-II")


def test_of_an_older_study_json_it_says_what_it_cannot_know(place: Path) -> None:
    frames = read_frames(str(place), "small_search", "quick")
    newer = ("objectives", "sampler", "num_trials", "conditions")
    old = replace(frames, study={k: v for k, v in frames.study.items() if k not in newer})
    assert "pareto_front" not in question_of(old).figures
    assert "best by validation accuracy" in question_of(old).ask
    (said,) = [
        line for line in gather_search(answer_search(old))["limits"] if "does not say" in line
    ]
    assert "the objectives, nor the sampler, nor how many configurations" in said
    _, text = draw_text(old, "best_configurations")
    assert "study.json names no objective; assumed: validation accuracy (more is better)." in text


OBJECTIVES = {"val_accuracy": "maximize", "flops_left": "minimize", "val_loss": "minimize"}
OWN = SPACE | {"model.extra.depth": [0, 1, 2], "model.name": ["mylab.nets:of_a_rather_long_name"]}


def made(count: int, seeds: int, objectives: int = 1) -> StudyFrames:
    """Return a search whose last configuration is the most accurate one; the second one failed."""
    asked = []
    for i in range(count):
        noise = 0.001 * (-1) ** i * np.arange(seeds)
        values = {
            "val_accuracy": list(0.5 + 0.4 * (i + 1) / count + noise),
            "flops_left": list(1e6 * (i + 1) + 1e5 * noise),
            "val_loss": list(1000.0 ** (i / count) + noise),
        }
        values["val_accuracy"][0] = "failed" if i == 1 else values["val_accuracy"][0]
        cell = {
            "optim.lr": 0.001 * 500 ** ((i + 1) / count),
            "prune.method": ("none", "magnitude")[i % 2],
            "prune.sparsity": 0.1 + 0.8 * i / count,
            "model.extra.depth": i % 3,
            "model.name": "mylab.nets:of_a_rather_long_name",
        }
        asked.append((cell, {name: values[name] for name in list(values)[:objectives]}))
    ways = {name: OBJECTIVES[name] for name in list(OBJECTIVES)[:objectives]}
    return make_search(asked, space=OWN, objectives=ways, sampler="TPE", num_trials=40)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", SEARCH_FIGURES)
@pytest.mark.parametrize(("count", "seeds", "objectives"), [(1, 1, 2), (3, 2, 1), (20, 3, 2)])
def test_a_figure_draws_few_and_many_and_says_n(
    name: str, count: int, seeds: int, objectives: int
) -> None:
    frames = made(count, seeds, objectives)
    if name == "pareto_front" and objectives == 1:
        with pytest.raises(NothingToDraw, match="two objectives or more, got val_accuracy alone"):
            draw_text(frames, name)
        return
    drawing, text = draw_text(frames, name)
    ranked = count - (count > 1)
    assert f"{count} of 40 configuration{'s' * (count > 1)} asked by TPE, {ranked} of " in text
    assert f"n = {seeds} seed" in text
    assert ("1 failed" in text) == (count > 1)
    assert drawing.frame["low"].notna().any() == (seeds > 1)
    assert drawing.figure.get_figwidth() in (style.COLUMN, style.PAGE)


def test_the_best_come_first_with_what_they_were_asked_as() -> None:
    drawing, text = draw_text(made(30, 3), "best_configurations")
    assert drawing.frame["configuration"].tolist() == list(range(30, 15, -1))
    assert "15 of 29 are shown" in text
    assert "The best of 29 was chosen by these n = 3 seeds" in text
    written = [one.get_text() for one in drawing.figure.axes[0].texts]
    assert {"30", "depth", "of_a_rather_long_…", "–"} <= set(written)


def test_a_history_has_every_trial_and_the_best_so_far() -> None:
    asked = [
        (CELL | {"optim.lr": x}, {"val_loss": values})
        for x, values in ((0.1, [3.0, 5.0]), (0.2, ["failed", None]), (0.3, [4.0, 6.0]))
    ]
    asked += [(CELL | {"optim.lr": 0.4}, {"val_loss": [1.0, 2.0]})]
    drawing, _ = draw_text(
        make_search(asked, objectives={"val_loss": "minimize"}), "search_history"
    )
    assert drawing.frame["best"].tolist() == [4, 4, 4, 4, 4, 4, 1.5, 1.5]
    assert drawing.frame["value"].dropna().tolist() == [3, 5, 4, 6, 1, 2]
    (axes,) = drawing.figure.axes
    (line,) = [one for one in axes.lines if one.get_drawstyle() == "steps-post"]
    assert line.get_ydata().tolist() == [4, 4, 4, 1.5]


def test_a_trial_that_asha_stopped_is_shown_where_it_was_stopped() -> None:
    asked = [(CELL | {"optim.lr": x}, {"val_accuracy": [x]}) for x in (0.1, 0.2)]
    frames = make_search(asked)
    stopped = frames.trials.assign(status=["done", "censored"])
    drawing, text = draw_text(replace(frames, trials=stopped), "search_history")
    assert drawing.frame["value"].tolist() == [0.1, 0.2]
    assert drawing.frame["best"].tolist() == [0.1, 0.1]
    assert "1 stopped early by ASHA" in text
    assert "Triangle: a trial's value where it was stopped" in text


def test_a_best_value_at_the_end_of_the_space_is_said() -> None:
    _, text = draw_text(made(30, 1), "searched_values")
    assert "The best lies at the upper end of what was searched (learning rate = 0.5)" in text
    assert "A key is shown for the configurations to which it applies" in text
    asked = [(CELL, {"val_accuracy": [0.1]})]
    assert "end of what was searched" not in draw_text(make_search(asked), "searched_values")[1]


def test_a_lead_within_the_seeds_is_undecided() -> None:
    asked = [
        (CELL | {"optim.lr": x}, {"val_accuracy": values})
        for x, values in ((0.1, [0.9, 0.8, 0.85]), (0.2, [0.8, 0.9, 0.8]), (0.3, [0.1, 0.2, 0.15]))
    ]
    _, said, again, anew = write_search_answer(answer_search(make_search(asked)))
    # prune.sparsity does not apply to an unpruned trial, and the driver would refuse it
    assert again.endswith(
        " --set optim.lr=0.1 --set prune.method=none --seeds 3 --keep-checkpoints"
    )
    assert anew.endswith(" --set optim.lr=0.1 --set prune.method=none --set seed=3 --seeds 5")
    assert "no. 1, learning rate = 0.1" in said.replace("\N{NO-BREAK SPACE}", " ")
    assert "The best is better than it by 0.01667 [-0.2419, 0.2752] (3 pairs of a seed" in said
    assert ": undecided. It is apart from 1 of the 2 others" in said
    of_one_seed = [(cell, {"val_accuracy": own["val_accuracy"][:1]}) for cell, own in asked]
    assert (
        "one seed, so undecided." in write_search_answer(answer_search(make_search(of_one_seed)))[1]
    )


def test_of_trials_that_all_failed_nothing_is_ranked() -> None:
    frames = make_search([(CELL, {"val_accuracy": ["failed", "diverged"]})])
    (said,) = write_search_answer(answer_search(frames))
    assert said.startswith("Nothing can be ranked: expected a configuration whose seeds are done")
    assert gather_search(answer_search(frames))["runs"] == []


def test_a_grid_is_drawn_when_its_question_asks_for_it() -> None:
    asked = [(CELL | {"optim.lr": x}, {"val_accuracy": [x, x]}) for x in (0.1, 0.2)]
    grid = make_search(asked, space={"optim.lr": [0.1, 0.2]}, search="grid")
    for name in ("best_configurations", "search_history", "searched_values"):
        drawing, text = draw_text(grid, name)
        assert set(drawing.frame["configuration"]) == {1, 2}
        assert "study.json names no objective" in text


def test_of_three_objectives_each_pair_has_its_panel() -> None:
    drawing, text = draw_text(made(6, 1, 3), "pareto_front")
    sides = [(axes.get_xlabel(), axes.get_ylabel()) for axes in drawing.figure.axes]
    assert len(sides) == len(set(sides)) == 3
    assert "the front of the two objectives of a panel alone" in text
    # every step costs FLOPs and loss, and gains accuracy
    assert drawing.frame["front"].all()


def test_two_searches_are_compared_by_their_best(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["compare", "small_search", "small_search", "--storage", str(place)]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "A: the best of" in printed
    assert "The two have no trial" not in printed
    assert "B: the best of" in (tmp_path / "compare.html").read_text()
