"""report.html: one page that holds question, answer, figures, tables and where they come from."""

from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader

from nvp.analysis import style
from nvp.analysis.answers.best_settings import BestSettings, rank_settings
from nvp.analysis.answers.two_sentences import tell_answer
from nvp.analysis.answers.whole_answer import WholeAnswer
from nvp.analysis.frames.code_versions import count_codes
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.plots.figures import Panel
from nvp.analysis.reports.gaps import count_incidents, count_not_done, describe_gaps
from nvp.analysis.reports.left_out import list_left_out, list_mixed_codes
from nvp.analysis.reports.pictures import embed_panel, format_title
from nvp.analysis.reports.search_report import gather_search
from nvp.analysis.reports.shared_settings import list_shared
from nvp.analysis.reports.tables import (
    format_best,
    format_differences,
    format_named,
    format_table,
)
from nvp.storage.plans import CALL, format_start_command

VERSIONS = ("nvp", "torch", "ray")


def write_report(frames: StudyFrames, whole: WholeAnswer, panels: list[Panel], path: Path) -> Path:
    """Write the report of a study: one file that needs no server and no network."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = render_page("report.html.j2", **gather_contents(frames, whole, panels))
    path.write_text(text, encoding="utf-8")
    return path


def render_page(template: str, **shown: Any) -> str:
    """Return a page; what is shown is escaped unless its template says that it is HTML."""
    environment = Environment(loader=PackageLoader("nvp.analysis.reports", "."), autoescape=True)
    return environment.get_template(template).render(**shown)


def gather_contents(frames: StudyFrames, whole: WholeAnswer, panels: list[Panel]) -> dict[str, Any]:
    """Return what the page shows, by the names of its template."""
    question, compared = whole.question, whole.compared
    found = gather_search(whole.found) if whole.found else {}
    beside = found.get("beside")
    of_pairs = tell_answer(compared, frames) if question.contrasts or not found else []
    told = " ".join([*(panel.answer for panel in panels if panel.answer), *of_pairs])
    differences = format_differences(compared)
    return {
        "study": frames.name,
        "preset": frames.preset,
        "ask": question.ask,
        "answer": told,
        "terms": style.explain_terms(" ".join([told, *found.get("answer", [])])),
        "found": found.get("answer", []),
        "runs": found.get("runs", []),
        "beside": "" if beside is None else format_table(beside),
        "facts": list_facts(frames, found.get("facts")),
        "missing": [*describe_gaps(frames, question), *found.get("limits", [])],
        "figures": [embed_panel(panel) for panel in panels if panel.files],
        "not_drawn": [
            (format_title(panel.name), panel.missing) for panel in panels if panel.missing
        ],
        "best": None if whole.found else gather_best(rank_settings(frames)),
        "compared": differences,
        "compared_terms": explain_compared(differences, frames),
        "left_out": format_table(list_left_out(frames)),
        "codes": format_table(list_mixed_codes(frames)),
        "not_done": format_named(count_not_done(frames)),
        "incidents": format_named(count_incidents(frames)),
        "starts": [describe_start(start) for start in list_starts(frames)],
        "script": next((s["script"] for s in reversed(list_starts(frames)) if s.get("script")), ""),
        "shared": list_shared(frames),
    }


def explain_compared(differences: str, frames: StudyFrames) -> list[tuple[str, str]]:
    """Return the terms of the table of comparisons; a study that asks nothing has named none."""
    asked = bool((frames.study.get("question") or {}).get("contrasts"))
    return [
        (term, says if asked or term != style.PRIMARY else style.UNASKED)
        for term, says in style.explain_terms(differences)
    ]


def gather_best(best: BestSettings | None) -> dict[str, Any] | None:
    """Return the best settings as the page shows them."""
    if best is None:
        return None
    table = format_best(best)
    return {
        "shown": len(best.table),
        "total": best.total,
        "by": style.plain_label(best.by),
        "table": table,
        "terms": style.explain_terms(" ".join(map(style.axis_label, best.responses))),
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
            style.plain_label(key),
            ", ".join(style.value_text(level, key) for level in frames.levels(key)),
        )
        for key in frames.swept
    ]
    of_base = [
        (name, style.value_text(base[key], key))
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
