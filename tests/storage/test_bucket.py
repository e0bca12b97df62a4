"""A study in a bucket, over a real S3 API: whole, killed, damaged, out of reach."""

import uuid
from collections.abc import Iterator
from subprocess import CompletedProcess

import pytest

from nvp.analysis.frames.load import load
from nvp.storage import codec
from nvp.storage.codec import rows_from_columns
from nvp.storage.index import read_index
from nvp.storage.lock import study_lock
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from nvp.storage.writer import TrialWriter
from studies.sgd_noise import STUDY
from tests.bucket import KEYS, s3_server
from tests.conftest import start_study
from tests.in_process import run_main
from tests.processes import kill_all, wait_for

EPOCHS = 15  # so that on a busy machine, too, there is a moment to kill it in
FLAGS = ["--preset", "quick", "--seeds", "1", "--set", f"epochs={EPOCHS}", "--set", "optim.lr=0.2",
         "--set", "optim.noise=2", "--set", "data.batch_size=64",
         "--set", "data.images=192", "--set", "model.width=0.25",
         "--set", "probe.size=64"]  # fmt: skip
QUICK = {"NVP_CHECKPOINT_SECONDS": "0.1", "NVP_LEASE_SECONDS": "3"}


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with s3_server() as environment:
        yield environment


@pytest.fixture(autouse=True)
def _environment(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process, too, reach the server, and wait for a lease as QUICK says."""
    for name, value in (server | QUICK).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place() -> str:
    return f"s3://bucket/{uuid.uuid4().hex}"


def test_what_is_written_is_read_listed_and_deleted(place: str) -> None:
    storage = Storage.at(place)
    storage.write("a/b/one", b"1")
    storage.write("a/two", b"22")
    storage.write("a/two", b"333")
    assert storage.files() == {"a/b/one": 1, "a/two": 3}
    assert storage.below("a").read("two") == b"333"
    assert list(storage.read_all(["a/two", "a/no"])) == [b"333", None]
    assert Storage.at(storage.below("a").place).files() == {"b/one": 1, "two": 3}
    storage.delete(["a/two", "a/never"])
    storage.delete_folder("a")
    storage.delete_folder("nowhere")
    assert storage.files() == {}


def test_an_exception_in_mid_serialisation_leaves_nothing(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage.at(place)
    writer = TrialWriter(storage, "t", 1)
    writer.add("epochs", rows_from_columns("epochs", "t", {"epoch": [0, 1]}))
    with monkeypatch.context() as patch:
        patch.setattr(codec.ipc.RecordBatchFileWriter, "write_table", raises, raising=False)
        with pytest.raises(RuntimeError, match="half way"):
            writer.flush()
    assert storage.files() == {}


def raises(*arguments: object) -> None:
    raise RuntimeError("half way")


@pytest.mark.parametrize("table", ["trials", "epochs"])
def test_a_half_written_object_is_named_and_not_believed(
    place: str, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    storage = Storage.at(place)
    for name in ("hurt", "whole"):
        writer = TrialWriter(storage, name, 1)
        writer.add("epochs", rows_from_columns("epochs", name, {"epoch": [0, 1]}))
        writer.commit({"status": "done"})
    (half,) = storage.files(f"{table}/hurt")
    storage.write(half, storage.read(half)[:-20])
    index = read_index(storage)
    assert set(index.rows) == {"whole"}
    assert index.damaged == {"hurt"}
    assert half in caplog.text
    assert len(read_table(index, "epochs", ["whole"])) == 2


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(["--no-ray"], id="here"),
        pytest.param([], id="ray", marks=pytest.mark.minutes),
    ],
)
def test_a_study_killed_and_continued_in_a_bucket(place: str, how: list[str]) -> None:
    process = start_study(place, *FLAGS, *how)
    storage = Storage.at(place).below("sgd_noise", "quick")
    wait_for(lambda: bool(storage.files("checkpoints") or storage.files("trials")), process)
    with pytest.raises(ValueError, match=f"process {process.pid} on"), study_lock(storage):
        pass
    kill_all(process)
    assert len(read_index(storage).rows) < 2, "it had ended"
    ended = run_main(STUDY, place, *FLAGS, *how)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 of 2 trials done" in ended.stdout
    for secret in (KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"]):
        assert secret not in ended.stdout + ended.stderr
        written = Storage.at(place).list_files()
        assert not [name for name in written if secret.encode() in Storage.at(place).read(name)]
    assert not storage.files("checkpoints")
    frames = load(place, "sgd_noise", "quick")
    assert sorted(frames.trials["status"]) == ["done", "done"]
    assert len(frames.epochs) == 2 * (EPOCHS + 1)
    assert not frames.epochs.duplicated(["trial_id", "epoch"]).any()


def refusal(ended: CompletedProcess[str]) -> list[str]:
    """Return the lines that a study refused its place with."""
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
    return ended.stderr.strip().splitlines()


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("s3://nowhere/x", "there is no bucket 'nowhere'; make the bucket"),
        ("s4://bucket/x", "expected a path or a URI, got 's4://bucket/x'"),
        ("s3://bucket/x?colour=red", "expected a path or a URI, got 's3://bucket/x?colour=red'"),
    ],
)
def test_a_wrong_place_is_refused_in_one_line(place: str, expected: str) -> None:
    (line,) = refusal(run_main(STUDY, place, *FLAGS, "--no-ray"))
    assert line.startswith("error: --storage: expected")
    assert expected in line
    with pytest.raises(ValueError, match="--storage: expected"):
        open_study(place, "sgd_noise", "quick")


def test_without_permission_is_refused_in_one_line_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with s3_server(INITIAL_NO_AUTH_ACTION_COUNT="1") as environment:  # that makes the bucket
        monkeypatch.setenv("AWS_ENDPOINT_URL", environment["AWS_ENDPOINT_URL"])
        (line,) = refusal(run_main(STUDY, "s3://bucket/x", *FLAGS, "--no-ray"))
    assert "error: --storage: expected a place to read and write, got 's3://bucket/x" in line
    assert "AWS_ACCESS_KEY_ID" in line
