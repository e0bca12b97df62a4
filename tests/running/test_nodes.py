"""Which deaths are preemptions and which nodes are avoided: hand-made cases."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from nvp.running import node_check as node
from nvp.running import provenance
from nvp.running.node_check import find_fault, mark_storage
from nvp.running.ray import deaths
from nvp.running.ray.connection import Resources, require_place
from nvp.running.ray.deaths import Deaths
from nvp.running.ray.fit_nodes import Nodes
from nvp.running.ray.slots import count_slots, limit_to, request_bundle
from nvp.storage.incidents import Incidents, read_incidents
from nvp.storage.store import Storage


def machine(name: str, *, alive: bool = True, cpus: int = 4, gpus: int = 1) -> dict[str, Any]:
    return {"NodeID": name, "Alive": alive, "Resources": {"CPU": float(cpus), "GPU": float(gpus)}}


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return the cluster that Ray is made to show; the driver is on `head`."""
    shown = [machine("head", cpus=0, gpus=0), machine("a"), machine("b")]
    monkeypatch.setattr(ray, "nodes", lambda: shown)
    context = SimpleNamespace(get_node_id=lambda: "head")
    monkeypatch.setattr(ray, "get_runtime_context", lambda: context)
    return shown


@pytest.fixture
def incidents(tmp_path: Path) -> Incidents:
    return Incidents(Storage.at(str(tmp_path)))


def test_a_death_is_in_doubt_until_its_node_is_declared_dead(machines, incidents) -> None:
    seen = Deaths(incidents)
    seen.add("t", "b")
    assert not seen.died["t"]
    assert not seen.preempted["t"]
    machines[2]["Alive"] = False
    seen.count_settled()
    assert (seen.died["t"], seen.preempted["t"], seen.doubts) == (0, 1, [])
    assert [row["kind"] for row in incidents.found] == ["preempted"]


def test_a_death_on_a_node_that_stays_is_a_failure(machines, incidents, monkeypatch) -> None:
    seen = Deaths(incidents)
    seen.add("t", "a")
    assert seen.doubts
    monkeypatch.setattr(deaths, "DOUBT_SECONDS", 0.0)
    seen.wait_for_all()
    assert (seen.died["t"], seen.preempted["t"]) == (1, 0)
    seen.add("t", "head")  # the driver's own node is there as long as the driver is
    assert seen.died["t"] == 2


def test_a_death_at_a_place_unknown_is_a_preemption_when_any_node_went(machines, incidents) -> None:
    seen = Deaths(incidents)
    seen.add("t", "")
    assert seen.doubts
    machines[1]["Alive"] = False
    seen.count_settled()
    assert (seen.died["t"], seen.preempted["t"]) == (0, 1)
    del machines[1:]
    seen.add("t", "")  # the driver's machine alone: a private Ray
    assert (seen.died["t"], seen.doubts) == (1, [])


def test_each_kind_of_death_has_its_budget(machines, incidents) -> None:
    seen = Deaths(incidents)
    for count in range(1, 4):
        assert not seen.is_last_chance("t")
        seen.add("t", "head")
        assert seen.died["t"] == count
    assert seen.is_last_chance("t")
    assert seen.reason_to_give_up("t") == ""
    seen.add("t", "head")
    assert seen.reason_to_give_up("t") == "the trial's process died 4 times"
    for _ in range(20):
        seen.add("u", "long gone")
    assert seen.reason_to_give_up("u") == ""
    seen.add("u", "long gone")
    assert seen.reason_to_give_up("u") == "the trial's node went away 21 times"
    for _ in range(4):
        seen.add("v", "head", "OSError: no room")
    assert seen.reason_to_give_up("v").endswith("died 4 times (at last: OSError: no room)")


def test_what_the_driver_or_ray_ended_is_no_death_of_the_trials_own(machines, incidents) -> None:
    seen = Deaths(incidents)
    for _ in range(2):
        assert not seen.is_last_chance("quiet")
        seen.add_silent("quiet")
    assert seen.is_last_chance("quiet")
    assert seen.reason_to_give_up("quiet") == ""
    seen.add_silent("quiet")
    assert "no sign of life, 3 times: the driver ended" in seen.reason_to_give_up("quiet")
    for _ in range(10):
        seen.add_memory("large", "head", " (15GB of 16GB used)")
    assert not seen.is_last_chance("large")
    assert seen.reason_to_give_up("large") == ""
    seen.add_memory("large", "head", "")
    assert "11 times: memory was short" in seen.reason_to_give_up("large")
    assert not seen.died
    assert {row["kind"] for row in incidents.found} == {"memory"}


def test_doubts_count_as_failures_for_the_last_chance_only(machines, incidents) -> None:
    seen = Deaths(incidents)
    for _ in range(3):
        seen.add("t", "b")
    assert seen.is_last_chance("t")
    machines[2]["Alive"] = False
    seen.count_settled()
    assert not seen.is_last_chance("t")


def test_a_node_is_avoided_after_three_failures_that_no_other_node_has(machines, incidents) -> None:
    nodes = Nodes(incidents)
    assert nodes.note_failure("b", "w") == []
    assert [nodes.note_failure("a", name) for name in "xyz"] == [
        [],
        [],
        [],
    ]  # nothing worked anywhere
    assert nodes.note_success("b") == ["x", "y", "z"]
    assert list(nodes.bad) == ["a"]
    assert nodes.changed
    assert nodes.selector() == {"ray.io/node-id": "!in(a)"}


def test_a_node_is_avoided_before_it_has_gone_through_a_grid(machines, incidents) -> None:
    """Trials that fail at once were all gone when the first one ended well on the other node."""
    nodes = Nodes(incidents)
    assert [nodes.note_failure("a", name) for name in "xyz"] == [[], [], ["x", "y", "z"]]
    assert "run elsewhere first" in nodes.bad["a"]
    assert nodes.note_failure("a", "u") == ["u"], "it was under way"
    assert nodes.note_failure("b", "x") == []
    assert not nodes.bad, "they fail elsewhere, too"
    assert nodes.note_failure("b", "y") == nodes.note_failure("b", "u") == []


def test_the_only_node_is_never_avoided(machines, incidents) -> None:
    del machines[2]
    nodes = Nodes(incidents)
    assert [nodes.note_failure("a", name) for name in "wxyz"] == [[]] * 4


def test_a_node_on_which_a_trial_ends_well_starts_afresh(machines, incidents) -> None:
    nodes = Nodes(incidents)
    nodes.note_success("b")
    nodes.note_failure("a", "x")
    nodes.note_failure("a", "y")
    nodes.note_success("a")
    assert nodes.note_failure("a", "z") == []
    assert not nodes.bad
    assert nodes.selector() == {}


def test_a_node_is_cleared_when_its_trials_fail_elsewhere_too(machines, incidents) -> None:
    nodes = Nodes(incidents)
    nodes.note_success("b")
    nodes.note_failure("a", "x")
    nodes.note_failure("a", "y")
    assert nodes.note_failure("a", "z") == ["x", "y", "z"]
    nodes.changed = False
    assert nodes.note_failure("b", "x") == []
    assert not nodes.bad
    assert nodes.changed
    assert [nodes.note_failure("a", name) for name in "uvw"] == [[], [], []]  # never again


def test_slots_and_requests_leave_avoided_nodes_out(machines, incidents) -> None:
    nodes, quarter = (
        Nodes(incidents),
        Resources(address="auto", gpus_per_trial=0.25, max_concurrent=None),
    )
    assert count_slots(quarter, nodes) == 8
    assert request_bundle(quarter, nodes)._bound.kwargs == {}
    assert nodes.avoid("a", "unfit", "no data")
    assert not nodes.avoid("a", "unfit", "no data")
    assert count_slots(quarter, nodes) == 4
    selector = [{"ray.io/node-id": "!in(a)"}]
    assert request_bundle(quarter, nodes)._bound.kwargs == {"bundle_label_selector": selector}
    nodes.require_one(0.25)
    nodes.avoid("b", "unfit", "no GPU")
    with pytest.raises(ValueError, match=r"(?s)got none.*node a: no data.*node b: no GPU"):
        nodes.require_one(0.25)
    machines[1]["Alive"] = machines[2]["Alive"] = False
    nodes.require_one(0.25)  # none is there: the cluster may start one


def test_a_private_ray_without_a_gpu_is_refused_and_a_cluster_may_get_one(machines) -> None:
    machines[1:] = [machine("a", gpus=0)]
    with pytest.raises(ValueError, match="expected a CPU core and 1/2 of a GPU for a trial, which"):
        require_place(Resources(address=None, gpus_per_trial=0.5, max_concurrent=None))
    require_place(Resources(address=None, gpus_per_trial=0.0, max_concurrent=None))
    require_place(Resources(address="auto", gpus_per_trial=0.5, max_concurrent=None))


@pytest.mark.parametrize(
    ("most", "at_a_time", "cores"), [(None, 8, 1), (4, 4, 2), (3, 3, 2), (2, 2, 4), (1, 1, 4)]
)
def test_fewer_trials_at_a_time_are_spread_over_the_nodes(
    machines, incidents, most: int | None, at_a_time: int, cores: int
) -> None:
    nodes, whole = Nodes(incidents), Resources(None, gpus_per_trial=0.0, max_concurrent=None)
    limited = limit_to(most, whole, nodes)
    assert limited.cpus_per_trial == cores
    assert min(count_slots(limited, nodes), limited.max_concurrent or 99) == at_a_time
    few = limit_to(most, replace(whole, max_concurrent=2), nodes)
    assert few.max_concurrent == min(2, most or 2)


def test_incidents_are_read_back(incidents: Incidents) -> None:
    assert read_incidents(incidents.storage).num_rows == 0
    incidents.add("died", "its process died", trial_id="t", node="0123456789abcdef")
    incidents.add("unfit", "no data", node="b")
    other = Incidents(incidents.storage, name="later")
    other.add("silent", "hangs", trial_id="u")
    found = read_incidents(incidents.storage).to_pylist()
    assert [row["kind"] for row in found] == ["died", "unfit", "silent"]
    assert [row["trial_id"] for row in found] == ["t", None, "u"]
    assert [row["node"] for row in found] == ["0123456789ab", "b", None]


def test_a_fit_node_is_fit_and_what_is_missing_is_named(tmp_path: Path, monkeypatch) -> None:
    storage = Storage.at(str(tmp_path / "here"))
    check = mark_storage(storage, ("digits",), "cpu")
    assert find_fault(check) == ""
    assert storage.files() == {}
    elsewhere = node.NodeCheck(**(vars(check) | {"place": str(tmp_path / "there")}))
    assert "storage: expected the driver's folder" in find_fault(elsewhere)
    older = node.NodeCheck(**(vars(check) | {"versions": check.versions | {"torch": "1.0"}}))
    assert find_fault(older).startswith("versions: expected torch 1.0 as on the driver, got ")
    assert "sync the project" in find_fault(node.NodeCheck(**(vars(check) | {"code": "other"})))
    nowhere = {"data_names": ("mnist",), "data_root": str(tmp_path)}
    missing = node.NodeCheck(**(vars(check) | nowhere))
    assert str(tmp_path) in find_fault(missing)
    declared = node.NodeCheck(**(vars(check) | {"device": "cuda"}))
    monkeypatch.setattr(node.torch.cuda, "is_available", lambda: False)
    assert find_fault(declared).startswith("gpu: expected the GPU that the node declares")


def test_the_checksum_of_the_code_covers_every_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = {path.relative_to(provenance.NVP).parts[0] for path in provenance.NVP.rglob("*.py")}
    assert {"config", "training", "pruning", "running", "__init__.py"} <= hashed
    monkeypatch.setattr(provenance, "NVP", tmp_path)
    seen = set()
    for text in ("a = 1", "a = 2"):
        (tmp_path / "package").mkdir(exist_ok=True)
        (tmp_path / "package" / "module.py").write_text(text)
        seen.add(provenance.code_hash.__wrapped__())
    assert len(seen) == 2


def test_a_package_that_is_not_installed_ends_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray is not needed under --no-ray; nvp may run from its repository."""
    monkeypatch.setattr(provenance, "PACKAGES", ("torch", "no-such-package"))
    found = provenance.read_versions()
    assert found["no-such-package"] == "none"
    assert found["torch"][0].isdigit()
