"""Weights by name in a study: the driver downloads them once, trials have the driver's file."""

import hashlib
import io
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision.models import ResNet18_Weights

from nvp.config.dotted_names import import_name
from nvp.config.space import grid
from nvp.models.pretrained import Source, Weights, fetch, find_source, find_weights
from nvp.running.node_check import find_fault, mark_storage
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from nvp.study.study import Study
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions
from tests.in_process import run_main
from tests.loopback import Server, do_nothing, serve
from tests.study.own_parts import load_beside, write_own_parts
from tests.trials import interrupt, run_to_end

MODULE = "own_parts_with_weights"
NAME = "torchvision:ResNet18_Weights.IMAGENET1K_V1"
FLAGS = ("--preset", "quick", "--no-ray")


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_own_parts(tmp_path_factory.mktemp("user"), MODULE)


@pytest.fixture
def study(script: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study of one trial of a network of somebody else's, which starts from weights."""
    monkeypatch.setenv("TORCH_HOME", str(script.parent / "nowhere"))
    changes = {"model.name": f"{MODULE}:plain", "prune.criterion": "", "model.weights": NAME}
    design = load_beside(script, monkeypatch).quick
    base = design.base.with_overrides(changes | {"epochs": 1})
    quick = replace(design, base=base, space={"optim.lr": grid(0.1)})
    return Study(name="mine", quick=quick, paper=quick)


def make_file(seed: int = 0, classes: int = 5) -> bytes:
    """Return a file of tensors of the network, with a head for five classes."""
    torch.manual_seed(seed)
    network = sys.modules[MODULE].plain(classes)
    stream = io.BytesIO()
    torch.save(network.state_dict(), stream)
    return stream.getvalue()


@pytest.fixture
def server(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """What torchvision's name stands for is on a server of this machine."""
    import_name("model.name", study.quick.base.model.name)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    with serve() as served:
        put(served, make_file(), monkeypatch)
        yield served


def put(served: Server, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"tiny-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    served.files[f"/models/{name}"] = content
    monkeypatch.setattr(ResNet18_Weights.IMAGENET1K_V1.value, "url", f"{served.url}/models/{name}")


def home(tmp_path: Path) -> list[str]:
    """Return the names of the files that were downloaded, less locks."""
    files = (tmp_path / "home").rglob("*")
    return sorted(f.name for f in files if f.is_file() and f.suffix != ".lock")


def rows_of(place: Path) -> list[dict[str, Any]]:
    return [*read_index(open_study(str(place), "mine", "quick")).rows.values()]


def test_a_dry_run_says_what_it_would_download(
    study: Study, server: Server, tmp_path: Path
) -> None:
    ended = run_main(study, tmp_path / "out", *FLAGS, "--dry-run")
    assert ended.returncode == 0, ended.stderr
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("weights: ")]
    (path,) = server.files
    assert line.startswith(f"weights: {NAME} from {server.url}{path} to {tmp_path / 'home'}")
    assert line.endswith("(45 MB): a start downloads it")
    assert (server.asked, home(tmp_path)) == ([], [])


def test_the_driver_downloads_once_and_every_row_has_the_hash(
    study: Study, server: Server, tmp_path: Path
) -> None:
    (path, content), place = *server.files.items(), tmp_path / "out"
    sha = hashlib.sha256(content).hexdigest()
    ended = run_main(study, place, *FLAGS, "--seeds", "2")
    assert ended.returncode == 0, ended.stderr
    assert server.asked == [path]
    assert home(tmp_path) == [path.rpartition("/")[2]]
    rows = rows_of(place)
    assert [row["weights_hash"] for row in rows] == [sha] * 2
    assert {json.loads(row["config"])["model.weights"] for row in rows} == {NAME}
    (line,) = [each for each in ended.stdout.splitlines() if "SHA-256" in each]
    assert line.startswith(f"weights {NAME} of {MODULE}:plain: SHA-256 {sha[:12]} in ")
    assert line.endswith("; 7 is for another number of classes there, and is drawn for 2")
    dry = run_main(study, place, *FLAGS, "--dry-run")
    assert "weights" not in dry.stdout


def test_a_random_start_has_no_hash(study: Study, tmp_path: Path) -> None:
    ended = run_main(study, tmp_path, *FLAGS, "--seeds", "1", "--set", "model.weights=")
    assert ended.returncode == 0, ended.stderr
    assert [row["weights_hash"] for row in rows_of(tmp_path)] == [None]


def break_off(served: Server) -> None:
    served.missing = 100


def spoil(served: Server) -> None:
    served.files = {path: content[:-1] + b"x" for path, content in served.files.items()}


def go_away(served: Server) -> None:
    served.files = {}


BREAKS = {
    "the connection breaks": (break_off, "the connection broke"),
    "another content": (spoil, "as its name says"),
    "no such file": (go_away, "HTTP Error 404"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_no_half_file_is_believed_and_the_remedy_is_said(
    case: str, study: Study, server: Server, tmp_path: Path
) -> None:
    change, said = BREAKS[case]
    files = dict(server.files)
    change(server)
    ended = run_main(study, tmp_path / "out", *FLAGS)
    assert ended.returncode == 2, ended.stdout
    (line,) = ended.stderr.strip().splitlines()
    assert said in line
    assert "bring the file there by hand" in line
    (path,) = files
    assert str(tmp_path / "home/hub/checkpoints" / path.rpartition("/")[2]) in line
    assert home(tmp_path) == []
    assert not rows_of(tmp_path / "out")


def test_ctrl_c_leaves_no_half_file(study: Study, server: Server, tmp_path: Path) -> None:
    def press() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)  # the rest of the file would come too late

    server.halfway = press
    ended = run_main(study, tmp_path / "out", *FLAGS)
    assert ended.returncode == 130, ended.stderr
    assert home(tmp_path) == []
    server.halfway = do_nothing
    assert run_main(study, tmp_path / "out", *FLAGS).returncode == 0
    assert len(server.asked) == 2


def test_without_a_network_a_file_brought_by_hand_will_do(
    study: Study, server: Server, tmp_path: Path
) -> None:
    (path, content) = server.files.popitem()
    file = tmp_path / "home/hub/checkpoints" / path.rpartition("/")[2]
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    ended = run_main(study, tmp_path / "out", *FLAGS, "--seeds", "1")
    assert ended.returncode == 0, ended.stderr
    assert server.asked == []
    file.write_bytes(content[:-1] + b"x")
    ended = run_main(study, tmp_path / "out", *FLAGS, "--seeds", "2")
    assert ended.returncode == 2
    assert "it is damaged; delete it" in ended.stderr


def test_other_weights_under_the_same_name_are_refused(
    study: Study, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "out"
    assert run_main(study, place, *FLAGS, "--seeds", "1").returncode == 0
    old = rows_of(place)[0]["weights_hash"]
    other = make_file(seed=1)
    put(server, other, monkeypatch)
    ended = run_main(study, place, *FLAGS, "--seeds", "2")
    assert ended.returncode == 2
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    (line,) = ended.stderr.strip().splitlines()
    assert f"that finished trials started from (1 with SHA-256 {old[:12]})" in line
    assert "--accept-changed-data" in line
    ended = run_main(study, place, *FLAGS, "--seeds", "2", "--accept-changed-data")
    assert ended.returncode == 0, ended.stderr
    assert run_main(study, place, *FLAGS, "--seeds", "2").returncode == 0  # known by now
    found = sorted(row["weights_hash"] for row in rows_of(place))
    assert found == sorted([old, hashlib.sha256(other).hexdigest()])


def test_weights_that_do_not_fit_are_refused_with_names(
    study: Study, server: Server, tmp_path: Path
) -> None:
    ended = run_main(study, tmp_path / "out", *FLAGS, "--set", "model.extra.hidden=6")
    assert ended.returncode == 2
    (line,) = ended.stderr.strip().splitlines()
    assert "0.weight (8, 3, 3, 3) for (6, 3, 3, 3)" in line
    assert not rows_of(tmp_path / "out")


def test_a_url_and_a_file_of_ones_own_are_weights_too(
    study: Study, server: Server, tmp_path: Path
) -> None:
    server.files["/model.pth"] = make_file(2)
    sha = hashlib.sha256(make_file(2)).hexdigest()
    file = tmp_path / "my weights.pth"
    file.write_bytes(make_file(2))
    url = f"{server.url}/model.pth?download=true"
    for text in (url, str(file)):
        place = tmp_path / hashlib.sha256(text.encode()).hexdigest()
        ended = run_main(study, place, *FLAGS, "--seeds", "1", "--set", f"model.weights={text}")
        assert ended.returncode == 0, ended.stderr
        assert {row["weights_hash"] for row in rows_of(place)} == {sha}
    assert server.asked == ["/model.pth"]


def fetch_named(study: Study) -> Weights:
    return fetch(find_source(study.quick.base.model))


def test_a_trial_never_downloads_and_takes_no_other_file_than_the_drivers(
    study: Study, server: Server, tmp_path: Path
) -> None:
    config, storage = study.quick.base, Storage.at(str(tmp_path / "out"))
    *_, last = run_trial(config, storage)
    assert last.status == "failed"
    assert "a start of the study downloads it" in str(last.error).splitlines()[-1]
    assert server.asked == []
    weights = fetch_named(study)
    assert find_weights(config.model, ()) == find_weights(config.model, (weights,)) == weights
    Path(weights.file).write_bytes(make_file(1))
    with pytest.raises(ValueError, match="SHA-256") as refused:
        find_weights(config.model, (weights,))
    assert weights.sha256[:12] in str(refused.value)
    *_, last = run_trial(config, storage, RunOptions(weights=(weights,)))
    assert last.status == "failed"


def test_a_node_without_the_file_is_named(
    study: Study, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = fetch_named(study)
    storage = Storage.at(str(tmp_path / "out"))
    check = mark_storage(storage, (), "cpu", (), (weights,))
    assert find_fault(check) == ""
    other = tmp_path / "home of the node"
    monkeypatch.setenv("TORCH_HOME", str(other))
    (other / "hub").mkdir(parents=True)
    os.rename(Path(weights.file).parent, other / "hub/checkpoints")
    assert find_fault(check) == ""  # where the node's own TORCH_HOME says
    os.rename(other / "hub", tmp_path / "gone")
    fault = find_fault(check)
    assert fault.startswith(f"weights: model.weights: expected the driver's file of {NAME} at ")
    assert str(other) in fault
    assert "docs/clusters.md" in fault


def test_a_continued_trial_keeps_the_hash(study: Study, server: Server, tmp_path: Path) -> None:
    weights, storage = fetch_named(study), Storage.at(str(tmp_path / "out"))
    config = study.quick.base.with_overrides({"epochs": 2})
    interrupt(config, storage, 1, weights=(weights,))
    assert run_to_end(config, storage, weights=(weights,)) == "done"
    (row,) = read_index(storage).rows.values()
    assert (row["weights_hash"], row["attempt"]) == (weights.sha256, 2)


def test_a_source_says_nothing_of_a_machine(study: Study) -> None:
    source = find_source(study.quick.base.model)
    assert isinstance(source, Source)
    assert os.path.expanduser("~") not in repr(source)
    assert str(Path.cwd()) not in repr(source)


@pytest.mark.minutes
def test_a_search_has_its_files_before_it_asks(
    study: Study, server: Server, tmp_path: Path
) -> None:
    """Also where the base starts at random: what the search may ask for is fetched before."""
    base = study.quick.base.with_overrides({"model.weights": ""})
    quick = replace(study.quick, base=base, space={"model.weights": grid("", NAME)})
    found = replace(study, quick=quick)
    ended = run_main(found, tmp_path, *FLAGS, "--search", "optuna", "--num-trials", "2")
    assert ended.returncode == 0, ended.stderr
    assert len(server.asked) == 1
    weights = fetch_named(study)
    assert {row["weights_hash"] for row in rows_of(tmp_path)} <= {None, weights.sha256}


@pytest.mark.minutes
def test_trials_on_ray_start_from_the_drivers_file(
    study: Study, server: Server, tmp_path: Path
) -> None:
    ended = run_main(study, tmp_path / "out", "--preset", "quick", "--seeds", "1")
    assert ended.returncode == 0, ended.stderr
    assert len(server.asked) == 1
    assert {row["weights_hash"] for row in rows_of(tmp_path / "out")} == {fetch_named(study).sha256}
