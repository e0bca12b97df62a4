"""A figure as a page shows it: the picture inside the page, its numbers, its terms explained."""

import base64
from pathlib import Path
from typing import Any

import pandas as pd

from nvp.analysis import style
from nvp.analysis.plots.figures import Panel
from nvp.analysis.reports.tables import format_named

MOST_ROWS = 60  # of a table on the page; the CSV beside the figure has all


def embed_panel(panel: Panel) -> dict[str, Any]:
    """Return a figure as the page shows it: the picture in it, and the first rows behind it."""
    picture, _, *tables = panel.files  # a figure of one's own may have no table
    frame = pd.DataFrame()
    for table in tables:
        frame = pd.read_csv(table, nrows=MOST_ROWS, dtype={"trial_id": str})
    return {
        "title": format_title(panel.name),
        "name": panel.name,
        "alt": panel.alt,
        "picture": encode_picture(picture),
        "size": "page" if is_page_wide(picture) else "column",
        "terms": style.explain_terms(panel.alt),
        "table": format_named(frame),
        "csv": next((f"{table.parent.name}/{table.name}" for table in tables), ""),
    }


def encode_picture(picture: Path) -> str:
    """Return a PNG as the text that a page holds."""
    return base64.b64encode(picture.read_bytes()).decode()


def is_page_wide(picture: Path) -> bool:
    """Whether a PNG is wider than a column of a paper."""
    width = int.from_bytes(picture.read_bytes()[16:20])  # of its header
    return width > 1.2 * style.COLUMN * style.DPI


def format_title(name: str) -> str:
    """Return the name of a figure as a heading."""
    return name.replace("_", " ").capitalize()
