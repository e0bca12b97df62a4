"""docs/findings.md: what each study found on real data, in two sentences, a figure and a table."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.documents.new_intervals import tell_new
from benchmarks.documents.pictures import draw_first
from benchmarks.study_script import load_study
from nvp.analysis import style
from nvp.analysis.answers.answer import PRIMARY, answer
from nvp.analysis.answers.two_sentences import keep_first_definition, tell_answer
from nvp.analysis.answers.wording import format_difference
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.evidence import judge_primary
from nvp.analysis.reproduction.findings import Finding, correct_findings, find_primaries
from nvp.analysis.reproduction.page import render_markdown
from nvp.analysis.reproduction.runs import describe_accuracy, describe_run
from nvp.analysis.selection.question_of_study import question_of
from nvp.study.study import Study

ROOT = Path(__file__).parents[2]
UNJUDGED = "Nobody has judged these tables yet."
LATER = "(Written down after the run had begun.)"
JUDGED = Path(__file__).with_name("judgements.toml")
PRESET = "laptop"
FIGURES = "figures/findings"


@dataclass(frozen=True)
class Told:
    """A study as the page shows it; all are texts, `rows` are those of its table."""

    name: str
    ask: str
    sentences: list[str]
    picture: str
    alt: str
    rows: list[dict[str, str]]
    ran: str
    accuracy: str
    refuted_by: str
    happened: str
    source: str


def write_findings(
    studies: Sequence[StudyFrames], left_out: Sequence[str], docs: Path
) -> list[Told]:
    """Write the page and its figures below a folder of documents; return what it tells."""
    primaries = {id(one.frames): one for one in correct_findings(find_primaries(studies))}
    scripts = load_scripts()
    own = [one for one in studies if one.preset == PRESET and one.name in scripts]
    answers = {
        frames.name: correct_primary(answer(frames), primaries.get(id(frames))) for frames in own
    }
    told = [tell_study(frames, answers[frames.name], scripts[frames.name], docs) for frames in own]
    shown = {
        "studies": told,
        "left_out": left_out,
        "missing": [name for name in scripts if name not in answers],
        "ran": len(primaries),
        "new": tell_new(answers, {frames.name: frames for frames in own}),
    }
    text = render_markdown("benchmarks.documents", "findings.md.j2", shown)
    (docs / "findings.md").write_text(text, encoding="utf-8")
    return told


def load_scripts() -> dict[str, Study]:
    """Return {name: study} of the scripts in studies/ that have the preset."""
    paths = sorted((ROOT / "studies").glob("*.py"))
    found = {path.stem: load_study(path) for path in paths}
    return {name: study for name, study in found.items() if PRESET in study.presets}


def tell_study(frames: StudyFrames, table: pd.DataFrame, study: Study, docs: Path) -> Told:
    """Return a study in words, and draw its figure.

    Args:
        frames: of the study.
        table: its answer.
        study: of its script, as it is now.
        docs: the folder of documents.
    """
    question, now = question_of(frames), study.question
    picture = f"{FIGURES}/{frames.name}.png"
    alt, answered = draw_first(frames, question.figures, docs / picture)
    return Told(
        name=frames.name,
        ask=now.ask if now else question.ask,
        sentences=[*answered, *tell_answer(table, frames)],
        picture=picture,
        alt=alt,
        rows=[show_row(row) for row in keep_first_definition(table).to_dict("records") if row["n"]],
        ran=describe_run(frames),
        accuracy=describe_accuracy(frames),
        refuted_by=question.refuted_by or f"{now.refuted_by if now else ''} {LATER}",
        happened=find_judgement(frames),
        source=describe_source(frames),
    )


@cache
def load_judgements() -> dict[str, dict[str, str]]:
    """Return {study: its judgement and the code that was judged}."""
    return tomllib.loads(JUDGED.read_text(encoding="utf-8"))


def find_judgement(frames: StudyFrames) -> str:
    """Return whether what would change our mind happened; of other tables, that nobody judged."""
    judged = load_judgements().get(frames.name, {})
    codes = set(frames.trials["code"].dropna().astype(str))
    return judged["said"] if codes == {judged.get("code")} else UNJUDGED


def correct_primary(table: pd.DataFrame, primary: Finding | None) -> pd.DataFrame:
    """Return an answer whose primary row is corrected over the primaries of all studies."""
    if primary is None:
        return table
    own = table["role"] == PRIMARY
    corrected = {
        "p_holm": primary.row["p_corrected"],
        "p_equal_holm": primary.row["p_equal_corrected"],
        "verdict": judge_primary(primary),
    }
    table.loc[own, list(corrected)] = list(corrected.values())
    return table


def show_row(row: dict[str, Any]) -> dict[str, str]:
    """Return a row of the table of comparisons."""
    at = "" if row["at"] == "all" else f", {row['at']}"
    numbers = format_difference(row)
    if row["role"] == PRIMARY:
        numbers = numbers.replace("by Holm", "corrected")
    return {
        "compared": f"{row['contrast']}{at}",
        "value": style.plain_label(row["value"]),
        "difference": numbers,
        "role": row["role"],
        "verdict": row["verdict"],
    }


def describe_source(frames: StudyFrames) -> str:
    """Return the commit and the code that made the tables, and how long the trials took."""
    starts = frames.study.get("starts", [{}])
    commit = str(starts[-1].get("commit") or "unknown")[:12]
    codes = ", ".join(sorted(set(frames.trials["code"].dropna().astype(str))))
    hours = frames.trials["seconds"].sum() / 3600
    return f"started at commit {commit}, code of its trials {codes}, {hours:.1f} hours of trials"
