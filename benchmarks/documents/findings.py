"""docs/findings.md: what each study found on real data, in two sentences, a figure and a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader

from benchmarks.documents.new_intervals import tell_new
from benchmarks.documents.pictures import draw_first
from benchmarks.study_script import load_study
from nvp.analysis import style
from nvp.analysis.answers.answer import PRIMARY, answer
from nvp.analysis.answers.two_sentences import keep_first_definition, tell_answer
from nvp.analysis.answers.verdict import judge_difference
from nvp.analysis.answers.wording import format_difference
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.evidence import describe_run
from nvp.analysis.reproduction.findings import Finding, correct_findings, find_primaries
from nvp.analysis.selection.question_of_study import question_of
from nvp.question.question import METHOD, NONE

ROOT = Path(__file__).parents[2]
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
    source: str


def write_findings(
    studies: Sequence[StudyFrames], left_out: Sequence[str], docs: Path
) -> list[Told]:
    """Write the page and its figures below a folder of documents; return what it tells."""
    primaries = {id(one.frames): one for one in correct_findings(find_primaries(studies))}
    own = [frames for frames in studies if frames.preset == PRESET and is_ours(frames)]
    told = [tell_study(frames, primaries.get(id(frames)), docs) for frames in own]
    environment = Environment(
        loader=PackageLoader("benchmarks.documents", "."), trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("findings.md.j2")
    text = page.render(
        studies=told,
        left_out=left_out,
        missing=list_missing(own),
        ran=len(primaries),
        new=tell_new(own),
    )
    (docs / "findings.md").write_text(text, encoding="utf-8")
    return told


def is_ours(frames: StudyFrames) -> bool:
    """Whether a study has a script in studies/."""
    return (ROOT / f"studies/{frames.name}.py").exists()


def list_missing(own: Sequence[StudyFrames]) -> list[str]:
    """Return the studies with this preset that have no evidence."""
    scripts = sorted((ROOT / "studies").glob("*.py"))
    having = [path.stem for path in scripts if PRESET in load_study(path).presets]
    return [name for name in having if name not in {frames.name for frames in own}]


def tell_study(frames: StudyFrames, primary: Finding | None, docs: Path) -> Told:
    """Return a study in words, and draw its figure."""
    question, table = question_of(frames), correct_primary(answer(frames), primary)
    picture = f"{FIGURES}/{frames.name}.png"
    alt = draw_first(frames, question.figures, docs / picture)
    script = load_study(ROOT / f"studies/{frames.name}.py").question
    return Told(
        name=frames.name,
        ask=question.ask,
        sentences=tell_answer(table),
        picture=picture,
        alt=alt,
        rows=[show_row(row) for row in keep_first_definition(table).to_dict("records")],
        ran=describe_run(frames),
        accuracy=describe_accuracy(frames),
        refuted_by=question.refuted_by or (script.refuted_by if script else ""),
        source=describe_source(frames),
    )


def correct_primary(table: pd.DataFrame, primary: Finding | None) -> pd.DataFrame:
    """Return an answer whose primary row is corrected over the primaries of all studies."""
    if primary is None:
        return table
    own = table["role"] == PRIMARY
    corrected = {
        "p_holm": primary.row["p_corrected"],
        "p_equal_holm": primary.row["p_equal_corrected"],
    }
    table.loc[own, list(corrected)] = list(corrected.values())
    for place, row in zip(table.index[own], table[own].to_dict("records"), strict=True):
        table.loc[place, "verdict"] = judge_difference(row).replace("Holm's ", "")
    return table


def show_row(row: dict[str, Any]) -> dict[str, str]:
    """Return a row of the table of comparisons."""
    at = "" if row["at"] == "all" else f", {row['at']}"
    numbers = format_difference(row) if row["n"] else "–"
    if row["role"] == PRIMARY:
        numbers = numbers.replace("by Holm", "corrected")
    return {
        "compared": f"{row['contrast']}{at}",
        "value": style.plain_label(row["value"]),
        "difference": numbers,
        "role": row["role"],
        "verdict": row["verdict"],
    }


def describe_accuracy(frames: StudyFrames) -> str:
    """Return the range of the mean test accuracies of the cells that were not pruned."""
    done = frames.trials[(frames.trials["status"] == "done") & (frames.trials[METHOD] == NONE)]
    keys = [key for key in frames.swept if key != "seed"]
    means = done.groupby(keys, dropna=False)["test_accuracy"].mean() if keys else done[[]]
    if not len(means):
        return ""
    return f"{means.min():.3f} to {means.max():.3f}"


def describe_source(frames: StudyFrames) -> str:
    """Return the commit and the code that made the tables, and how long the trials took."""
    starts = frames.study.get("starts", [{}])
    commit = str(starts[-1].get("commit") or "unknown")[:12]
    codes = ", ".join(sorted(set(frames.trials["code"].dropna().astype(str))))
    hours = frames.trials["seconds"].sum() / 3600
    return f"commit {commit}, code {codes}, {hours:.1f} hours of trials"
