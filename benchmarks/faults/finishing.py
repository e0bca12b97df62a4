"""The study of the drivers run to its end: unbroken, or after something broke it."""

from pathlib import Path

from benchmarks.faults.drivers import start_driver
from benchmarks.faults.scene import Tables, list_done, open_place, read_rows
from benchmarks.faults.tally import Tally
from nvp.storage.index import read_index

# so long that a signal arrives before the end; `auto` might be measured otherwise elsewhere
LONG = ("--set", "epochs=60", "--set", "precision=float32")
START_SECONDS, END_SECONDS = 180.0, 240.0  # on a machine that has other work, too
STARTS = 6  # of a study whose trials fail, at most
NAME = "broken studies, run to the end"


def finish_study(
    place: Path, environment: dict[str, str], whole: Tables, tally: Tally, note: str
) -> None:
    """Run a broken study to its end in one process, and compare its tables."""
    tally.add(NAME, judge_tables(place, environment, whole), note)


def judge_tables(place: Path, environment: dict[str, str], whole: Tables) -> dict[str, int]:
    """Run a broken study to its end in one process; return what is wrong with its tables."""
    code = -1
    for _ in range(STARTS):
        driver = start_driver(place, environment, *LONG, "--no-ray")
        in_time = driver.wait(END_SECONDS)
        driver.kill()
        code = driver.process.returncode
        if not in_time or code == 0:
            break
    if code != 0:
        return {"hangs": 1}
    index = read_index(open_place(place))
    return {"wrong tables": int(read_rows(index, list_done(index)) != whole)}


def run_unbroken(place: Path, environment: dict[str, str]) -> Tables:
    """Run the study of the drivers without a fault; return its tables."""
    driver = start_driver(place, environment, *LONG, "--no-ray")
    driver.wait(END_SECONDS * 2)
    driver.kill()
    assert driver.process.returncode == 0, driver.output
    return read_rows(read_index(open_place(place)))
