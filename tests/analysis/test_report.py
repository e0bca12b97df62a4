"""The report of a real small study: its words, and the page in a real browser."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from nvp.analysis.answers.answer import answer
from nvp.analysis.answers.two_sentences import tell_answer
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.plots.figures import Panel, write_panels
from nvp.analysis.reports.gaps import count_incidents, count_not_done, describe_gaps
from nvp.analysis.reports.report import write_report
from tests.small_studies import questions

QUESTIONS = questions()

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
NAME = "sgd_noise"


@pytest.fixture(scope="module")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), NAME, "quick")


@pytest.fixture(scope="module")
def drawn(frames: StudyFrames, tmp_path_factory: pytest.TempPathFactory) -> list[Panel]:
    return list(write_panels(frames, tmp_path_factory.mktemp("report") / "figures"))


@pytest.fixture(scope="module")
def page(frames: StudyFrames, drawn: list[Panel]) -> Path:
    path = drawn[0].files[0].parents[1] / "report.html"
    return write_report(frames, QUESTIONS[NAME], drawn, path)


def with_trials(frames: StudyFrames, trials: pd.DataFrame) -> StudyFrames:
    return replace(frames, trials=trials)


class Links(HTMLParser):
    """Gathers what a page asks a browser to fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]


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
    assert tell_answer(answer(frames, question))[0] in text
    start = frames.study["starts"][0]
    for part in (start["time"], start["host"], start["versions"]["torch"], "16 done"):
        assert part in text
    assert "def " not in text
    assert "STUDY = Study(" in text  # the script, as it ran
    assert "Every trial that ended is done." in text


def test_a_table_is_headed_by_what_it_holds(page: Path, drawn: list[Panel]) -> None:
    """Behind a figure are its own columns; only paired differences are headed as such."""
    text = page.read_text()
    behind, _, compared = text.partition("<h2>Comparisons</h2>")
    columns = {c for p in drawn if p.files for c in pd.read_csv(p.files[2], nrows=1)}
    assert {"mean", "n"} <= columns
    for column in columns:
        assert f"<th>{escape(column)}</th>" in behind
    assert "<th>difference</th>" in compared
    assert "<th>pairs</th>" in compared


def test_names_in_the_tables_are_escaped(
    frames: StudyFrames, drawn: list[Panel], tmp_path: Path
) -> None:
    first = frames.trials["trial_id"] == frames.trials["trial_id"].iloc[0]
    error = "Traceback\nValueError: <script>alert(1)</script>"
    trials = frames.trials.assign(
        status=frames.trials["status"].mask(first, "failed"),
        error=frames.trials["error"].astype(object).mask(first, error),
    )
    path = write_report(
        with_trials(frames, trials), QUESTIONS[NAME], drawn, tmp_path / "report.html"
    )
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
    text = write_report(lost, QUESTIONS[NAME], drawn, tmp_path / "report.html").read_text()
    assert "No trial is done, so there is nothing to compare." in text
    assert "None could be drawn." in text
    assert text.count("expected finished trials") == len(drawn)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    if not CHROMIUM or not DRIVER:
        pytest.skip("no chromium and chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield chrome
    chrome.quit()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 900)])
def test_the_page_in_a_browser(
    browser: webdriver.Chrome, page: Path, drawn: list[Panel], width: int, height: int
) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())
    assert browser.get_log("browser") == []
    wide, inner = browser.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert wide <= inner == width  # tables and wide figures scroll by themselves
    images = browser.execute_script(
        "return [...document.images].map(i => [i.naturalWidth, i.alt, i.width])"
    )
    assert len(images) == sum(bool(panel.files) for panel in drawn) > 0
    for natural, alt, shown in images:
        assert natural > 900
        assert len(alt) > 40
        assert shown > 250
    assert browser.execute_script("return document.querySelector('.answer').innerText.length") > 80
    assert browser.title.startswith("sgd_noise (quick)")
