"""Nodes that go away or are unfit, processes that hang: nothing is lost."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ray._common.utils import reset_ray_address
from ray.cluster_utils import Cluster

from nvp.running.ray.actor import REPORT_SECONDS
from nvp.storage.incidents import read_incidents
from nvp.storage.study_folder import open_study
from tests.conftest import ROOT, run_study, start_study
from tests.fragile import FRAGILE, with_fragile_model
from tests.processes import wait_for
from tests.trial.test_kill import CELLS, TRIALS, assert_no_row_twice, rows

Start = Callable[..., tuple[Cluster, list[Any]]]
ON_CPU = {"NVP_DEVICE": "cpu", "NVP_CHECKPOINT_SECONDS": "0.1"}


@pytest.fixture
def cluster() -> Iterator[Start]:
    """Return what starts a cluster: a head without slots, and nodes with a declared GPU each."""
    started = []

    def start(*envs: dict[str, str]) -> tuple[Cluster, list[Any]]:
        whole = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        reset_ray_address()  # studies outside of the tests would join it
        started.append(whole)
        return whole, [whole.add_node(num_cpus=2, num_gpus=1, env_vars=env) for env in envs]

    yield start
    for whole in started:
        whole.shutdown()


def on(cluster: Cluster) -> list[str]:
    return ["--address", cluster.address, "--gpus-per-trial", "1/2"]


def incidents(place: Path, study: str = "sgd_noise") -> list[dict[str, Any]]:
    return read_incidents(open_study(str(place), study, "quick")).to_pylist()


@pytest.mark.minutes
def test_a_lost_node_costs_no_trial_and_counts_as_no_failure(
    tmp_path: Path, cluster: Start
) -> None:
    machines, (_, lost) = cluster({}, {})
    longer = [*CELLS, "--seeds", "2", "--set", "epochs=80", "--set", "data.batch_size=32"]
    place = tmp_path / "lost"
    process = start_study(place, *longer, *on(machines), env=ON_CPU)
    folder = place / "sgd_noise/quick/checkpoints"
    saved = lambda: {file.parent for file in folder.glob("*/*.safetensors")}  # noqa: E731
    wait_for(lambda: len(saved()) >= 3, process, limit=200)  # at least one on each node
    time.sleep(2 * REPORT_SECONDS)  # a trial that has not reported yet died nobody knows where
    machines.remove_node(lost, allow_graceful=False)
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    found = incidents(place)
    assert {row["kind"] for row in found} == {"preempted"}
    assert {row["node"] for row in found} == {lost.node_id[:12]}
    assert 1 <= len({row["trial_id"] for row in found}) <= 2
    assert_no_row_twice(rows(place))
    counts = Counter(row["trial_id"] for row in rows(place)["epochs"])
    assert counts == {row["trial_id"]: 81 for row in rows(place)["trials"]}
    assert len(counts) == 4


@pytest.mark.minutes
def test_a_node_with_other_code_is_left_out_and_named(tmp_path: Path, cluster: Start) -> None:
    with_fragile_model(tmp_path / "old", FRAGILE)
    machines, (unfit, fit) = cluster(
        {"PYTHONPATH": str(tmp_path / "old")}, {"PYTHONPATH": str(ROOT)}
    )
    ended = run_study(tmp_path / "out", *TRIALS, *on(machines), env=ON_CPU)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 of 4 trials done" in ended.stdout
    assert f"node {unfit.node_id[:12]} is left out: code: expected the driver's" in ended.stdout
    assert [row["kind"] for row in incidents(tmp_path / "out")] == ["unfit"]
    machines.remove_node(fit)
    refused = run_study(tmp_path / "none", *TRIALS, *on(machines), env=ON_CPU)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert "expected a node that is fit for trials, got none" in refused.stderr
    assert "sync the project" in refused.stderr
    assert "Traceback" not in refused.stderr


BAD_GPU = FRAGILE.replace("import nn", "import nn\nimport os").replace(
    "if self.training and len(x) == 100", 'if os.environ.get("BAD_GPU")'
)


@pytest.mark.minutes
def test_a_node_on_which_everything_fails_does_not_eat_the_grid(
    tmp_path: Path, cluster: Start
) -> None:
    own = with_fragile_model(tmp_path, BAD_GPU)
    machines, (bad, _) = cluster(own | {"BAD_GPU": "1"}, own)
    ended = run_study(
        tmp_path / "out",
        *("--preset", "quick", "--seeds", "6", *on(machines)),
        env=own | ON_CPU,
        script=tmp_path / "fragile.py",
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "18 of 18 trials done" in ended.stdout
    assert re.search(rf"node {bad.node_id[:12]} is left out: \d+ trials failed", ended.stdout)
    found = incidents(tmp_path / "out", "fragile")
    assert [(row["kind"], row["node"]) for row in found] == [("avoided", bad.node_id[:12])]


HANGING = FRAGILE.replace("import nn", "import nn\nimport os\nimport time").replace(
    'raise RuntimeError("this network breaks on batches of 100")',
    'mark = os.environ["MARK"]\n'
    "            if not os.path.exists(mark):\n"
    '                open(mark, "w").close()\n'
    "                time.sleep(10_000)",
)


@pytest.mark.minutes
def test_a_trial_that_hangs_is_ended_and_runs_again(tmp_path: Path) -> None:
    own = with_fragile_model(tmp_path, HANGING)
    ended = run_study(
        tmp_path / "out",
        *("--preset", "quick", "--set", "epochs=3"),
        env=own | {"MARK": str(tmp_path / "hung"), "NVP_SILENT_SECONDS": "6"},
        script=tmp_path / "fragile.py",
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "hung").exists()
    assert "no progress for" in ended.stdout
    assert "3 of 3 trials done" in ended.stdout
    assert [row["kind"] for row in incidents(tmp_path / "out", "fragile")] == ["silent"]
