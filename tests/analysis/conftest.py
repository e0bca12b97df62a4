"""The report of one real small study, drawn once for all tests of it."""

from pathlib import Path

import pytest

from nvp.analysis.answers.whole_answer import answer_whole
from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.plots.figures import Panel, write_panels
from nvp.analysis.reports.report import write_report
from tests.small_studies import questions

REPORTED = "sgd_noise"


@pytest.fixture(scope="session")
def frames(study_place: Path) -> StudyFrames:
    return load(str(study_place), REPORTED, "quick")


@pytest.fixture(scope="session")
def drawn(frames: StudyFrames, tmp_path_factory: pytest.TempPathFactory) -> list[Panel]:
    return list(write_panels(frames, tmp_path_factory.mktemp("report") / "figures"))


@pytest.fixture(scope="session")
def page(frames: StudyFrames, drawn: list[Panel]) -> Path:
    path = drawn[0].files[0].parents[1] / "report.html"
    return write_report(frames, answer_whole(frames, questions()[REPORTED]), drawn, path)
