"""report.html: one page that holds question, answer, figures, tables and where they come from."""

import base64
import json
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader

from nvp.analysis import style
from nvp.analysis.answers.answer import LEVELS, answer
from nvp.analysis.answers.two_sentences import tell_answer
from nvp.analysis.frames.code_versions import count_codes
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.search_plan import is_search
from nvp.analysis.plots.figures import Panel
from nvp.analysis.reports.gaps import count_incidents, count_not_done, describe_gaps
from nvp.analysis.reports.search_report import gather_search
from nvp.question.question import Question
from nvp.storage.plans import CALL, format_start_command

MOST_ROWS = 60  # of a table on the page; the CSV beside the figure has all
HEADS = {
    "value": "quantity",
    "n": "pairs",
    "mean": "difference",
    "low": "95 % from",
    "high": "to",
    "p_holm": "p (Holm)",
    "p_equal": "p of equality",
    "p_equal_holm": "the same (Holm)",
}
HIDDEN = ("contrast_number", *LEVELS)
VERSIONS = ("nvp", "torch", "ray")


def write_report(frames: StudyFrames, question: Question, panels: list[Panel], path: Path) -> Path:
    """Write the report of a study: one file that needs no server and no network."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = render_page("report.html.j2", **gather_contents(frames, question, panels))
    path.write_text(text, encoding="utf-8")
    return path


def render_page(template: str, **shown: Any) -> str:
    """Return a page; what is shown is escaped unless its template says that it is HTML."""
    environment = Environment(loader=PackageLoader("nvp.analysis.reports", "."), autoescape=True)
    return environment.get_template(template).render(**shown)


def gather_contents(frames: StudyFrames, question: Question, panels: list[Panel]) -> dict[str, Any]:
    """Return what the page shows, by the names of its template."""
    compared = answer(frames, question)
    found = gather_search(frames) if is_search(frames.study) else {}
    beside = found.get("beside")
    return {
        "study": frames.name,
        "preset": frames.preset,
        "ask": question.ask,
        "answer": " ".join(tell_answer(compared)) if question.contrasts or not found else "",
        "found": found.get("answer", []),
        "runs": found.get("runs", []),
        "beside": "" if beside is None else format_table(beside),
        "facts": list_facts(frames, found.get("facts")),
        "missing": [*describe_gaps(frames, question), *found.get("limits", [])],
        "figures": [embed_panel(panel) for panel in panels if panel.files],
        "not_drawn": [
            (format_title(panel.name), panel.missing) for panel in panels if panel.missing
        ],
        "compared": format_differences(compared.drop(columns=list(HIDDEN), errors="ignore")),
        "not_done": format_table(count_not_done(frames)),
        "incidents": format_table(count_incidents(frames)),
        "starts": [describe_start(start) for start in frames.study.get("starts", [])],
        "script": next((s["script"] for s in reversed(list_starts(frames)) if s.get("script")), ""),
        "base": json.dumps(frames.study.get("base", {}), indent=1),
    }


def list_starts(frames: StudyFrames) -> list[dict[str, Any]]:
    """Return the starts of the study, the first one first."""
    return frames.study.get("starts", [])


def list_facts(
    frames: StudyFrames, of_search: list[tuple[str, str]] | None = None
) -> list[tuple[str, str]]:
    """Return what was run: (name, value) pairs; of a search, what was searched."""
    trials, base = frames.trials, frames.study.get("base", {})
    counts = trials["status"].value_counts()
    swept = of_search or [
        (
            style.axis_label(key).partition(" (")[0],
            ", ".join(map(style.value_text, frames.levels(key))),
        )
        for key in frames.swept
    ]
    of_base = [
        (name, str(base[key]))
        for name, key in (("data", "data.name"), ("network", "model.name"), ("epochs", "epochs"))
        if key in base and key not in frames.swept
    ]
    ended = ", ".join(f"{count} {status}" for status, count in counts.items())
    return [
        ("trials", ended),
        *swept,
        *of_base,
        ("probe images", format_range(trials["probe_size"])),
        ("code", ", ".join(f"{code} ({n})" for code, n in count_codes(trials).items())),
    ]


def format_range(values: pd.Series) -> str:
    """Return the value that all have, or the range."""
    low, high = values.min(), values.max()
    return "none" if pd.isna(low) else f"{low:g}" if low == high else f"{low:g} to {high:g}"


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
        "table": format_table(frame),
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


def format_table(frame: pd.DataFrame) -> str:
    """Return a table as HTML, its cells escaped; "" when it has no row."""
    if frame.empty:
        return ""
    return frame.to_html(index=False, border=0, na_rep="–", float_format="{:.4g}".format)


def format_differences(frame: pd.DataFrame) -> str:
    """Return a table of paired differences as HTML, its heads in words.

    Of other tables `mean` and `n` mean something else: a cell's mean, and the trials behind it.
    """
    return format_table(frame.rename(columns=HEADS))


def describe_command(argv: list[str]) -> str:
    """Return the arguments of a start as the page shows them."""
    return format_start_command(argv) if argv[:1] == [CALL] else " ".join(argv)


def describe_start(start: dict[str, Any]) -> dict[str, str]:
    """Return a start of the study as the page shows it."""
    versions, commit = start.get("versions", {}), start.get("commit") or "unknown"
    return {
        "time": start.get("time", "unknown"),
        "command": describe_command(start.get("argv", [])),
        "commit": commit[:12] + (" with local changes" if start.get("dirty") else ""),
        "versions": ", ".join(f"{name} {versions.get(name, '?')}" for name in VERSIONS),
        "where": f"{start.get('host', '?')}: {', '.join(start.get('devices', []))}",
    }
