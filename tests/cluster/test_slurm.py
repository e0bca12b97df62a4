"""docs/slurm.md followed to the letter on a real Slurm of two emulated hosts; a job is requeued."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from tests.cluster.hosts import Host, bridge, hosts, missing
from tests.cluster.slurm import CORES, missing_slurm, run_on, start_slurm, start_slurmd
from tests.cluster.walk import commands, copy_project

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing() or missing_slurm()), reason=missing() or missing_slurm()),
]
TRIALS, LIMIT = 8, 420.0
FLAGS = f"--gpus-per-node=0 --cpus-per-task={CORES} slurm.sh"  # these hosts have no GPU
LONG = "--preset quick --seeds 1 --set optim.lr=0.2 --set epochs=150"


@dataclass
class Site:
    """A person on the first host, in the project's folder, which all hosts see."""

    hosts: list[Host]
    key: Path
    project: Path
    config: Path
    begin: str

    def do(self, command: str) -> str:
        """Run a command of the page in the project's folder; return its output."""
        return run_on(self.hosts[0], self.key, f"{self.begin}; {command}")

    def output(self, job: str) -> str:
        """Return what a job has written so far."""
        path = self.project / f"nvp-{job}.out"
        return path.read_text() if path.exists() else ""

    def wait_for(self, words: str, job: str, count: int = 1) -> None:
        """Wait until a job has written `words` so many times."""
        self.wait_until(lambda: len(re.findall(words, self.output(job))) >= count, job)

    def start_again(self, job: str) -> None:
        """Start a job once it is back in the queue; Slurm waits two minutes otherwise."""
        state = f"squeue --noheader --jobs={job} --format=%T"
        self.wait_until(lambda: "PENDING" in self.do(state), job)
        self.do(f"scontrol update JobId={job} StartTime=now")

    def begin_long(self, name: str, *flags: str) -> tuple[str, Storage]:
        """Start trials of minutes; return the job, and their place once one has a checkpoint."""
        study = f"studies/sgd_noise.py {LONG} --storage results/{name}"
        job = self.do(f"sbatch --nodes=2 {' '.join(flags)} {FLAGS} {study}").split()[-1]
        place = open_study(str(self.project / "results" / name), "sgd_noise", "quick")
        self.wait_until(lambda: bool(place.files("checkpoints")), job)
        return job, place

    def end_continued(self, job: str, place: Storage) -> None:
        """Cancel a job once a trial that it had interrupted is done; wait until it is gone."""
        self.wait_until(lambda: 2 in [row["attempt"] for row in read_done(place)], job)
        self.do(f"scancel {job}")
        self.wait_until(lambda: not self.do("squeue --noheader --format=%i").strip(), job)
        assert "scancel: error" not in self.output(job), self.output(job)

    def wait_until(self, condition: Callable[[], bool], job: str) -> None:
        """Wait until `condition` holds while a job lives."""
        end = time.monotonic() + LIMIT
        while not condition():
            self.check_alive(job, end)
            time.sleep(0.5)

    def check_alive(self, job: str, end: float) -> None:
        """Fail once it is later than `end`, or when Ray did not start; show what the job said."""
        ray = self.project / f"nvp-{job}-ray.out"
        said = self.output(job) + (ray.read_text()[-3000:] if ray.exists() else "")
        assert time.monotonic() < end, f"not within {LIMIT} s\n{said}"
        assert "Ray did not start" not in said, said


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("slurm")
    with bridge(), hosts(folder, folder / "key", ["", ""]) as started:
        config = start_slurm(started, folder, folder / "key")
        project = copy_project(folder / "project", "slurm.sh")
        (project / ".venv").symlink_to("/root/nvp-venv")
        exports = f"export SLURM_CONF={config} PYTHONPATH={project} NVP_CHECKPOINT_SECONDS=0.1"
        exports += " RAY_USAGE_STATS_ENABLED=0"
        give_token(started)
        yield Site(started, folder / "key", project, config, f"{exports}; cd {project}")


def give_token(started: list[Host]) -> None:
    """Put one token into all homes; a Slurm site has one home on all nodes."""
    for host in started:
        (host.home / ".ray").mkdir()
        (host.home / ".ray/auth_token").write_text("0123456789abcdef" * 4)


@pytest.fixture(scope="module")
def walked(site: Site) -> dict[str, str]:
    """Return the outputs of the page's commands; the first job is requeued in its middle."""
    said = {}
    for command in commands({"slurm.sh": FLAGS}, page="docs/slurm.md"):
        said[command] = site.do(command)
        if command.startswith("sbatch"):
            job = said[command].split()[-1]
            if job == "1":
                requeue(site, job)
            site.wait_for(rf"{TRIALS} of {TRIALS} trials done", job)
    return said


def requeue(site: Site, job: str) -> None:
    """Take the nodes away from a job once a trial is committed and others run."""
    place = open_study(str(site.project / "results"), "sgd_noise", "quick")
    site.wait_until(lambda: bool(place.files("trials")), job)
    site.do(f"scontrol requeue {job}")
    site.wait_for("interrupted; this command continues", job)
    site.start_again(job)


def test_a_requeued_job_continues(site: Site, walked: dict[str, str]) -> None:
    said = site.output("1")
    assert len(re.findall(r"^Ray: 2 of 2 nodes at ", said, re.MULTILINE)) == 2, said
    assert "SIGTERM: saving the running trials" in said
    index = read_index(open_study(str(site.project / "results"), "sgd_noise", "quick"))
    rows = list(index.rows.values())
    assert Counter(row["status"] for row in rows) == {"done": TRIALS}
    assert {row["attempt"] for row in rows} == {1, 2}, "some trials went on, and some did not"
    keys = [(r["trial_id"], r["epoch"]) for r in read_table(index, "epochs").to_pylist()]
    assert len(keys) == len(set(keys)) == TRIALS * 13


def test_the_same_line_again_runs_nothing(site: Site, walked: dict[str, str]) -> None:
    assert f"{TRIALS} done, 0 to run" in site.output("2")


def test_no_ray_is_left_on_a_node(site: Site, walked: dict[str, str]) -> None:
    site.wait_until(lambda: not site.do("squeue --noheader --format=%i").strip(), "2")
    words = ("raylet", "gcs_server", "ray::")
    assert not [line for host in site.hosts for line in host.processes(*words).values()]


def test_without_shared_storage_one_line_says_so(site: Site) -> None:
    asked = f"sbatch --nodes=2 {FLAGS} studies/sgd_noise.py --preset quick --storage /root/mine"
    job = site.do(asked).split()[-1]
    site.wait_for("error: ", job)
    (line,) = [line for line in site.output(job).splitlines() if "error: " in line]
    assert line.startswith("error: --storage: storage: expected the driver's folder /root/mine")


def test_a_job_out_of_time_goes_back_into_the_queue_and_continues(site: Site) -> None:
    job, place = site.begin_long("long", "--time=4")
    site.wait_for("the time is nearly up: the job goes back into the queue", job)
    assert "SIGTERM: saving the running trials" in site.output(job)
    assert len(read_done(place)) < TRIALS
    site.start_again(job)
    site.end_continued(job, place)
    assert "Ray: 2 of 2 nodes" in site.output(job).partition("the time is nearly up")[2]


def test_a_job_that_lost_a_node_runs_on_and_goes_back_into_the_queue(site: Site) -> None:
    """Its trials go on at the other node until Slurm, after `SlurmdTimeout`, requeues the job."""
    job, place = site.begin_long("lost")
    lost = site.hosts[1]
    for pid in lost.processes("slurmd", "slurmstepd", "ray", "python"):
        os.kill(pid, signal.SIGKILL)
    site.start_again(job)
    start_slurmd([lost], site.key, site.config)
    site.end_continued(job, place)
    assert len(re.findall("Ray: 2 of 2 nodes", site.output(job))) == 2, site.output(job)


def read_done(place: Storage) -> list[dict[str, Any]]:
    """Return the rows of the trials that are done."""
    return [row for row in read_index(place).rows.values() if row["status"] == "done"]
