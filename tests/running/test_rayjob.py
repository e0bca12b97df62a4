"""rayjob.yaml: it can be read, its parts agree, and what it names is there."""

import shlex
from typing import Any

import yaml

from nvp.running.cluster_yaml import PLACEHOLDER
from tests.conftest import ROOT

PAGE = (ROOT / "docs/kubernetes.md").read_text()
TEXT = (ROOT / "rayjob.yaml").read_text()
JOB: dict[str, Any] = yaml.safe_load(TEXT)["spec"]
CLUSTER = JOB["rayClusterSpec"]


def containers() -> list[dict[str, Any]]:
    groups = [CLUSTER["headGroupSpec"], *CLUSTER["workerGroupSpecs"]]
    return [only for group in groups for only in group["template"]["spec"]["containers"]]


def test_head_and_workers_see_the_same_code_storage_and_data() -> None:
    head, worker = containers()
    for key in ("image", "workingDir", "env", "envFrom"):
        assert head[key] == worker[key], key
    assert {entry["name"] for entry in head["env"]} == {"NVP_STORAGE", "NVP_DATA"}
    assert f"rayproject/ray:{CLUSTER['rayVersion']}-" in PAGE


def test_only_workers_have_gpus_and_trials() -> None:
    head, worker = containers()
    assert CLUSTER["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    assert "nvidia.com/gpu" not in head["resources"]["limits"]
    assert worker["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_the_study_is_there_and_needs_no_address() -> None:
    python, script, *flags = shlex.split(JOB["entrypoint"])
    assert python == "python"
    assert (ROOT / script).exists()
    assert "--address" not in flags


def test_what_is_to_be_replaced_is_explained() -> None:
    assert set(PLACEHOLDER.findall(TEXT)) == {"YOUR-IMAGE", "YOUR-BUCKET", "YOUR-SECRET"}
    assert "untried" in PAGE or "Nothing here has been\ntried" in PAGE
