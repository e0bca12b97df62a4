"""A cluster's YAML is checked by Ray, by us, and against the nodes there are; one line says why."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from nvp.running.cluster_yaml import (
    Promise,
    check_node_configs,
    list_absent,
    read_promise,
    read_yaml,
)
from nvp.study.doctor import check_schema, main
from tests.conftest import ROOT

FILES = ["cluster.yaml", "cluster-ssh.yaml"]
MINE = {
    "YOUR-AMI": "ami-0123",
    "YOUR-PROFILE": "nvp",
    "YOUR-BUCKET": "bucket",
    "YOUR-HEAD": "10.0.0.10",
    "YOUR-WORKER-1": "10.0.0.11",
    "YOUR-WORKER-2": "10.0.0.12",
    "YOUR-USER": "someone",
}


def edited(tmp_path: Path, name: str = "cluster.yaml", before: str = "", after: str = "") -> str:
    """Return a file of ours, its placeholders filled in and one more thing replaced."""
    text = (ROOT / name).read_text()
    assert before in text
    for word, value in {**MINE, **({before: after} if before else {})}.items():
        text = text.replace(word, value)
    path = tmp_path / name
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", FILES)
def test_our_files_are_right_once_filled_in(tmp_path: Path, name: str, capsys) -> None:
    assert main([edited(tmp_path, name)]) == 0
    assert capsys.readouterr().err == ""
    assert main([str(ROOT / name)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "expected your own values in the place of YOUR-" in line


REFUSALS = {
    "InstanceType: g6.xlarge": ("InstanceTyp: g6.xlarge", "'InstanceTyp' (did you mean 'Instance"),
    "g6.xlarge": ("g6.xlrge", "'g6.xlrge' (did you mean 'g6.xlarge'?)"),
    "MarketType": ("MarketTyp", "'MarketTyp' (did you mean 'MarketType'?)"),
    "VolumeSize": ("VolumeSiz", "BlockDeviceMappings.Ebs: expected what EC2's RunInstances takes"),
    "\nmax_workers": ("\nmax_workerz", "'max_workerz' was unexpected) (did you mean 'max_workers'"),
    "head_node_type: head": ("head_node_type: hed", "`head_node_type` must be one of"),
    "max_workers: 4  #": ("max_workers: four  #", "max_workers: 'four' is not of type 'integer'"),
    "type: aws": ("type: awz", "Unsupported node provider: awz"),
    "provider:\n": ("provider: [\n", "line 11, column 9: expected YAML, got: expected ',' or ']'"),
    "provider:": ("providers:", "expected a mapping with a provider"),
    "{MarketType: spot}": ("spot", "InstanceMarketOptions: expected what EC2's RunInstances takes"),
}


@pytest.mark.parametrize("before", REFUSALS)
def test_what_is_wrong_is_named_in_one_line(tmp_path: Path, before: str, capsys) -> None:
    after, reason = REFUSALS[before]
    assert main([edited(tmp_path, "cluster.yaml", before, after)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert reason in line


def test_no_file_and_no_workers_are_refused(tmp_path: Path, capsys) -> None:
    assert main([str(tmp_path / "no.yaml")]) == 2
    assert main([edited(tmp_path, "cluster-ssh.yaml", "worker_ips", "worker_ipz")]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert "no.yaml: expected a cluster's YAML, got No such file" in first
    assert "Please supply a `head_ip` and list of `worker_ips`" in second


def test_what_ray_resolves_itself_is_allowed() -> None:
    def config(**node_config: object) -> dict:
        kinds = {"gpu": {"node_config": node_config}}
        return {"provider": {"type": "aws"}, "available_node_types": kinds}

    check_node_configs(config(SubnetIds=["subnet-1"], InstanceType="m6i.large"))
    with pytest.raises(ValueError, match="did you mean 'SubnetId'"):
        check_node_configs(config(SubnetIdz=["subnet-1"]))


@pytest.mark.parametrize("name", FILES)
def test_our_files_keep_their_promises(name: str) -> None:
    text = (ROOT / name).read_text()
    config = yaml.safe_load(text)
    assert {".venv", "results", ".git"} <= set(config["rsync_exclude"])
    synced = [ROOT / place for place in config["file_mounts"].values() if place[0] != "~"]
    assert all(place.exists() for place in synced)
    assert ROOT not in synced, "Ray would read the .venv to hash it"
    assert "~/.ray/auth_token" in config["file_mounts"]
    assert "export RAY_AUTH_MODE=token" in text
    assert "export NVP_STORAGE=s3://" in text
    starts = [*config["head_start_ray_commands"], *config["worker_start_ray_commands"]]
    limits = [line for line in starts if "ulimit" in line]
    assert len(limits) == 2
    assert all("ulimit -n 65535; " in line for line in limits)
    (head,) = (line for line in starts if "--head" in line)
    assert "--dashboard-host=127.0.0.1" in head
    assert "--num-cpus=0" in head


def test_workers_on_aws_are_spot_and_the_head_is_not() -> None:
    kinds = yaml.safe_load((ROOT / "cluster.yaml").read_text())["available_node_types"]
    assert kinds["gpu"]["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert "InstanceMarketOptions" not in kinds["head"]["node_config"]
    assert kinds["head"]["resources"] == {"CPU": 0}


def test_a_promise_is_what_the_yaml_says(tmp_path: Path) -> None:
    path = edited(tmp_path, "cluster-ssh.yaml")
    promise = read_promise(check_schema(read_yaml(path), path))
    hosts = frozenset({"10.0.0.10", "10.0.0.11", "10.0.0.12"})
    assert promise == Promise(hosts, workers=2, most=2)
    path = edited(tmp_path, "cluster.yaml", "min_workers: 0", "min_workers: 3")
    assert read_promise(check_schema(read_yaml(path), path)) == Promise(frozenset(), 3, 4)


def test_absent_nodes_are_named_or_counted() -> None:
    named = Promise(frozenset({"a", "b", "c"}), workers=2, most=2)
    assert list_absent(named, ["a", "b", "c"]) == []
    assert list_absent(named, ["a", "c"]) == ["b is not there"]
    counted = Promise(frozenset(), workers=2, most=4)
    assert list_absent(counted, ["a", "b", "c"]) == []
    assert list_absent(counted, ["a", "b"]) == ["expected at least 2 workers, got 1"]
    assert list_absent(Promise(frozenset(), 0, 4), ["a"]) == []


@pytest.mark.parametrize("name", FILES)
def test_the_setup_makes_the_folder_of_the_data_before_it_fetches_any(
    name: str, tmp_path: Path
) -> None:
    steps = yaml.safe_load((ROOT / name).read_text())["setup_commands"]
    (settings,) = [step for step in steps if step.startswith("cat > ~/.nvp-env")]
    fetch = steps[-1].replace("cifar10", "digits")  # which nothing has to be downloaded for
    own = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", f"{settings}\n{fetch}"], env=own, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert f"training images in {tmp_path / 'data'}" in done.stdout
