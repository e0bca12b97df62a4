"""A real Slurm on emulated hosts: munge, slurmctld on the first, a slurmd on each."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.cluster.hosts import Host

CORES = 2
CONFIG = """
ClusterName=nvp
SlurmctldHost={head}({address})
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=/root/munge.socket
CredType=cred/munge
StateSaveLocation=/root/slurmctld
SlurmdSpoolDir=/root/slurmd
SlurmctldPidFile=/root/slurmctld.pid
SlurmdPidFile=/root/slurmd.pid
SlurmctldLogFile=/root/slurmctld.log
SlurmdLogFile=/root/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
KillWait=60
SlurmdTimeout=60
{nodes}
PartitionName=all Nodes=ALL Default=YES State=UP
"""
MUNGED = (
    "munged --force --key-file=/root/munge.key --socket=/root/munge.socket "
    "--pid-file=/root/munged.pid --log-file=/root/munged.log --seed-file=/root/munged.seed"
)


def missing_slurm() -> str:
    """Return why no Slurm can run here; "" when it can."""
    tools = {"slurmctld": "slurm-wlm", "slurmd": "slurm-wlm", "munged": "munge"}
    lacking = sorted({package for tool, package in tools.items() if not shutil.which(tool)})
    return f"Slurm's test needs {', '.join(lacking)}" if lacking else ""


def start_slurm(hosts: list[Host], folder: Path, key: Path) -> Path:
    """Start Slurm on the hosts, whose processes end with them; return its configuration."""
    names = dict(zip([host.name for host in hosts], hosts, strict=True))
    nodes = [f"NodeName={n} NodeAddr={h.address} CPUs={CORES}" for n, h in names.items()]
    text = CONFIG.format(head=hosts[0].name, address=hosts[0].address, nodes="\n".join(nodes))
    config = folder / "slurm.conf"
    config.write_text(text)
    # version 2 has to be mounted, which it is not in a network namespace; no job uses either
    (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
    secret = os.urandom(1024)
    for host in hosts:
        (host.home / "munge.key").write_bytes(secret)
        (host.home / "munge.key").chmod(0o400)
        run_on(host, key, MUNGED)
    run_on(hosts[0], key, f"export SLURM_CONF={config}; mkdir -p /root/slurmctld; slurmctld")
    start_slurmd(hosts, key, config)
    wait_for_nodes(hosts, key, config)
    return config


def start_slurmd(hosts: list[Host], key: Path, config: Path) -> None:
    """Have the hosts take jobs, at first and after they were lost."""
    for host in hosts:
        run_on(host, key, f"export SLURM_CONF={config}; mkdir -p /root/slurmd; slurmd")


def run_on(host: Host, key: Path, command: str, seconds: float = 120) -> str:
    """Run a command on a host, as a person who has logged in; return its output."""
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    done = subprocess.run(
        ["ssh", "-q", "-i", str(key), *options, f"root@{host.address}", command],
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def wait_for_nodes(hosts: list[Host], key: Path, config: Path, seconds: float = 120) -> None:
    """Wait until Slurm gives jobs to all nodes."""
    ask = f"SLURM_CONF={config} sinfo --noheader --Node --format=%T"
    end = time.monotonic() + seconds
    states: list[str] = []
    while states != ["idle"] * len(hosts):
        logs = {host.name: (host.home / "slurmd.log").read_text()[-2000:] for host in hosts}
        assert time.monotonic() < end, f"{states}\n{logs}"
        time.sleep(1)
        states = run_on(hosts[0], key, ask).split()
