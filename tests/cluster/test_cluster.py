"""A real `ray up`, a study that loses a worker, figures, `ray down`: as docs/clusters.md says."""

import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from nvp.storage.incidents import read_incidents
from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from tests.bucket import s3_server
from tests.cluster.hosts import GATEWAY, NETWORK, bridge, hosts, missing
from tests.cluster.walk import Walk, commands, copy_project, environment, fill_in, own_values
from tests.processes import wait_for

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing()), reason=missing() or "-"),
]
PLACE = "s3://bucket/nvp"
TRIALS = 8
GPU = 'export RAY_OVERRIDE_RESOURCES=\'{"CPU": 2, "GPU": 1}\'\n'
GONE_SECONDS = 30
NOBODY = f"{NETWORK}.99"
UNKNOWN_HOSTS = " -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    folder = tmp_path_factory.mktemp("cluster")
    with bridge(), s3_server(GATEWAY) as bucket, pytest.MonkeyPatch.context() as patch:
        for name, value in bucket.items():
            patch.setenv(name, value)
        own = bucket | {"NVP_DEVICE": "cpu"}  # the GPUs are declared, not there
        keys = "".join(f"export {name}={value}\n" for name, value in own.items())
        with hosts(folder, folder / "key", [keys, keys + GPU, keys + GPU]) as started:
            (folder / "project").mkdir()
            project = copy_project(folder / "project")
            values = own_values(started, folder / "key")
            fill_in(project / "cluster-ssh.yaml", values)
            mine = environment(folder, PLACE, bucket)
            mine["CLUSTER"] = "cluster-ssh.yaml"
            values["~/.ssh/id_ed25519"] += UNKNOWN_HOSTS
            yield follow(Walk(project, started, mine), values)


def follow(walk: Walk, values: dict[str, str]) -> Walk:
    """Do what the document says, and lose a worker in the middle of the first study."""
    for command in commands(values):
        if command.startswith("ray down"):
            come_uninvited(walk)
        first = command.startswith("ray submit") and not walk.said("ray submit")
        walk.do(command, meanwhile=partial(lose_worker, walk) if first else None)
    return walk


def lose_worker(walk: Walk, study: subprocess.Popen[str]) -> None:
    """Kill all of Ray on the last host once a trial is committed and others run."""
    place = Storage.at(PLACE).below("sgd_noise", "quick")
    wait_for(lambda: bool(place.files("trials")), study, 300)
    assert walk.hosts[2].processes("TrialActor", "Trainable"), walk.hosts[2].processes("ray::")
    walk.hosts[2].lose_ray()


def come_uninvited(walk: Walk) -> None:
    """Try the cluster without its token, with a wrong one, and at an address where nobody is.

    The last one has the token, and misses a node that is in its YAML alone.
    """
    head = f"{walk.hosts[0].address}:6379"
    text = (walk.project / "cluster-ssh.yaml").read_text()
    (walk.project / "other.yaml").write_text(text.replace(walk.hosts[2].address, NOBODY))
    home = walk.project.parent / "stranger"
    home.mkdir()
    study = "python studies/sgd_noise.py --preset quick --address"
    doctor = "nvp doctor $CLUSTER --address"
    for name, command, more in (
        ("study, no token", f"{study} {head}", {}),
        ("study, mode without token", f"{study} {head}", {"RAY_AUTH_MODE": "token"}),
        ("study, wrong token", f"{study} {head}",
         {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "not the one"}),
        ("study, nobody there", f"{study} {walk.hosts[0].address}:7777", {}),
        ("study, not on a node", f"{study} {head}",
         {"RAY_AUTH_MODE": "token", "HOME": walk.environment["HOME"]}),
        ("doctor, no token", f"{doctor} {head}", {}),
        ("doctor, a node is absent", f"nvp doctor other.yaml --address {head}",
         {"RAY_AUTH_MODE": "token", "HOME": walk.environment["HOME"]}),
    ):  # fmt: skip
        walk.refused[name] = subprocess.run(
            ["bash", "-c", command],
            cwd=walk.project,
            env=walk.environment | {"HOME": str(home)} | more,
            capture_output=True,
            text=True,
            timeout=60,
        )


def test_the_cluster_has_the_nodes_that_its_yaml_promises(walk: Walk) -> None:
    (said,) = walk.said("--wait")
    assert "nodes: the head and 2 of at most 2 workers" in said


def test_the_study_ends_by_itself_though_a_worker_was_lost(walk: Walk) -> None:
    first, again = walk.said("ray submit")
    assert f"{TRIALS} of {TRIALS} trials done" in first
    assert f"{TRIALS} done, 0 to run" in again
    assert f"Ray: joins the cluster at {walk.hosts[0].address}:6379 (3 nodes, 2 GPUs)" in first
    assert f"Ray: joins the cluster at {walk.hosts[0].address}:6379 (" in again  # a node may lack
    index = read_index(open_study(PLACE, "sgd_noise", "quick"))
    lost = read_incidents(index.storage).to_pylist()
    assert len(index.rows) == TRIALS
    assert {row["status"] for row in index.rows.values()} == {"done"}
    assert {row["kind"] for row in lost} == {"preempted"}


def test_no_row_is_missing_or_there_twice(walk: Walk) -> None:
    index = read_index(open_study(PLACE, "sgd_noise", "quick"))
    epochs = read_table(index, "epochs").to_pylist()
    keys = Counter((row["trial_id"], row["epoch"]) for row in epochs)
    assert max(keys.values()) == 1
    assert Counter(trial for trial, _ in keys) == dict.fromkeys(index.rows, 13)
    for table, columns in (("layers", 3), ("neurons", 4)):
        rows = read_table(index, table).select(["trial_id", "epoch", "layer", "neuron"][:columns])
        found = [tuple(row.values()) for row in rows.to_pylist()]
        assert found
        assert len(found) == len(set(found))


def test_figures_are_drawn_from_the_bucket(walk: Walk) -> None:
    figures = walk.project / "results/sgd_noise/quick/figures"
    assert {path.suffix for path in figures.iterdir()} == {".png", ".svg", ".csv"}
    assert str(figures.relative_to(walk.project)) in walk.said("nvp analyse")[0]


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("study, no token", "this cluster wants its token: RAY_AUTH_MODE=token"),
        ("study, mode without token", "this cluster wants its token: RAY_AUTH_MODE=token"),
        ("study, wrong token", "this cluster wants its token: RAY_AUTH_MODE=token"),
        ("study, nobody there", "nothing that listens"),
        ("study, not on a node", "a machine that is none of 10.78.0.10, "),
        ("doctor, no token", "this cluster wants its token: RAY_AUTH_MODE=token"),
    ],
)
def test_strangers_are_refused_in_one_line(walk: Walk, who: str, reason: str) -> None:
    refused = walk.refused[who]
    assert refused.returncode == 2, refused.stderr
    (line,) = refused.stderr.strip().splitlines()
    assert line.startswith("error: --address: expected a")
    assert reason in line


def test_a_node_that_never_came_is_named(walk: Walk) -> None:
    asked = walk.refused["doctor, a node is absent"]
    assert asked.returncode == 1, asked.stderr
    assert f"{NOBODY} is not there" in asked.stdout
    assert asked.stdout.count("is not there") == 1


def test_the_token_is_in_no_log_and_no_table(walk: Walk) -> None:
    folder = walk.project.parent
    token = (folder / "home/.ray/auth_token").read_bytes().strip()
    assert len(token) >= 32
    assert not [c for c, _, output in walk.outputs if token.decode() in output]
    storage = Storage.at(PLACE)
    written = storage.files()
    assert "sgd_noise/quick/study.json" in written
    assert not [name for name in written if token in storage.read(name)]
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    logs = [path for path in files if path.suffix in (".log", ".out", ".err")]
    assert [path for path in logs if path.name.startswith("monitor")]
    holders = {path for path in files if path.stat().st_size < 1e8 and token in path.read_bytes()}
    assert {path.name for path in holders} == {"auth_token"}
    assert {oct(path.stat().st_mode)[-3:] for path in holders} == {"600"}


def test_the_dashboard_listens_on_loopback_alone(walk: Walk) -> None:
    (said,) = walk.said("ray up")
    assert re.search(r"127\.0\.0\.1:8265", said)


def test_after_ray_down_no_process_is_left(walk: Walk) -> None:
    end = time.monotonic() + GONE_SECONDS
    while walk.ray_processes() and time.monotonic() < end:
        time.sleep(1)
    assert not walk.ray_processes()
