"""What tests share: running the real study script in a process of its own, and one small study."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.turns import find_turn, leave_to_minutes, put_longest_first

# Nothing here imports torch or nvp at once: the process that starts the others needs neither.
# 15 by default: trials would starve beside other tests. Clusters of other tests are not joined.
os.environ |= {"RAY_worker_niceness": "0", "RAY_ADDRESS": "local"}
ROOT = Path(__file__).parent.parent
ALL_MUST_RUN = bool(os.environ.get("NVP_TEST_ALL"))
SCRIPT = ROOT / "studies" / "sgd_noise.py"
SMALL = ["--preset", "quick", "--seeds", "2", "--set", "epochs=3", "--set", "optim.lr=0.2",
         "--set", "data.batch_size=64", "--set", "probe.size=128",
         "--set", "prune.tau=0.1"]  # fmt: skip


def run_study(
    place: Path | str, *arguments: str, env: dict[str, str] | None = None, script: Path = SCRIPT
) -> subprocess.CompletedProcess[str]:
    """Run a study script to its end, from its own folder."""
    command = [sys.executable, str(script), "--storage", str(place), *arguments]
    return subprocess.run(
        command,
        env=os.environ | (env or {}),
        cwd=script.parent,
        capture_output=True,
        text=True,
        timeout=300,
    )


def start_study(
    place: Path, *arguments: str, env: dict[str, str] | None = None, script: Path = SCRIPT
) -> subprocess.Popen[str]:
    """Start a study script in a process group of its own."""
    return start_command([sys.executable, str(script), "--storage", str(place), *arguments], env)


def start_command(command: list[str], env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a command in a process group of its own."""
    return subprocess.Popen(
        command,
        env=os.environ | (env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked gpu where there is none."""
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no GPU here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail a test marked cluster that is skipped under `make test-all`, which is to run it."""
    report = yield
    if ALL_MUST_RUN and report.skipped and item.get_closest_marker("cluster"):
        report.outcome = "failed"
        report.longrepr = f"NVP_TEST_ALL: expected to run, got {report.longrepr[-1]}"
    return report


@pytest.fixture(autouse=True)
def _plain_arithmetic() -> None:
    """Undo what a trial run in this process by an earlier test set: hypothesis minds."""
    import torch

    torch.set_flush_denormal(False)


def pytest_report_header() -> str:
    """Say which cases of tests marked `one_in` are taken."""
    return f"cases in turn: NVP_TEST_TURN={find_turn()}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """Collect without looking for garbage, a fifth of the time, and never look at what is there."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before marks are selected
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest modules first, and leave out the cases whose turn it is not."""
    import torch

    torch.set_num_threads(1)  # two test processes share two cores
    leave_to_minutes(items)
    put_longest_first(items)


@pytest.fixture(scope="session")
def study_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a storage with a real finished study: noise 0..2 x {none, dead} x 2 seeds.

    It ran without Ray. That a study on Ray has the same rows is tested in `test_on_one_ray`.
    """
    from tests.in_process import run_main
    from tests.small_studies import load

    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent  # one study for all workers
    place = shared / "study"
    with FileLock(shared / "study.lock"):
        if not (place / "finished").exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", [str(SCRIPT)])  # whose text study.json keeps
                ended = run_main(load(SCRIPT).STUDY, place, *SMALL, "--no-ray")
            assert ended.returncode == 0, ended.stdout + ended.stderr
            (place / "finished").touch()
    return place


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what runs a study of the folder, cut down, once a session, and says where it is."""
    from tests.small_studies import run_small

    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent

    def place(study: str) -> Path:
        where = shared / "small"
        where.mkdir(exist_ok=True)
        with FileLock(where / f"{study}.lock"):
            if not (where / f"{study}.finished").exists():
                run_small(ROOT / "studies" / f"{study}.py", where)
                (where / f"{study}.finished").touch()
        return where

    return place
