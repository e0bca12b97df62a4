"""docs/slurm.md followed to the letter on a real Slurm of two emulated hosts; a job is requeued."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nvp.storage.index import read_index
from nvp.storage.reader import read_table
from nvp.storage.study_folder import open_study
from tests.cluster.hosts import Host, bridge, hosts, missing
from tests.cluster.slurm import CORES, missing_slurm, run_on, start_slurm
from tests.cluster.walk import commands, copy_project

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(bool(missing() or missing_slurm()), reason=missing() or missing_slurm()),
]
TRIALS, LIMIT = 8, 420.0
FLAGS = f"--gpus-per-node=0 --cpus-per-task={CORES} slurm.sh"  # these hosts have no GPU


@dataclass
class Site:
    """A person on the first host, in the project's folder, which all hosts see."""

    hosts: list[Host]
    key: Path
    project: Path
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
        end = time.monotonic() + LIMIT
        while len(re.findall(words, self.output(job))) < count:
            self.check_alive(job, end)
            time.sleep(1)

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
        yield Site(started, folder / "key", project, f"{exports}; cd {project}")


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
    end = time.monotonic() + LIMIT
    while not place.files("trials"):
        site.check_alive(job, end)
        time.sleep(0.2)
    site.do(f"scontrol requeue {job}")
    site.wait_for("interrupted; this command continues", job)
    while "PENDING" not in site.do(f"squeue --noheader --jobs={job} --format=%T"):
        time.sleep(1)
    site.do(f"scontrol update JobId={job} StartTime=now")  # Slurm waits two minutes otherwise


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
    end = time.monotonic() + LIMIT
    while site.do("squeue --noheader --format=%i").strip():
        site.check_alive("2", end)
        time.sleep(1)
    words = ("raylet", "gcs_server", "ray::")
    assert not [line for host in site.hosts for line in host.processes(*words).values()]


def test_without_shared_storage_one_line_says_so(site: Site) -> None:
    asked = f"sbatch --nodes=2 {FLAGS} studies/sgd_noise.py --preset quick --storage /root/mine"
    job = site.do(asked).split()[-1]
    site.wait_for("error: ", job)
    (line,) = [line for line in site.output(job).splitlines() if "error: " in line]
    assert line.startswith("error: --storage: storage: expected the driver's folder /root/mine")
