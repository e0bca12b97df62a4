"""The campaign: its list, and how it works it off, with items of a second in place of the real."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks.campaign.__main__ import main
from benchmarks.campaign.item import Item
from benchmarks.campaign.items import FIRST, list_items
from benchmarks.campaign.record import describe_machine, read_record, summarise
from benchmarks.campaign.runner import Campaign
from benchmarks.campaign.shortened import DESIGNS, EPOCHS, shorten
from benchmarks.reduced import STUDIES
from nvp.planning.plan import make_plan
from tests.conftest import ROOT
from tests.small_studies import load

STUDY = ("quick", "made_up", "quick")
WAITS = """
import signal, sys, time
def stop(*_):
    print("saved", flush=True)
    sys.exit(130)
signal.signal(signal.SIGINT, stop)
print("trains", flush=True)
time.sleep(60)
"""


def item(name: str, code: str, **changes) -> Item:
    return replace(Item(name=name, stage="quick", command=("-c", code)), **changes)


def run(folder: Path, items: list[Item], *, seconds: float = 60.0, processes: int = 1) -> Campaign:
    machine = describe_machine("cpu")
    end = time.monotonic() + seconds
    campaign = Campaign(folder=folder, machine=machine, end=end, processes=processes)
    campaign.run(items)
    return campaign


def statuses(folder: Path, items: list[Item]) -> list[str]:
    return [read_record(folder, one)["status"] for one in items]


def test_the_list_has_every_study_in_every_stage_under_names_of_their_own() -> None:
    items = list_items("cuda", Path("somewhere"), small=False)
    assert len({one.name for one in items}) == len(items)
    studies = {path.stem for path in STUDIES.glob("*.py")}
    for stage, expected in {"quick": studies, "paper30": set(DESIGNS), "paper": studies}.items():
        assert {one.study[1] for one in items if one.study and one.study[0] == stage} == expected
    assert [one.study[1] for one in items if one.study][: len(FIRST)] == list(FIRST)
    stages = list(dict.fromkeys(one.stage for one in items))
    assert stages == ["tests", "measurements", "quick", "paper30", "paper"]


@pytest.mark.parametrize("name", DESIGNS)
def test_shortened_presets_are_the_published_ones_in_all_but_length(name: str) -> None:
    study = load(ROOT / "studies" / f"{name}.py").STUDY
    short, paper = shorten(study).paper, study.paper
    assert short.base == replace(paper.base, epochs=EPOCHS)
    plan = make_plan(short)
    assert {config.epochs for config in plan.trials.values()} == {EPOCHS}
    assert len({config.seed for config in plan.trials.values()}) == 3
    if name == "batch_size":  # 100 epochs, or their 35,100 steps of 128
        assert {config.steps for config in plan.trials.values()} == {0, 10_530}
    if name == "neuron_sparsity":
        aiming = paper.space["prune.sparsity"].when["prune.method"]
        aims = {c.prune.sparsity for c in plan.trials.values() if c.prune.method in aiming}
        assert aims == {0.5, 0.9}


def test_what_fails_is_kept_with_its_traceback_and_the_next_one_runs(tmp_path: Path) -> None:
    items = [item("bad", "1 / 0"), item("good", "print('fine')")]
    run(tmp_path, items)
    assert statuses(tmp_path, items) == ["failed", "done"]
    assert "ZeroDivisionError" in read_record(tmp_path, items[0])["output"]
    shown = summarise(tmp_path, items)
    assert "bad failed: ZeroDivisionError: division by zero" in shown
    assert "1 done, 1 failed, 0 unfinished, 0 left" in shown


def test_a_second_call_runs_what_is_not_done_and_tries_what_failed_again_last(
    tmp_path: Path,
) -> None:
    order = tmp_path / "order"
    note = f"open({str(order)!r}, 'a').write({{!r}})"
    items = [item(name, note.format(name)) for name in "abc"]
    broken = [replace(items[0], command=("-c", note.format("a") + "; 1 / 0")), items[1]]
    run(tmp_path, broken)
    run(tmp_path, items)
    assert order.read_text() == "ab" + "ca"
    assert statuses(tmp_path, items) == ["done"] * 3
    run(tmp_path, items)
    assert order.read_text() == "abca"


def test_bars_of_a_benchmark_are_read_and_a_short_one_is_a_result(tmp_path: Path) -> None:
    code = "import sys; from benchmarks.bar import SHORT, bar; bar('x.y', 1.5, '>=', 2)"
    timed = item("timed", f"{code}; sys.exit(SHORT)", stage="measurements")
    run(tmp_path, [timed])
    record = read_record(tmp_path, timed)
    assert record["status"] == "done"
    assert record["bars"] == [
        {"name": "x.y", "measured": 1.5, "target": ">= 2", "holds": "short"}
    ]  # fmt: skip


def test_at_the_end_of_the_time_studies_save_and_continue_the_next_time(tmp_path: Path) -> None:
    study = item("study", WAITS, study=STUDY)
    start = time.monotonic()
    run(tmp_path, [study], seconds=3.0)
    assert time.monotonic() - start < 15
    record = read_record(tmp_path, study)
    assert record["status"] == "unfinished"
    assert record["output"].split() == ["trains", "saved"]
    run(tmp_path, [replace(study, command=("-c", "print('continued')"))])
    again = read_record(tmp_path, study)
    assert (again["status"], again["runs"]) == ("done", 2)
    assert again["seconds"] > record["seconds"]


def test_an_item_that_does_not_fit_is_left_and_a_later_one_runs(tmp_path: Path) -> None:
    items = [item("long", "print()", minutes=5.0), item("short", "print()")]
    run(tmp_path, items, seconds=60.0)
    assert statuses(tmp_path, items) == ["left", "done"]


def test_what_takes_far_longer_than_it_said_is_ended(tmp_path: Path) -> None:
    items = [item("hangs", "import time; time.sleep(60)", minutes=0.01), item("next", "print()")]
    run(tmp_path, items)
    assert statuses(tmp_path, items) == ["failed", "done"]
    assert "it said it needs 0.01 minutes" in read_record(tmp_path, items[0])["output"]


def test_studies_run_side_by_side_and_what_is_timed_runs_alone(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "import sys, time; log = open({!r}, 'a', buffering=1); print('+', file=log, end=''); "
        "log.flush(); time.sleep(1); print('-', file=log, end='')"
    )
    code = code.format(str(log))
    timed = [item("t", code, alone=True, stage="measurements")]
    timed += [item("u", code, alone=True, stage="measurements")]
    items = [*timed, *(item(name, code) for name in "abc")]
    run(tmp_path, items, processes=3)
    assert log.read_text()[:4] == "+-+-"
    assert log.read_text()[4:] == "+++---"


def test_a_signal_stops_it_and_studies_save(tmp_path: Path) -> None:
    campaign = Campaign(
        folder=tmp_path,
        machine=describe_machine("cpu"),
        end=time.monotonic() + 60,
        processes=1,
    )
    study = item("study", WAITS, study=STUDY)

    def stop() -> None:
        log = tmp_path / "logs" / "study.txt"
        while not (log.exists() and "trains" in log.read_text()):
            time.sleep(0.05)
        campaign.stopped = True

    threading.Thread(target=stop).start()
    campaign.run([study])
    assert statuses(tmp_path, [study]) == ["unfinished"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--device", "cuda"], "expected a GPU, found none; --device cpu --small tries the code"),
        (["--device", "cpu", "--only", "sgd"], "expected an item or one of tests, measurements"),
    ],
)
def test_wrong_input_is_refused_in_one_line(
    arguments: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "cuda" in arguments and torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(SystemExit) as ended:
        main(["--folder", str(tmp_path), *arguments])
    assert ended.value.code == 2
    assert expected in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
