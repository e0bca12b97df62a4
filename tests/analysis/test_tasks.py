"""Studies of tasks: their figures, their pairs with a fresh network, and their report."""

from pathlib import Path

import pandas as pd
import pytest

from nvp import DataConfig, Design, ModelConfig, OptimConfig, Study, TrialConfig, grid, main
from nvp.analysis import style
from nvp.analysis.answers.answer import answer
from nvp.analysis.command import main as analyse
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.frames.tasks import measure_vitality, pair_with_fresh, select_task_ends
from nvp.analysis.plots.figures import draw
from nvp.analysis.selection.question_of_study import question_of
from nvp.config.trial_config import ProbeConfig
from nvp.question.figures import OF_TASKS

DESIGN = Design(
    base=TrialConfig(
        epochs=1,
        data=DataConfig(images=64, batch_size=16, task="permuted", tasks=3),
        model=ModelConfig(name="mlp", width=0.1, norm="none"),
        optim=OptimConfig(name="adam", lr=0.03),
        probe=ProbeConfig(size=32),
    ),
    space={
        "data.task": grid("permuted", "shuffled_labels"),
        "remedy.name": grid("none", "fresh"),
    },
    seeds=2,
)
STUDY = Study(name="tasks", quick=DESIGN, paper=DESIGN)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the storage of a study of tasks that has run."""
    place = tmp_path_factory.mktemp("tasks")
    with pytest.raises(SystemExit) as ended:
        main(STUDY, ["--preset", "quick", "--no-ray", "--storage", str(place)])
    assert ended.value.code == 0
    return place


@pytest.fixture(scope="module")
def frames(place: Path) -> StudyFrames:
    return load(str(place), "tasks", "quick")


def mean_of(rows: pd.DataFrame, value: str, **levels: object) -> float:
    for key, level in levels.items():
        rows = rows[rows[key.replace("__", ".")] == level]
    return float(rows[value].mean())


def test_accuracies_are_those_of_the_tables_a_line_per_remedy_and_a_row_per_kind(
    frames: StudyFrames,
) -> None:
    drawing = draw(frames, "accuracy_over_tasks")
    rows, epochs = drawing.frame, frames.epochs
    assert set(rows["measure"]) == {"task_accuracy", "online_accuracy", "to_fresh"}
    for row in rows[rows["measure"] != "to_fresh"].to_dict("records"):
        levels = {"data__task": row["data.task"], "remedy__name": row["remedy.name"]}
        assert row["n"] == 2
        assert row["mean"] == pytest.approx(
            mean_of(epochs, row["measure"], task=row["task"], **levels)
        )
    # random labels have none on test images
    of_test = rows[rows["measure"] == "task_accuracy"]
    assert set(of_test["data.task"]) == {"permuted"}
    assert len(of_test) == 3 * 2
    titles = [axes.get_title().split("\n")[0] for axes in drawing.figure.axes[:3]]
    assert titles == ["test accuracy at a task's end", "online accuracy", "accuracy less a fresh network's"]  # fmt: skip # noqa: E501
    assert "n = 2 seeds" in style.describe_figure(drawing.figure)


def test_a_task_is_compared_with_a_fresh_network_of_the_same_seed_and_task(
    frames: StudyFrames,
) -> None:
    ends = select_task_ends(frames.epochs)
    pairs = pair_with_fresh(ends, frames.trials, "online_accuracy", frames.swept)
    assert len(pairs) == 2 * 2 * 3
    for row in pairs.to_dict("records"):
        same = ends[
            (ends["task"] == row["task"])
            & (ends["seed"] == row["seed"])
            & (ends["data.task"] == row["data.task"])
        ].set_index("remedy.name")["online_accuracy"]
        assert row["difference"] == pytest.approx(same["none"] - same["fresh"])
    first = pairs[pairs["task"] == 0]["difference"]
    assert (first == 0).all(), "the first task starts from the same network"


def test_settings_of_a_remedy_do_not_keep_it_from_its_fresh_partner() -> None:
    trials = pd.DataFrame(
        {"trial_id": ["a", "b", "c"], "remedy.name": ["redo", "redo", "fresh"], "seed": 0,
         "remedy.tau": [0.1, 0.2, 0.025]}
    )  # fmt: skip
    ends = pd.DataFrame(
        {"trial_id": ["a", "b", "c"], "task": 0, "online_accuracy": [0.5, 0.6, 0.9]}
    )
    swept = ["remedy.name", "remedy.tau", "seed"]
    pairs = pair_with_fresh(ends, trials, "online_accuracy", swept)
    assert pairs["difference"].tolist() == pytest.approx([-0.4, -0.3])


def test_neurons_are_counted_at_the_end_of_each_task_over_all_layers(frames: StudyFrames) -> None:
    rows = measure_vitality(frames.epochs, frames.layers)
    assert set(rows["measure"]) == {"dead", "dormant_0025", "effective_rank"}
    layers = frames.layers.astype({"trial_id": str})
    dead = rows[rows["measure"] == "dead"]
    assert len(dead) == 8 * 3
    for row in dead.to_dict("records"):
        own = layers[(layers["trial_id"] == row["trial_id"]) & (layers["epoch"] == row["epoch"])]
        assert row["epoch"] == row["task"] + 1
        assert row["value"] == pytest.approx(own["dead"].sum() / own["kept"].sum())
    drawing = draw(frames, "neurons_over_tasks")
    assert drawing.frame.groupby("measure").size().eq(3 * 2 * 2).all()


def test_such_a_study_is_asked_how_well_it_learns_and_its_report_is_written(
    frames: StudyFrames, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    question = question_of(frames)
    assert question.figures[:2] == tuple(OF_TASKS)
    values = {one.value for one in question.contrasts if one.key == "remedy.name"}
    assert values == {"death", "mean_task_accuracy", "mean_online_accuracy"}
    assert len(answer(frames, question))
    assert analyse(["tasks", "--preset", "quick", "--storage", str(place)]) in (0, None)
    said = capsys.readouterr().out
    assert "online accuracy, mean over tasks" in said
    assert (place / "tasks/quick/figures/accuracy_over_tasks.png").exists()
    assert "Accuracy over tasks" in (place / "tasks/quick/report.html").read_text()
