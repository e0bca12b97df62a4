"""The figures of a real small study, what is behind them, and the command that draws them."""

import contextlib
import io
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.container import ErrorbarContainer

import nvp.analysis.command
from nvp.analysis.answers.answer import answer
from nvp.analysis.answers.wording import write_answer
from nvp.analysis.command import analyse, main
from nvp.analysis.frames.derive import count_dead_at_end
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.plots.figures import FIGURES, draw, draw_all
from nvp.analysis.style import axis_label
from nvp.planning.plan_state import PlanState
from nvp.storage.index import read_index
from nvp.storage.schema import LAYERS
from nvp.storage.study_folder import open_study
from nvp.study.listing import print_end
from tests.small_studies import STUDIES, questions
from tests.small_studies import load as load_script

QUESTIONS = questions()

DRAWN = QUESTIONS["sgd_noise"].figures


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), "sgd_noise", "quick")


@pytest.fixture(scope="module")
def written(frames: StudyFrames, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the files of all figures of the study."""
    return draw_all(frames, tmp_path_factory.mktemp("figures"))


@pytest.fixture(scope="module")
def command(
    study_place: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[str], list[Path]]:
    """Return the lines of `nvp analyse` on a copy of the study, and the files it wrote."""
    place, said = tmp_path_factory.mktemp("copy"), io.StringIO()
    shutil.copytree(study_place / "sgd_noise", place / "sgd_noise")
    with contextlib.redirect_stdout(said):
        assert main(["sgd_noise", "--storage", str(place)]) == 0
    files = sorted((place / "sgd_noise" / "quick" / "figures").iterdir())
    return said.getvalue().splitlines(), files


def with_trials(frames: StudyFrames, trials: pd.DataFrame) -> StudyFrames:
    return replace(frames, trials=trials)


def test_every_study_asks_for_figures_that_exist():
    for question in QUESTIONS.values():
        assert set(question.figures) <= set(FIGURES)


def test_each_figure_is_a_png_an_svg_and_the_csv_behind_it(written: list[Path]):
    expected = {f"{name}.{suffix}" for name in DRAWN for suffix in ("png", "svg", "csv")}
    assert {path.name for path in written} == expected
    assert all(path.stat().st_size > 0 for path in written)


def test_an_svg_is_the_same_every_time(written: list[Path], command: tuple[list[str], list[Path]]):
    again = {path.name: path for path in command[1]}
    for path in written:
        if path.suffix == ".svg":
            assert path.read_bytes() == again[path.name].read_bytes()


def test_the_csv_holds_what_derive_says(frames: StudyFrames, written: list[Path]):
    (path,) = (path for path in written if path.name == "dead_at_end.csv")
    behind = pd.read_csv(path, dtype={"trial_id": str})
    derived = count_dead_at_end(frames.layers).set_index(["trial_id", "definition"])["fraction"]
    keys = pd.MultiIndex.from_frame(behind[["trial_id", "definition"]])
    np.testing.assert_allclose(behind["fraction"], derived.loc[keys])
    methods = frames.trials.set_index("trial_id")["prune.method"]
    assert set(behind["trial_id"].map(methods)) == {"none"}


def test_n_is_stated_in_every_figure(frames: StudyFrames):
    for name in DRAWN:
        figure = draw(frames, name).figure
        assert "n = " in figure.get_supxlabel(), name


def intervals(frames: StudyFrames) -> list[ErrorbarContainer]:
    """Return the bars of dead_over_epochs, which show an interval where seeds are few."""
    axes = draw(frames, "dead_over_epochs").figure.axes
    assert not [c for one in axes for c in one.collections if isinstance(c, PolyCollection)]
    return [bar for one in axes for bar in one.containers if isinstance(bar, ErrorbarContainer)]


def test_one_seed_draws_no_band_and_no_interval(frames: StudyFrames):
    assert intervals(frames)
    first = frames.trials["seed"] == frames.trials["seed"].min()
    one = with_trials(frames, frames.trials[first])
    assert not intervals(one)
    drawing = draw(one, "dead_at_end")
    assert drawing.frame[["low", "high"]].isna().all(axis=None)
    assert "n = 1, so there is no interval" in drawing.figure.get_supxlabel().replace("\n", " ")
    table = answer(one)
    assert set(table["verdict"]) == {"one pair, so no interval"}


@pytest.mark.parametrize("status", ["diverged", "censored"])
def test_what_is_not_done_is_left_out_and_counted(frames: StudyFrames, status: str):
    unpruned = frames.trials["prune.method"] == "none"
    gone = frames.trials["trial_id"] == frames.trials.loc[unpruned, "trial_id"].iloc[0]
    trials = frames.trials.assign(status=frames.trials["status"].mask(gone, status))
    drawing = draw(with_trials(frames, trials), "dead_at_end")
    text = drawing.figure.get_supxlabel().replace("\n", " ")
    assert f"1 of {unpruned.sum()} trials {status} and left out" in text
    assert not drawing.frame["trial_id"].isin(trials.loc[gone, "trial_id"]).any()


@pytest.mark.parametrize("status", ["diverged", "censored"])
def test_when_none_is_done_nothing_is_drawn_and_each_figure_says_why(
    frames: StudyFrames, tmp_path: Path, caplog: pytest.LogCaptureFixture, status: str
):
    lost = with_trials(frames, frames.trials.assign(status=status))
    assert draw_all(lost, tmp_path) == []
    assert all(f"{name} is not drawn" in caplog.text for name in DRAWN)
    table = answer(lost)
    assert set(table["verdict"]) == {"no pair of finished trials"}
    assert write_answer(table)


def smooth(frames: StudyFrames) -> StudyFrames:
    """Return the study as one of SiLU would look: not strictly dead, but saturated or dormant."""
    layers = frames.layers.assign(saturated=frames.layers["dead"], dead=np.nan, rare=np.nan)
    other = with_trials(frames, frames.trials)
    object.__setattr__(other, "layers", layers)  # a cached property
    return other


def test_without_strict_death_every_figure_says_by_what_it_counts(frames: StudyFrames):
    silu = smooth(frames)
    drawn = {name: draw(silu, name) for name in DRAWN}
    for drawing in drawn.values():
        drawing.figure.draw_without_rendering()
    shown = drawn["dead_at_end"]
    assert set(shown.frame["definition"]) == {"saturated", "dormant_0025"}
    assert not shown.frame["fraction"].isna().any()
    titles = [axes.get_ylabel() for axes in shown.figure.axes]
    assert [title.split()[0] for title in titles] == ["saturated", "dormant"]
    epochs = drawn["dead_over_epochs"]
    assert epochs.figure.get_supylabel().startswith("dormant neurons, τ = 0.025")
    assert set(epochs.frame["definition"]) == {"dormant_0025"}
    legend = drawn["life_cycle"].figure.axes[0].get_legend()
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["alive", "dormant, τ = 0.025", "masked"]
    table = answer(silu)
    assert set(table["value"]) == {"saturated", "dormant_0025", "test_accuracy"}
    assert not table["mean"].isna().any()


def test_the_life_cycle_counts_the_dead_as_the_layers_do(frames: StudyFrames):
    method = frames.trials["prune.method"] == "none"
    trial = frames.trials.loc[method, "trial_id"].iloc[-1]
    life = draw(frames, "life_cycle", trial=trial).frame
    replayed = (life["state"] == "dead").groupby([life["layer"], life["epoch"]]).sum()
    layers = frames.layers[frames.layers["trial_id"] == trial].astype({"layer": str})
    recorded = layers.set_index(["layer", "epoch"])["dead"]
    pd.testing.assert_series_equal(
        replayed.sort_index(), recorded.sort_index(), check_names=False, check_dtype=False
    )


def test_the_life_cycle_ends_at_the_sparsity_of_the_trial(frames: StudyFrames):
    pruned = frames.trials[frames.trials["prune.method"] == "dead"]
    trial = pruned.loc[pruned["sparsity"].idxmax()]
    life = draw(frames, "life_cycle", trial=trial["trial_id"]).frame
    masked = life[(life["epoch"] == trial["epochs"]) & (life["state"] == "masked")]
    assert len(masked) == trial["masked_units"]


def test_a_label_falls_back_to_the_meaning_and_unit_of_the_schema():
    meaning = LAYERS.field("fire_rate").metadata[b"meaning"].decode()
    assert axis_label("fire_rate") == f"{meaning} (fraction)"
    assert axis_label("optim.unheard_of") == "optim.unheard_of"


def test_each_setting_that_a_study_varies_has_words():
    """A sentence said "on average over data.name"."""
    designs = [
        design
        for path in STUDIES
        for study in [load_script(path).STUDY]
        for design in (study.quick, study.laptop, study.paper)
        if design
    ]
    swept = {key for design in designs for key in design.space}
    assert [key for key in sorted(swept) if "." in axis_label(key)] == []


def test_the_command_names_every_file_it_writes_and_answers(
    command: tuple[list[str], list[Path]],
):
    lines, files = command
    assert set(map(str, files)) <= set(lines)
    assert len(files) == 3 * len(DRAWN)
    assert "preset quick (the only one there)" in lines[0]
    assert any("learning\N{NO-BREAK SPACE}rate" in line and "pair" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["sgd_nois"], "did you mean 'sgd_noise'?"),
        (["sgd_noise", "--preset", "paper"], "the place holds sgd_noise (quick)"),
        (["sgd_noise", "--trial", "0123"], "--trial: expected one of the"),
        (["sgd_noise", "--storage", "nowhere"], "the place holds no study"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_exit_code_2(
    study_place: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
):
    storage = [] if "--storage" in arguments else ["--storage", str(study_place)]
    assert main([*arguments, *storage]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("error: ")
    assert expected in err


@pytest.mark.parametrize("found", [True, False])
def test_the_printed_command_draws_from_another_folder(
    study_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: bool
):
    place = tmp_path / "a place; with $words"
    shutil.copytree(study_place / "sgd_noise", place / "sgd_noise")
    monkeypatch.chdir(tmp_path)
    storage = open_study(place.name, "sgd_noise", "quick")  # as named from the folder
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if found else None)
    state = PlanState(done=[], missing=[], failed={}, parents=[])
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        print_end("sgd_noise", state, read_index(storage, checksums=False))
    command = said.getvalue().splitlines()[-1].removeprefix("draw it: ")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    shell = ["bash", "-c", f"printf '%s\\n' {command}"]
    words = subprocess.run(shell, capture_output=True, text=True, check=True).stdout.splitlines()
    verb = words.index("analyse")
    assert words[:verb] == (["nvp"] if found else [sys.executable, "-m", "nvp"])
    with contextlib.redirect_stdout(said):
        monkeypatch.setattr(nvp.analysis.command, "write_panels", lambda *_, **__: [])
        assert analyse(words[verb + 1 :]) == 0
    assert (place / "sgd_noise" / "quick" / "report.html").exists()
    assert not list(elsewhere.iterdir())
