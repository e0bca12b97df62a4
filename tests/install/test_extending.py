"""docs/extending.md, followed to the letter: a user's own parts, where nvp is only installed.

Its commands take a minute of a core, so those of one of three chapters are run at each commit.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from nvp.storage.index import Index, read_index
from nvp.storage.reader import read_table
from nvp.storage.study_folder import open_study
from tests.docs.recipes import EXTENDING, OWN, blocks_of
from tests.install.environment import list_imports, output_of, run

Follow = Callable[[str], Path]
study_s_turn, others_turn, loop_s_turn = (pytest.mark.one_commit_in(3, k) for k in range(3))


def index_of(own_folder: Path, storage: str) -> Index:
    return read_index(open_study(str(own_folder / storage), "loudness", "quick"))


def test_the_study_is_a_script_of_fifteen_lines() -> None:
    (script,) = (block for block in blocks_of(OWN) if block.file == "loudness.py")
    assert len(script.text.splitlines()) - 1 <= 15, "beside the line that names the file"


@study_s_turn
def test_a_study_on_ray_over_own_parts(follow: Follow) -> None:
    own_folder = follow("study")
    ran = output_of(own_folder, "python loudness.py\n")
    assert "4 of 4 trials done" in ran
    assert {"ray", "torch"} <= list_imports(ran)
    index = index_of(own_folder, "results")
    rows = list(index.rows.values())
    assert [row["status"] for row in rows] == ["done"] * 4
    for config in (json.loads(row["config"]) for row in rows):
        assert config["model.name"] == "mylab.nets:TwoLayer"
        assert config["data.name"] == "mylab.data:STRIPES"
        assert config["prune.criterion"] == "mylab.scores:loudness"
    assert {row["units"] for row in rows} == {64}
    assert {row["layer"] for row in read_table(index, "layers").to_pylist()} == {"hidden"}
    assert min(row["test_accuracy"] for row in rows) > 0.9
    assert sorted(row["masked_units"] for row in rows) == [0, 0, 32, 32]


@others_turn
def test_own_method_activation_schedule_and_optimizer(follow: Follow) -> None:
    own_folder = follow("others")
    (row,) = index_of(own_folder, "others").rows.values()
    assert (row["status"], row["units"], row["masked_units"]) == ("done", 32, 16)
    rates = read_table(index_of(own_folder, "others"), "epochs").column("lr").to_pylist()
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(0.001)
    assert rates[-1] < 0.0005


@study_s_turn
def test_the_study_is_analysed(follow: Follow, bin_folder: Path) -> None:
    own_folder = follow("study")
    folder = own_folder / "results/loudness/quick"
    drawn = output_of(own_folder, "nvp analyse loudness\n")
    assert "report: results/loudness/quick/report.html" in drawn
    assert (folder / "report.html").exists()
    assert (folder / "figures/dead_at_end.png").exists()
    line = "import nvp; print(len(nvp.load('results', 'loudness', 'quick').trials))"
    assert run(own_folder, bin_folder / "python", "-c", line).stdout == "4\n"


@loop_s_turn
def test_a_loop_of_twenty_lines_is_analysed_with_a_figure_of_one_s_own(follow: Follow) -> None:
    own_folder = follow("loop")
    index = read_index(open_study(str(own_folder / "results"), "deaths", "monitor"))
    rows = list(index.rows.values())
    assert [(row["status"], row["epochs"]) for row in rows] == [("done", 5)] * 2
    assert all(row["parameters_left"] < 0.7 * row["parameters"] for row in rows)
    assert "shrunk" in read_table(index, "events").column("event").to_pylist()
    drawn = output_of(own_folder, "nvp analyse deaths")
    for name in ("survival", "mylab.figures.alive_at_end"):
        assert f"results/deaths/monitor/figures/{name}.png" in drawn
        assert (own_folder / f"results/deaths/monitor/figures/{name}.csv").exists()


@others_turn
def test_the_laws_are_tests_of_two_lines(follow: Follow) -> None:
    found = re.search(r"(\d+) passed", output_of(follow("others"), "python -m pytest"))
    assert found
    assert int(found[1]) >= 40


def test_the_page_has_a_recipe_for_every_part() -> None:
    text = EXTENDING.read_text()
    headings = re.findall(r"^## (.*)", text, flags=re.MULTILINE)
    for name in (
        *("Model", "Data set", "Criterion", "Pruning method", "Activation, optimizer and schedule"),
        *("A training loop of your own", "Figure"),
        *("Tests of your parts", "Study", "A network of somebody else", "Adding to nvp itself"),
    ):
        assert name in headings
