"""Dotted names: a user's model, data set, criterion and rules in a study, and what is refused."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nvp.__main__ import main as nvp_command
from nvp.config.dotted_names import is_dotted
from nvp.config.space import grid
from nvp.config.user_modules import find_modules, find_versions
from nvp.running.node_check import find_fault, mark_storage
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.storage.study_folder import open_study
from nvp.study.study import Study
from nvp.trial.source_code.code_hash import hash_code, hash_named_code
from tests.conftest import run_study
from tests.in_process import run_main
from tests.study.own_parts import load_beside, write_own_parts

MODULE, OUTSIDE = "own_parts_of_a_user", "outside_parts_of_a_user"
FLAGS = ("--preset", "quick", "--no-ray")


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_own_parts(tmp_path_factory.mktemp("user"), MODULE)


@pytest.fixture
def study(script: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """The user's study, from the folder in which the user stands."""
    return load_beside(script, monkeypatch)


def rows_of(place: Path) -> dict[str, dict[str, Any]]:
    return read_index(open_study(str(place), "mine", "quick")).rows


@pytest.mark.parametrize(
    ("name", "dotted"),
    [
        ("mylab.nets:wide", True),
        ("mylab:Nets.wide", True),
        ("folder:flowers", False),
        ("resnet18", False),
        ("my lab:wide", False),
        ("mylab.nets:", False),
        ("mylab.nets.wide", False),
    ],
)
def test_a_dotted_name_has_a_module_and_an_attribute(name: str, dotted: bool) -> None:
    assert is_dotted(name) is dotted


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the storage of the real command, started in another folder than the script's."""
    place = tmp_path_factory.mktemp("tables")
    script = write_own_parts(tmp_path_factory.mktemp("beside"), OUTSIDE)
    command = [sys.executable, str(script), *FLAGS, "--keep-checkpoints", "--storage", str(place)]
    ended = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    return place


def test_a_study_of_own_parts_runs_from_a_folder_outside(outside: Path) -> None:
    rows = rows_of(outside)
    assert len(rows) == 4
    swept = [json.loads(row["config"]) for row in rows.values()]
    assert sorted({config["model.extra.depth"] for config in swept}) == [1, 2]
    assert {config["model.name"] for config in swept} == {f"{OUTSIDE}:wide"}
    assert {row["neurons"] for row in rows.values()} == {8, 16}
    assert {row["sparsity"] for row in rows.values()} == {0.0, 0.5}


def test_a_checkpoint_is_exported_and_ranked_from_another_folder(
    outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """study.json says where the script stood; its module was never imported in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    asked = ["mine", "--trial", min(rows_of(outside)), "--storage", str(outside)]
    assert nvp_command(["export", *asked, "--out", "net"]) == 0, capsys.readouterr().err
    assert Path("net/network.safetensors").exists()
    assert nvp_command(["overlap", *asked, "--criteria", "apoz", "fire_rate"]) == 0
    assert "fire_rate" in capsys.readouterr().out


def test_every_kind_of_name_is_looked_up(study: Study, tmp_path: Path) -> None:
    base = study.quick.base.with_overrides(
        {
            "prune.method": f"{MODULE}:QUIET",
            "prune.criterion": f"{MODULE}:from_config",
            "model.activation": "torch.nn:Softplus",
            "optim.name": "torch.optim:RAdam",
            "optim.lr": 0.01,
            "optim.schedule": f"{MODULE}:cooling",
            "optim.extra.power": 2,
            "optim.noise": 0.01,
            "optim.noise_kind": f"{MODULE}:shake",
        }
    )
    whole = replace(study, quick=replace(study.quick, base=base, space={}))
    ended = run_main(whole, tmp_path, *FLAGS)
    assert ended.returncode == 0, ended.stderr
    (row,) = rows_of(tmp_path).values()
    assert (row["status"], row["sparsity"]) == ("done", 0.5)


def test_a_foreign_network_is_adopted_pruned_and_shrunk(study: Study, tmp_path: Path) -> None:
    changes = {"model.name": f"{MODULE}:plain", "prune.criterion": "", "prune.shrink": "always"}
    base = study.quick.base.with_overrides(changes)
    space = {"prune.method": grid("magnitude"), "model.extra.hidden": grid(8, 10)}
    ended = run_main(
        replace(study, quick=replace(study.quick, base=base, space=space)), tmp_path, *FLAGS
    )
    assert ended.returncode == 0, ended.stderr
    rows = rows_of(tmp_path).values()
    assert sorted(row["neurons"] for row in rows) == [8 + 6, 10 + 6]
    assert all(row["sparsity"] == 0.5 and row["status"] == "done" for row in rows)
    assert all(row["parameters_left"] < row["parameters"] for row in rows)


@pytest.mark.minutes
def test_the_first_study_runs_on_a_network_of_torchvision(tmp_path: Path) -> None:
    settings = [
        "model.name=torchvision.models:resnet18",
        "epochs=2",
        "data.images=64",
        "optim.lr=0.1",
    ]
    settings += ["data.batch_size=32", "probe.size=32", "optim.noise=1"]
    flags = [word for setting in settings for word in ("--set", setting)]
    ended = run_study(tmp_path, *FLAGS, "--seeds", "1", *flags)
    assert ended.returncode == 0, ended.stderr
    rows = read_index(open_study(str(tmp_path), "sgd_noise", "quick")).rows.values()
    assert {row["status"] for row in rows} == {"done"}
    assert {row["neurons"] for row in rows} == {3904}


def test_what_a_module_imports_beside_it_joins_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "user_net.py").write_text("import json\n\nfrom user_width import WIDTH\n")
    beside = tmp_path / "user_width.py"

    def hash_with(text: str) -> str:
        beside.write_text(text)
        hash_code.cache_clear()
        hash_named_code.cache_clear()
        return hash_named_code(("user_net:WIDTH",))

    assert hash_with("WIDTH = 1\n") == hash_with("WIDTH = 1  # of a layer\n")
    assert hash_with("WIDTH = 1\n") != hash_with("WIDTH = 2\n")
    assert set(find_modules(["user_net:WIDTH"])) == {"user_net", "user_width"}
    assert set(find_versions(["torchvision.models:resnet18"])) == {"torchvision"}
    check = replace(
        mark_storage(Storage.at(str(tmp_path)), (), "cpu", ("user_net:WIDTH",)),
    )
    assert find_fault(check) == ""
    beside.write_text("WIDTH = 3\n")
    assert "expected the driver's module user_width, got another file" in find_fault(check)
    gone = replace(check, names=("user_nets:WIDTH",))
    assert "there is no module 'user_nets'" in find_fault(gone)
    assert "bring the user's modules to every node" in find_fault(gone)


@pytest.mark.minutes
def test_editing_a_module_of_the_user_makes_other_code(tmp_path: Path) -> None:
    """The real command, since a process keeps the modules that it has imported."""
    script = write_own_parts(tmp_path / "user", "edited_parts_of_a_user")
    module = script.parent / "edited_parts_of_a_user.py"
    flags = [*FLAGS, "--set", "prune.method=none", "--set", "model.extra.depth=1"]
    first = run_study(tmp_path, *flags, script=script)
    assert first.returncode == 0, first.stderr
    module.write_text("# a comment\n" + module.read_text())
    assert "other code" not in run_study(tmp_path, *flags, "--dry-run", script=script).stdout
    module.write_text(module.read_text() + "\n\nLATER = 1\n")
    assert "1 by other code" in run_study(tmp_path, *flags, "--dry-run", script=script).stdout


REFUSED = [
    ("model.name={m}:wde", "no 'wde' (did you mean 'wide'?)"),
    ("model.name={m}s:wide", "no module '{m}s'", "(did you mean '{m}'?)"),
    ("model.name={m}:NUMBER", "which is a int"),
    ("model.name={m}:no_network", "to return a torch.nn.Module, got a list"),
    ("model.name={m}:fails", "RuntimeError: out of luck", "{m}.py, line "),
    ("model.name={m}:seven_logits", "2 logits for each of 2 images, got (2, 7)"),
    ("model.name={m}:grouped", "1 is a convolution of 2 groups", "torch's own modules is adopted"),
    ("model.name={m}:twice", "1 is a NeuronLayer that a forward pass calls 2 times"),
    ("model.name={m}:tokens", "a network of text is adopted, observed and monitored in a loop"),
    ("model.name={m}:plain model.width=2", "model.width: no trial of this plan reads it"),
    ("model.name=os:system", "got 'os' of 'os:system', which is Python's own"),
    (
        "model.name=convnett",
        "or package.module:attribute; got 'convnett' (did you mean 'convnet'?)",
    ),
    ("model.name=mlp model.activation=torch.nn:Softmax", "mixes neurons"),
    ("model.extra.dpth=3", "one of depth, bias; got 'dpth' (did you mean 'depth'?)"),
    ("model.extra.depth=deep", "model.extra.depth: expected int, got 'deep'"),
    ("model.extra.bias=3", "model.extra.bias: expected true or false, got '3'"),
    ("data.name={m}:NUMBER", "an nvp.DataSet or a function that returns one"),
    ("prune.criterion={m}:one_score", "a score for each neuron, shape (8,)", "got shape ()"),
    ("prune.schedule={m}:too_high", "a sparsity >= 0 and < 1", "got 1.5"),
    ("prune.schedule={m}:loud", "a function of (config, moment), got '{m}:loud'"),
    ("prune.method={m}:NUMBER", "expected an nvp.Method"),
    ("optim.name=torch.optim:LBFGS", "makes a step without a closure"),
    ("optim.name={m}:NUMBER", "expected an optimizer"),
    ("data.extra.size=four", "data.extra.size: expected int, got 'four'"),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[0].format(m="own"))
def test_what_does_not_fit_is_refused_in_one_line(
    study: Study, tmp_path: Path, case: tuple[str, ...]
) -> None:
    settings, *said = (text.replace("{m}", MODULE) for text in case)
    flags = [word for setting in settings.split() for word in ("--set", setting)]
    small = replace(study.quick, space={"prune.method": grid("none", "magnitude")})
    ended = run_main(replace(study, quick=small), tmp_path, *FLAGS, "--dry-run", *flags)
    assert ended.returncode == 2
    (line,) = ended.stderr.strip().splitlines()
    for part in said:
        assert part in line, line


def test_a_setting_that_no_function_reads_is_refused(study: Study, tmp_path: Path) -> None:
    flags = ("--dry-run", "--set", "model.name=mlp", "--set", "model.extra.depth=3")
    ended = run_main(study, tmp_path, *FLAGS, *flags)
    assert ended.returncode == 2
    assert "model.extra.depth: no trial of this plan reads it" in ended.stderr
    assert "model.name=package.module:attribute" in ended.stderr


def test_the_text_of_a_flag_and_a_number_name_one_trial(study: Study, tmp_path: Path) -> None:
    for flags in ((), ("--set", "model.extra.depth=2"), ("--set", "model.extra.depth=2.0")):
        ended = run_main(study, tmp_path, *FLAGS, *flags)
        assert ended.returncode == 0, ended.stderr
    assert len(rows_of(tmp_path)) == 4, "a trial got a second name"


def test_the_analysis_imports_nothing_of_the_user(study: Study, tmp_path: Path) -> None:
    """The keys of a study's own settings are its swept keys, without the module being there."""
    assert run_main(study, tmp_path, *FLAGS).returncode == 0
    show = (
        "import nvp, sys; f = nvp.load(sys.argv[1], 'mine'); print(f.swept); "
        "print(sorted(set(f.trials['model.extra.depth']))); print(set(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", show, str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, env=os.environ, check=True,
    )  # fmt: skip
    swept, levels, modules = ended.stdout.strip().splitlines()
    assert swept == "['model.extra.depth', 'prune.method', 'seed']"
    assert levels == "[1, 2]"
    assert MODULE not in modules
