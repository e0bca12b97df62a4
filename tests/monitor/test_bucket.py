"""A monitor that writes to a bucket of a real S3 API: held, killed and continued."""

import multiprocessing
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from nvp.monitor.monitor import Monitor
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study, read_study
from tests.bucket import s3_server
from tests.monitor.loop import load_images, make_network, run
from tests.rows import sorted_rows

pytestmark = pytest.mark.minutes  # a server, and four processes that load torch
EPOCHS = 5
CONFIG = {"optim.lr": 0.3, "widen": 0.2}


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return a place in a bucket that this process and its children can reach."""
    with s3_server() as environment:
        for name, value in (environment | {"NVP_LEASE_SECONDS": "3"}).items():
            monkeypatch.setenv(name, value)
        yield f"s3://bucket/{uuid.uuid4().hex}"


def start(place: str, checkpoint: Path, pause: float = 0.0) -> multiprocessing.Process:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=run, args=(place, checkpoint, EPOCHS, pause))
    process.start()
    return process  # type: ignore[return-value]


def wait_for_checkpoint(checkpoint: Path) -> None:
    end = time.monotonic() + 120
    while not checkpoint.exists():
        assert time.monotonic() < end, "no checkpoint within two minutes"
        time.sleep(0.05)


def test_a_killed_loop_goes_on_in_a_bucket(place: str, tmp_path: Path) -> None:
    killed = start(place, tmp_path / "own.pt", pause=0.5)
    wait_for_checkpoint(tmp_path / "own.pt")
    images, _ = load_images(100)
    with pytest.raises(ValueError, match="no other monitor of this trial"):
        Monitor(make_network(), images, study="loop", storage=place, config=CONFIG)
    time.sleep(0.7)  # somewhere in the second epoch
    killed.kill()
    killed.join()
    storage = open_study(place, "loop", "monitor")
    assert read_index(storage).rows == {}
    assert storage.files("observations"), "nothing was written before the kill"
    for name in (place, str(tmp_path / "whole")):
        checkpoint = tmp_path / ("own.pt" if name == place else "other.pt")
        process = start(name, checkpoint)
        process.join()
        assert process.exitcode == 0
    assert sorted_rows(storage) == sorted_rows(
        open_study(str(tmp_path / "whole"), "loop", "monitor")
    )
    (row,) = read_index(storage).rows.values()
    assert (row["status"], row["attempt"]) == ("done", 2)
    assert len(read_study(storage)["starts"]) == 2
    assert not storage.files("observations")
