"""Every remedy has a card in docs/remedies and a line in `nvp methods`, as the code says."""

import pytest

from benchmarks.remedies import FOLDER, MADE, card, head, index, main
from nvp.__main__ import main as nvp
from nvp.pruning import METHODS
from nvp.remedies import REMEDIES

CARDS = [name for name in REMEDIES if name != "none"]
HEADINGS = [
    "## What it does",
    "## Rule",
    "## Where we differ, and why",
    "## When it is used",
    "## Source",
]


def test_every_remedy_has_a_card_and_every_card_a_remedy() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} - {"README"} == set(CARDS)


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_whole_and_up_to_date(name: str) -> None:
    text = (FOLDER / f"{name}.md").read_text()
    assert text == card(name), f"run {MADE}"
    assert text.startswith(f"# {name}: ")
    assert [line for line in text.splitlines() if line.startswith("## ")] == HEADINGS
    assert all(f"| `remedy.{each}` |" in head(name) for each in REMEDIES[name].settings)
    for heading, following in zip(HEADINGS, [*HEADINGS[1:], None], strict=True):
        assert text.split(f"{heading}\n")[1].split(following)[0].strip(), heading


def test_the_index_is_up_to_date() -> None:
    assert (FOLDER / "README.md").read_text() == index(), f"run {MADE}"


def test_the_command_starts_the_card_of_a_new_remedy(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in FOLDER.glob("*.md"):
        (tmp_path / path.name).write_text(path.read_text())
    monkeypatch.setitem(REMEDIES, "mine", REMEDIES["head"])
    main(tmp_path)
    assert "To run it: `--set remedy.name=mine`." in (tmp_path / "mine.md").read_text()
    assert "| [mine](mine.md) | border, head |" in (tmp_path / "README.md").read_text()


def test_nvp_methods_lists_remedies_beside_the_methods(capsys: pytest.CaptureFixture[str]) -> None:
    assert nvp(["methods"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines if line]
    assert names == ["prune.method", *METHODS, "remedy.name", *REMEDIES]
    assert any("needs neurons, relu" in line and "self-normalised" in line for line in lines)
