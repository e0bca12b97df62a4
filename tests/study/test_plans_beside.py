"""The plans of a study: a narrowed start stands beside the study's plan and replaces nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from nvp.analysis.frames.load import load
from nvp.config.space import grid
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.studies import find_study
from nvp.storage.study_folder import open_study, read_study
from nvp.study.study import Study
from nvp.trial.overlap import find_config
from tests.in_process import run_main
from tests.smallest import SMALLEST

CONFIG = SMALLEST
DESIGN = Design(base=CONFIG, space={"optim.lr": grid(0.1, 0.2)}, seeds=2)
STUDY = Study(name="beside", paper=DESIGN, quick=DESIGN)
FLAGS = ("--preset", "quick", "--no-ray")


def start(place: Path, *flags: str) -> str:
    ended = run_main(STUDY, place, *FLAGS, *flags)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def document(place: Path) -> dict[str, Any]:
    return read_study(open_study(str(place), "beside", "quick"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a storage with the whole study: two rates, two seeds."""
    place = tmp_path_factory.mktemp("beside")
    assert "one-off" not in start(place)
    return place


@pytest.mark.parametrize(
    ("flags", "count"),
    [
        (("--seeds", "1"), 2),
        (("--set", "optim.lr=0.2"), 2),
        (("--set", "optim.lr=0.3"), 2),
        (("--set", "optim.lr=0.2", "--seeds", "1"), 1),
    ],
)
def test_a_narrowed_start_stands_beside_the_study_and_back_says_nothing(
    whole: Path, flags: tuple[str, ...], count: int
) -> None:
    before, shown = document(whole), set(load(str(whole), "beside").trials["trial_id"])
    assert f"one-off: a plan of {count} trials beside the study's 4" in start(
        whole, *flags, "--dry-run"
    )
    assert document(whole) == before, "a dry run wrote"
    for _ in range(2):  # the second time it is the same plan
        assert f"one-off: a plan of {count} trials beside the study's 4" in start(whole, *flags)
    after = document(whole)
    same = ("study", "preset", "search", "base", "space", "seeds", "trials", "parents", "argv")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert len(after["one_off"]) == len(before["one_off"]) + 1
    assert len(after["one_off"][-1]["trials"]) == count
    assert len(after["starts"]) == len(before["starts"]) + 2
    assert set(load(str(whole), "beside").trials["trial_id"]) == shown
    back = start(whole)
    assert "4 done, 0 to run" in back
    assert "one-off" not in back
    assert "leaves out" not in back
    assert document(whole)["one_off"] == after["one_off"]


def test_verbs_find_the_trials_of_both_plans(whole: Path) -> None:
    start(whole, "--set", "optim.lr=0.3", "--seeds", "1")
    storage, preset = find_study(str(whole), "beside", "auto")
    assert preset == "quick"
    (name,) = document(whole)["one_off"][-1]["trials"]
    row = read_index(storage).rows[name]
    storage.delete(list(storage.files(f"trials/{name}")))
    assert find_config(storage, name) == TrialConfig().with_overrides(json.loads(row["config"]))


def test_a_wider_plan_and_another_base_replace_the_plan_and_say_what_they_leave_out(
    tmp_path: Path,
) -> None:
    start(tmp_path, "--set", "optim.lr=0.2")  # the first plan is the study's, however narrow
    assert document(tmp_path)["one_off"] == []
    more = start(tmp_path, "--set", "optim.lr=0.2", "--seeds", "3")
    assert "one-off" not in more
    assert "leaves out" not in more
    assert len(document(tmp_path)["trials"]) == 3
    back = start(tmp_path)  # the script's own plan: it has no third seed
    assert "the plan leaves out 1 finished trials of the plan before" in back
    assert len(document(tmp_path)["trials"]) == 4
    other = start(tmp_path, "--set", "optim.momentum=0.5", "--dry-run")
    assert "the plan leaves out 4 finished trials of the plan before" in other
    assert "one-off" not in other


# --- a study.json that is damaged, or of another study


def put(place: Path, content: bytes) -> Storage:
    storage = open_study(str(place), "beside", "quick")
    storage.write("study.json", content)
    return storage


@pytest.mark.parametrize(
    "content",
    [
        b'{"trials": 5}',
        b"[]",
        b'"beside"',
        b'{"starts": 7}',
        b'{"starts": [7]}',
        b'{"starts": {}}',
        b'{"trials": {"a": 1}}',
        b'{"trials": ["a"]}',
        b'{"one_off": [{"trials": 5}]}',
        b'{"one_off": {}}',
        b'{"data": {"digits": 3}}',
        b'{"base": 1, "space": [], "seeds": "two"}',
        b'{"study": 1, "preset": null}',
        b'{"tri',
        b"",
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
    ids=lambda content: repr(content[:24]),
)
def test_a_damaged_study_json_is_named_kept_and_replaced(
    whole: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    storage = put(whole, content)
    shown = start(whole)
    assert "4 done, 0 to run" in shown
    assert storage.path("study.json") in caplog.text
    assert len(document(whole)["trials"]) == 4
    kept = [storage.read(name) for name in storage.files() if name.startswith("study-damaged-")]
    assert content in kept
    caplog.clear()
    start(whole)
    assert not caplog.text


def test_what_is_whole_of_a_damaged_study_json_is_read(whole: Path) -> None:
    times = [{"time": "2026-01-01T00:00:00+0000", "argv": ["beside.py"]}]
    put(whole, json.dumps({"trials": 5, "starts": times}).encode())
    start(whole)
    assert document(whole)["starts"][0] == times[0]


@pytest.mark.parametrize("times", [["2020-01-01", 5], [None], [{"time": 7}], [{"time": "soon"}]])
def test_verbs_read_a_study_whose_starts_are_damaged(whole: Path, times: list) -> None:
    put(whole, json.dumps({"study": "beside", "starts": times}).encode())
    (whole / "beside/paper").mkdir(exist_ok=True)
    (whole / "beside/paper/study.json").write_text('{"starts": [{"time": "2000-01-01"}]}')
    assert find_study(str(whole), "beside", "auto")[1] in ("quick", "paper")
    start(whole)


@pytest.mark.parametrize("owner", [{"study": "other"}, {"study": "beside", "preset": "paper"}])
def test_tables_of_another_study_are_refused_by_name(tmp_path: Path, owner: dict) -> None:
    put(tmp_path, json.dumps(owner).encode())
    for flags in ((), ("--dry-run",)):
        refused = run_main(STUDY, tmp_path, *FLAGS, *flags)
        assert refused.returncode == 2
        (line,) = refused.stderr.strip().splitlines()
        named = f"{owner['study']}/{owner.get('preset', 'quick')}"
        assert f"expected the tables of beside/quick in {tmp_path}" in line
        assert f"got those of {named}" in line
