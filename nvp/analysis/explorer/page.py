"""explore.html as one file: the template, its styles and scripts, Plotly, and the data."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from plotly.offline import get_plotlyjs

from nvp.config.whole_file import write_whole

HERE = "nvp.analysis.explorer"
SCRIPTS = ("state.js", "charts.js", "controls.js", "main.js")


def write_page(contents: dict[str, Any], path: Path, *, follow: float = 0) -> Path:
    """Write the page, whole or not at all; with `follow` it loads itself anew after those seconds.

    Args:
        contents: see `gather_contents`.
        path: of the page.
        follow: seconds; 0 = the study has ended.
    """
    environment = Environment(loader=PackageLoader(HERE, "."), autoescape=True)
    text = environment.get_template("page.html.j2").render(
        study=contents["study"],
        preset=contents["preset"],
        ask=contents["ask"],
        notes=contents["notes"],
        follow=follow,
        style=read_own("page.css"),
        plotly=get_plotlyjs(),
        scripts="\n".join(map(read_own, SCRIPTS)),
        data=write_data(contents),
    )
    with write_whole(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return path


def read_own(name: str) -> str:
    """Return a file that lies beside this one."""
    return (files(HERE) / name).read_text(encoding="utf-8")


def write_data(contents: dict[str, Any]) -> str:
    """Return JSON that can stand in a script element: nothing in it ends the element early."""
    text = json.dumps(contents, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c")
