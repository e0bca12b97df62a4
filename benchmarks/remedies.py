"""The made parts of docs/remedies: `python -m benchmarks.remedies`; it trains nothing.

A card is written by hand, except between `<!-- made: head ... -->` and `<!-- end: head -->`: what
the remedy is, what it needs, and the settings that it reads. A remedy without a card gets one whose
sections are to be written.
"""

from pathlib import Path

from benchmarks.made_parts import fill
from nvp.config.fields import fields_of
from nvp.config.trial_config import RemedyConfig
from nvp.remedies import REMEDIES

FOLDER = Path(__file__).parent.parent / "docs" / "remedies"
MADE = "python -m benchmarks.remedies"
EMPTY_CARD = """# {name}: TITLE

<!-- made: head -->
<!-- end: head -->

## What it does

## Rule

## Where we differ, and why

## When it is used

## Source
"""


def head(name: str) -> str:
    """Return the summary of a remedy, its needs and the table of its settings."""
    remedy = REMEDIES[name]
    needs = ", ".join(f"`{need}`" for need in remedy.needs) or "nothing"
    lines = [f"> {remedy.summary}", "", f"Needs: {needs}. To run it: `--set remedy.name={name}`."]
    fields = {field.name: field for field in fields_of(RemedyConfig)}
    if remedy.settings:
        lines += ["", "| setting | default | meaning |", "|---|---|---|"]
    for setting in remedy.settings:
        meaning = fields[setting].metadata["meaning"].replace("|", "\\|")
        lines.append(f"| `remedy.{setting}` | {fields[setting].default} | {meaning} |")
    return "\n".join(lines)


def table() -> str:
    """Return the index of all remedies but none."""
    rows = ["| remedy | needs | in a line |", "|---|---|---|"]
    for name, remedy in REMEDIES.items():
        if name != "none":
            needs = ", ".join(remedy.needs) or "-"
            rows.append(f"| [{name}]({name}.md) | {needs} | {remedy.summary} |")
    return "\n".join(rows)


def card(name: str, folder: Path = FOLDER) -> str:
    """Return a card with its made part as the code says now."""
    return fill((folder / f"{name}.md").read_text(), "head", head(name), by=MADE)


def index(folder: Path = FOLDER) -> str:
    """Return the index with its table as the code says now."""
    return fill((folder / "README.md").read_text(), "remedies", table(), by=MADE)


def main(folder: Path = FOLDER) -> None:
    """Bring the cards and the index up to date."""
    for name in REMEDIES:
        path = folder / f"{name}.md"
        if name == "none":
            continue
        if not path.exists():
            path.write_text(EMPTY_CARD.format(name=name))
        path.write_text(card(name, folder))
    (folder / "README.md").write_text(index(folder))


if __name__ == "__main__":
    main()
