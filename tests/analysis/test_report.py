"""The report of a real small study: its words, and the page in a real browser."""

import re
from dataclasses import replace
from html import escape, unescape
from pathlib import Path

import pandas as pd
import pytest

from nvp.analysis import style
from nvp.analysis.answers.answer import answer
from nvp.analysis.answers.best_settings import rank_settings
from nvp.analysis.answers.two_sentences import tell_answer
from nvp.analysis.answers.whole_answer import answer_whole
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.study_document import LeftOut
from nvp.analysis.plots.figures import Panel, write_panels
from nvp.analysis.reports.gaps import count_incidents, count_not_done, describe_gaps
from nvp.analysis.reports.left_out import list_left_out, list_mixed_codes
from nvp.analysis.reports.report import write_report
from nvp.analysis.reports.shared_settings import list_shared
from tests.html_links import Links
from tests.small_studies import questions

QUESTIONS = questions()

NAME = "sgd_noise"


def write_page(frames: StudyFrames, drawn: list[Panel], path: Path) -> Path:
    return write_report(frames, answer_whole(frames, QUESTIONS[NAME]), drawn, path)


def with_trials(frames: StudyFrames, trials: pd.DataFrame) -> StudyFrames:
    return replace(frames, trials=trials)


def test_the_page_needs_nothing_beside_itself(page: Path) -> None:
    links = Links()
    links.feed(page.read_text())
    assert links.found
    assert all(link.startswith("data:") for link in links.found)
    assert "@import" not in page.read_text()
    assert "url(" not in page.read_text()


def test_the_page_says_question_answer_and_where_it_comes_from(
    frames: StudyFrames, page: Path
) -> None:
    text, question = page.read_text(), QUESTIONS[NAME]
    assert question.ask in text
    assert tell_answer(answer(frames, question), frames)[0] in text
    start = frames.study["starts"][0]
    for part in (start["time"], start["host"], start["versions"]["torch"], "16 done"):
        assert part in text
    assert "def " not in text
    assert "STUDY = Study(" in text  # the script, as it ran
    assert "Every trial that ended is done." in text


def test_what_a_figure_answers_comes_first(
    frames: StudyFrames, drawn: list[Panel], tmp_path: Path
) -> None:
    answered = [replace(drawn[0], answer="One number tells it."), *drawn[1:]]
    text = write_page(frames, answered, tmp_path / "report.html").read_text()
    assert f"One number tells it. {tell_answer(answer(frames, QUESTIONS[NAME]), frames)[0]}" in text


def test_a_table_is_headed_by_what_it_holds(page: Path, drawn: list[Panel]) -> None:
    """Behind a figure are its own columns, in words; paired differences are headed as such."""
    text = page.read_text()
    behind, _, compared = text.partition("<h2>Comparisons</h2>")
    columns = {c for p in drawn if p.files for c in pd.read_csv(p.files[2], nrows=1)}
    assert {"mean", "n"} <= columns
    for column in columns:
        assert f"<th>{escape(style.head_name(column))}</th>" in behind
    assert "<th>mean over seeds</th>" in behind
    assert "<th>difference [95 % interval]</th>" in compared
    assert "<th>pairs</th>" in compared


def test_the_page_has_names_in_words(page: Path) -> None:
    """No column, layer or level stands there as in the tables: neither dead_at_end nor hidden.0."""
    body = page.read_text().partition("<body>")[2]
    for tag in ("pre", "code", "summary", "dl"):
        body = re.sub(rf"<{tag}.*?</{tag}>", "", body, flags=re.DOTALL)
    body = re.sub(r'<p class="(study|printed)">.*?</p>', "", body)
    words = unescape(re.sub(r"<[^>]*>", "\n", body))
    assert re.findall(r"\w+_\w+|[a-z]\w*\.\w+", words) == []


def test_the_shared_configuration_has_no_swept_key(frames: StudyFrames, page: Path) -> None:
    shared = list_shared(frames)
    keys = [key for _, _, key in shared]
    assert set(keys).isdisjoint(frames.swept)
    assert ("batch size", "64", "data.batch_size") in shared
    assert all(re.search(r"[a-z]", name) and "_" not in name for name, _, _ in shared)
    assert all(f"<code>{key}</code>" in page.read_text() for key in keys)


def test_the_best_settings_come_with_intervals(frames: StudyFrames, page: Path) -> None:
    best = rank_settings(frames)
    assert best is not None
    table = best.table
    cells = frames.trials.groupby(best.keys)[best.by].mean()
    assert best.total == len(cells)
    assert table[best.by].iloc[0] == pytest.approx(cells.max())
    assert table[best.by].is_monotonic_decreasing
    assert (table["n"] == frames.trials["seed"].nunique()).all()
    behind = table[best.by].iloc[0] - table[best.by].iloc[1:]
    assert table["behind"].iloc[1:].tolist() == pytest.approx(behind.tolist())
    assert "<h2>The best settings</h2>" in page.read_text()


def test_what_was_left_out_says_why(frames: StudyFrames) -> None:
    assert list_left_out(frames).empty
    assert list_mixed_codes(frames).empty
    first = frames.trials["seed"] == frames.trials["seed"].min()
    trials = frames.trials.assign(
        status=frames.trials["status"].mask(first, "diverged"),
        code=frames.trials["code"].astype(object).mask(first, None),
    )
    lost = replace(with_trials(frames, trials), left_out=LeftOut(earlier=3))
    rows = list_left_out(lost).set_index("trials that are")
    assert rows["how many"].to_dict() == {
        "finished, of earlier plans": 3,
        "diverged": int(first.sum()),
    }
    assert "--all" in rows["why"].iloc[0]
    assert list_mixed_codes(lost)["trials"].sum() == len(trials)


def test_names_in_the_tables_are_escaped(
    frames: StudyFrames, drawn: list[Panel], tmp_path: Path
) -> None:
    first = frames.trials["trial_id"] == frames.trials["trial_id"].iloc[0]
    error = "Traceback\nValueError: <script>alert(1)</script>"
    trials = frames.trials.assign(
        status=frames.trials["status"].mask(first, "failed"),
        error=frames.trials["error"].astype(object).mask(first, error),
    )
    path = write_page(with_trials(frames, trials), drawn, tmp_path / "report.html")
    text = path.read_text()
    assert "<script>" not in text
    assert "ValueError: &lt;script&gt;alert(1)" in text
    assert "1 of 16 trials failed: they are in no mean." in text


def test_a_whole_study_lacks_nothing(frames: StudyFrames) -> None:
    levels = ["Only learning rate = 0.2 (no other was planned): it has no effect to speak of."]
    seeds = ["Two seeds: intervals have one degree of freedom and are very wide."]
    assert [
        line.replace("\N{NO-BREAK SPACE}", " ") for line in describe_gaps(frames, QUESTIONS[NAME])
    ] == levels + seeds
    assert count_not_done(frames).empty
    assert count_incidents(frames).empty


def test_settings_that_learned_little_are_said(frames: StudyFrames) -> None:
    """An answer was of networks at chance: 82 % dead at an accuracy of 0.10."""
    noisy = frames.trials["optim.noise"] == frames.trials["optim.noise"].max()
    of_none = noisy & (frames.trials["prune.method"] == "none")
    low = frames.trials.assign(test_accuracy=frames.trials["test_accuracy"].mask(of_none, 0.1))
    (line,) = [
        line
        for line in describe_gaps(with_trials(frames, low), QUESTIONS[NAME])
        if "learned little" in line
    ]
    assert line.startswith("In 1 of 4 settings without pruning")
    assert "a mean test accuracy of 0.10, less than half" in line


def test_a_study_that_prunes_nothing_is_not_asked_what_pruning_does(frames: StudyFrames) -> None:
    bare = frames.trials[frames.trials["prune.method"] == "none"]
    unpruned = replace(frames, trials=bare, swept=[k for k in frames.swept if k != "prune.method"])
    said = describe_gaps(unpruned, replace(QUESTIONS[NAME], hue="prune.method"))
    assert not any("unpruned" in line for line in said)


def test_a_comparison_that_nobody_named_before_is_not_said_to_be_named(
    frames: StudyFrames, drawn: list[Panel], tmp_path: Path
) -> None:
    named = write_page(frames, drawn, tmp_path / "named.html").read_text()
    assert "the one comparison that was named before the study ran" in named
    silent = replace(frames, study=frames.study | {"question": {}})
    text = write_page(silent, drawn, tmp_path / "silent.html").read_text()
    assert "the study itself named none before it ran" in text


def test_what_is_thin_is_said(frames: StudyFrames) -> None:
    first = frames.trials["seed"] == frames.trials["seed"].min()
    assert any(
        line.startswith("One seed")
        for line in describe_gaps(with_trials(frames, frames.trials[first]), QUESTIONS[NAME])
    )
    quiet = frames.trials["optim.noise"] == 0
    trials = frames.trials.assign(status=frames.trials["status"].where(quiet, "diverged"))
    lacking = describe_gaps(with_trials(frames, trials), QUESTIONS[NAME])
    assert "Only σ = 0 (the others have no trial that is done): it has no effect to speak of." in [
        line.replace("\N{NO-BREAK SPACE}", " ") for line in lacking
    ]
    cells = count_not_done(with_trials(frames, trials))
    assert cells["trials"].sum() == (~quiet).sum()
    assert set(cells["of"]) == {2}


def test_a_study_without_a_done_trial_still_has_a_page(frames: StudyFrames, tmp_path: Path) -> None:
    lost = with_trials(frames, frames.trials.assign(status="diverged"))
    drawn = list(write_panels(lost, tmp_path / "figures"))
    text = write_page(lost, drawn, tmp_path / "report.html").read_text()
    assert "No trial is done, so there is nothing to compare." in text
    assert "None could be drawn." in text
    assert text.count("expected finished trials") == len(drawn)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        ("hidden.0", "hidden 0"),
        ("conv1", "conv 1"),
        ("stages.0.1.first", "stages 0.1 first"),
        ("hidden", "linear"),
        ("blocks.3.mlp.up", "blocks 3 mlp up"),
    ],
)
def test_layers_are_named_in_words(layer: str, name: str) -> None:
    assert style.layer_name(layer) == name
