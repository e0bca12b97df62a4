"""The benchmark of faults: a few faults in earnest, and each of its checks sees what is planted."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import nvp.storage.sealed
from benchmarks.faults.attacks import ATTACKS, draw_attacks
from benchmarks.faults.continuing import continue_damaged
from benchmarks.faults.damage import DAMAGES
from benchmarks.faults.drivers import SCRIPT, Driver, has_last_line, judge_end, read_start_time
from benchmarks.faults.files import KINDS, Fault, draw_faults, try_faults
from benchmarks.faults.guarded import run_guarded
from benchmarks.faults.memory import read_memory
from benchmarks.faults.reading import Reading
from benchmarks.faults.scene import Facts, Scenes, make_scenes, open_place
from benchmarks.faults.tally import COLUMNS, Tally
from nvp.storage.index import read_index

FEW = 16


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NVP_DATA", "")
        patch.setenv("NVP_CHECKPOINT_SECONDS", "0")
        yield make_scenes(tmp_path_factory.mktemp("faults") / "scenes")


@pytest.mark.minutes
def test_a_few_faults_are_met(scenes: Scenes, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [
        Fault(file, damage, f"{file} {damage}")
        for file, damage in zip([*KINDS] * 2, [*DAMAGES] * 4, strict=False)
    ]
    monkeypatch.setattr("benchmarks.faults.files.draw_faults", lambda count, _: faults[:count])
    tally = Tally()
    try_faults(scenes, FEW, 3, tally)
    continue_damaged(scenes, 1, 3, tally)
    assert tally.total("tried") == FEW + 1
    assert tally.is_clean, tally.write_examples()


def test_a_storage_that_believes_everything_is_caught(
    scenes: Scenes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nvp.storage.sealed, "is_intact", lambda name, content: True)
    monkeypatch.setattr(
        "benchmarks.faults.files.draw_faults",
        lambda count, seed: [Fault("row", "bit flipped", str(k)) for k in range(count)],
    )
    tally = Tally()
    try_faults(scenes, 6, 0, tally)
    assert not tally.is_clean
    assert tally.total("wrong tables") + tally.total("tracebacks") + tally.total("aborts") > 0


def test_a_thousand_faults_are_of_every_kind_of_file_and_of_damage() -> None:
    faults = draw_faults(1000, 1)
    assert {(f.file, f.damage) for f in faults} == {(f, d) for f in KINDS for d in DAMAGES}
    assert len({f.seed for f in faults}) == 1000


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_changes_something(tmp_path: Path, damage: str) -> None:
    for trial in ("a", "b"):
        (tmp_path / trial / "1").mkdir(parents=True)
        (tmp_path / trial / "1" / f"{trial}.arrow").write_bytes(f"of {trial}".encode() * 9)
    files = sorted(tmp_path.rglob("*.arrow"))

    def contents() -> dict[Path, bytes]:
        return {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    before = contents()
    DAMAGES[damage](files[0], files[1], random.Random(1))
    assert contents() != before


def end() -> str:
    return "done"


def fail() -> None:
    raise KeyError("planted")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_guard_tells_an_exception_an_abort_and_a_hang() -> None:
    checks = [end, fail, die, lambda: time.sleep(60)]
    ends = dict(run_guarded(checks, seconds=1.0, at_a_time=4))
    assert [ends[k].how for k in range(4)] == ["value", "exception", "abort", "hang"]
    assert ends[0].value == "done"
    assert "KeyError: 'planted'" in ends[1].text


def make_reading() -> Reading:
    whole = {"epochs": {"a": ["1", "2"], "b": ["1"]}}
    whole |= {table: {} for table in ("trials", "layers", "neurons", "events")}
    facts = Facts(frozenset("ab"), [], {})
    return Reading(Scenes(Path(), whole, {}, {}), facts, Path(), ("file", "a"))


@pytest.mark.parametrize(
    ("rows", "partly", "said", "expected"),
    [
        ({"a": ["1", "2"], "b": ["1"]}, False, "", {}),
        ({"a": ["1"], "b": ["1"]}, False, "", {"wrong tables": 1, "silent acceptances": 1}),
        ({"a": ["1"], "b": ["1"]}, False, "x/file is damaged", {"wrong tables": 1}),
        ({"a": ["1"], "b": ["1"]}, True, "x/file is damaged", {}),
        ({"a": ["1", "3"], "b": ["1"]}, True, "a is damaged", {"wrong tables": 1}),
        ({"a": ["1", "2", "2"], "b": ["1"]}, False, "a", {"wrong tables": 1}),
        ({"a": ["1", "2"], "b": ["1"], "c": ["1"]}, False, "a", {"wrong tables": 1}),
    ],
)
def test_rows_are_compared_with_those_of_the_unbroken_run(rows, partly, said, expected) -> None:
    reading = make_reading()
    reading.said.lines.append(said)
    empty = {table: {} for table in ("trials", "layers", "neurons", "events")}
    reading.compare({"epochs": rows} | empty, ["a", "b"], partly=partly)
    assert dict(reading.found) == expected


ARGUMENTS = ["--preset", "quick", "--storage", "/a b"]
COMMAND = f"python {SCRIPT} --preset quick --storage '/a b'"


@pytest.mark.parametrize(
    ("output", "code", "expected"),
    [
        ("1 done\ndraw it: nvp analyse faults\n", 0, True),
        ("1 done\n", 0, False),
        (f"interrupted; this command continues:\n{COMMAND}\n", 130, True),
        (f"{COMMAND}\n", -15, False),
        (f"{COMMAND}\nray::IDLE\n", 130, False),
        ("interrupted\n", 130, False),
        ("", 1, False),
        ("it's no command", 1, False),
        ("error: expected a place to write to", 2, True),
    ],
)
def test_a_driver_without_a_last_line_is_told(output: str, code: int, expected: bool) -> None:
    assert has_last_line(output, code, ARGUMENTS) == expected


def test_a_driver_that_dies_with_a_traceback_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", "raise SystemError"], stderr=output, start_new_session=True
        )
    driver = Driver(process, log, ARGUMENTS)
    assert driver.wait(60)
    found = judge_end(driver, (0, 130))
    assert found == {"tracebacks": 1, "wrong exit codes": 1, "drivers without a last line": 1}


def test_what_a_driver_leaves_behind_is_counted_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.faults.drivers.GONE_SECONDS", 0.2)
    (tmp_path / "log").touch()
    process = subprocess.Popen(["sh", "-c", "sleep 60 & sleep 0.5"], start_new_session=True)
    driver = Driver(process, tmp_path / "log", [])
    driver.wait(30)
    (left,) = driver.list_left()
    assert driver.wait_for_family() == 1
    time.sleep(0.2)
    assert not read_start_time(left)


def test_forty_signals_are_of_every_kind() -> None:
    attacks = draw_attacks(44, random.Random(1))
    assert set(attacks) == set(ATTACKS)
    assert len(attacks) == 44
    assert set(draw_attacks(len(ATTACKS), random.Random(1))) == set(ATTACKS)
    assert sum(attack.weight for attack in ATTACKS) == 44
    assert {n for a in ATTACKS for n in a.numbers} >= {signal.SIGINT, signal.SIGTERM}


def test_the_last_line_is_zeros_only_when_all_is_well() -> None:
    tally = Tally()
    assert not tally.is_clean, "nothing was tried"
    tally.add("bit", {})
    zeros = "wrong tables 0, silent acceptances 0, drivers without a last line 0, hangs 0"
    assert tally.is_clean
    assert tally.write_last_line() == zeros
    for column in COLUMNS[1:]:
        broken = Tally()
        broken.add("bit", {column: 1}, "here")
        assert not broken.is_clean
        assert broken.write_last_line() != zeros
        assert "here" in broken.write_examples()
    tally.counts["memory"]["tried"] += 0
    assert not tally.is_clean, "a fault that never happened is no fault that was met"


def test_memory_is_read_in_bytes() -> None:
    total, free = read_memory()
    assert 2**28 < free < total


def test_scenes_have_every_kind_of_file(scenes: Scenes) -> None:
    for file, (scene, pattern) in KINDS.items():
        folder = scenes.data if file == "data cache" else open_place(scenes.root / scene).root
        assert list(Path(folder).glob(pattern)), file
    assert len(read_index(open_place(scenes.root / "packed")).packed) == 4
    assert len(scenes.facts["loose"].done) == 4
    assert len(scenes.facts["loose"].incidents) == 4
