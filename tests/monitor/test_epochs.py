"""`Monitor.epochs`: a loop observes itself; and the length of the file that shows it."""

from pathlib import Path

import pytest

from nvp.monitor.monitor import Monitor
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.study_folder import open_study
from tests.docs.recipes import OWN, blocks_of
from tests.monitor.loop import load_images, make_network


def monitor_at(place: Path) -> Monitor:
    return Monitor(make_network(), load_images(64)[0], study="own", storage=place)


def epochs_of(place: Path) -> list[int]:
    index = read_index(open_study(str(place), "own", "monitor"))
    return sorted(read_table(index, "epochs").column("epoch").to_pylist())


def test_it_observes_before_the_first_epoch_and_after_each(tmp_path: Path) -> None:
    with monitor_at(tmp_path) as monitor:
        seen = [(epoch, monitor.epoch) for epoch in monitor.epochs(3)]
    assert seen == [(1, 0), (2, 1), (3, 2)]
    assert epochs_of(tmp_path) == [0, 1, 2, 3]


def test_it_goes_on_after_the_epochs_of_a_checkpoint(tmp_path: Path) -> None:
    monitor = monitor_at(tmp_path)
    for epoch in monitor.epochs(4):
        if epoch == 3:
            break  # the process ended here; its checkpoint has epoch 1, of 2 that were observed
    monitor.close()
    with monitor_at(tmp_path) as monitor:
        assert list(monitor.epochs(4, done=1)) == [2, 3, 4]
    assert epochs_of(tmp_path) == [0, 1, 2, 3, 4]


def test_an_epoch_that_fails_is_not_observed(tmp_path: Path) -> None:
    monitor = monitor_at(tmp_path)

    def train() -> None:
        with monitor:
            for epoch in monitor.epochs(3):
                if epoch == 2:
                    raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError, match="out of luck"):
        train()
    assert monitor.status == "failed"
    assert epochs_of(tmp_path) == [0, 1]


def test_the_file_of_a_loop_has_twenty_lines() -> None:
    (script,) = (block for block in blocks_of(OWN) if block.file == "deaths.py")
    lines = [line for line in script.text.splitlines()[1:] if line.strip()]
    assert len(lines) <= 20, "beside the line that names the file"
    assert not any(";" in line or line.strip().startswith("#") for line in lines)
    for piece in ("nvp.adopt(", "nvp.Monitor(", "nvp.prune(", "nvp.shrink(", "torchvision"):
        assert piece in script.text
