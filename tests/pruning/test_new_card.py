"""The one command that measures a new method and makes its card's table, figure and row."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch

from benchmarks.method_pages import FOLDER
from benchmarks.method_results import SEEDS, SETTING
from benchmarks.methods import RESULTS, main
from nvp.pruning import METHODS
from nvp.pruning.methods.method import neurons

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of cards after the command for a method that is new."""
    row = neurons("fire_rate", "network", "cubic", "least often active, network-wide, gradually")
    folder = tmp_path_factory.mktemp("cards") / "methods"
    shutil.copytree(FOLDER, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(METHODS, "rarest", row)
        for key, value in {"data.batch_size": 700, "probe.size": 64}.items():  # seconds
            patch.setitem(SETTING, key, value)
        main(["rarest"], folder)
    return folder


@pytest.mark.minutes
def test_a_new_method_gets_its_card_its_figure_and_its_rows(cards: Path) -> None:
    text = (cards / "rarest.md").read_text()
    assert text.startswith("# rarest: TITLE\n")
    assert "> least often active, network-wide, gradually" in text
    assert "| criterion | `fire_rate`: " in text
    assert "Final validation accuracy, mean [min, max]: " in text
    assert "Final sparsity (neurons): 0.500." in text
    assert (cards / "figures" / "rarest.png").read_bytes().startswith(b"\x89PNG")
    assert "| [rarest](rarest.md) | 3 of 3 |" in (cards / "README.md").read_text()
    own = pd.read_csv(cards / RESULTS).query("method == 'rarest'")
    assert own.groupby("seed")["epoch"].max().tolist() == [SETTING["epochs"]] * SEEDS


@pytest.mark.minutes
def test_nothing_of_another_method_moves(cards: Path) -> None:
    before, after = (pd.read_csv(folder / RESULTS) for folder in (FOLDER, cards))
    assert after[after["method"] != "rarest"].reset_index(drop=True).equals(before)
    others = [path.name for path in FOLDER.glob("*.md") if path.name != "README.md"]
    moved = [n for n in others if (cards / n).read_text() != (FOLDER / n).read_text()]
    assert moved == []
    figures = [path.name for path in (FOLDER / "figures").iterdir()]
    assert [
        n
        for n in figures
        if (cards / "figures" / n).read_bytes() != (FOLDER / "figures" / n).read_bytes()
    ] == []


def test_a_name_that_is_no_method_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["magnitud"])
    assert ended.value.code == 2
    assert "did you mean 'magnitude'?" in capsys.readouterr().err
