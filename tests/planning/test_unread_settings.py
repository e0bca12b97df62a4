"""A setting that no trial reads is refused, and the error says what reads it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nvp.config.space import Axis, grid, log_uniform, uniform
from nvp.config.trial_config import ModelConfig, ProbeConfig, PruneConfig, TrialConfig
from nvp.planning.design import Design
from nvp.planning.plan import make_plan
from nvp.planning.search_space import check_search
from nvp.planning.unread_settings import describe_unread_base, narrow_design
from nvp.study.study import Study
from tests.in_process import run_main

BASE = TrialConfig(epochs=2, model=ModelConfig(name="mlp", width=0.1), probe=ProbeConfig(size=64))
METHODS = {"prune.method": grid("none", "dead")}


def design_of(space: Mapping[str, Axis], **flat: Any) -> Design:
    return Design(base=BASE.with_overrides(flat), space=space, seeds=1)


def with_flags(space: Mapping[str, Axis], **settings: str) -> Design:
    flags = {path.replace("__", "."): text for path, text in settings.items()}
    return narrow_design(design_of(space), flags, None)


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        (
            {"prune__alpha_conv": ".9"},
            r"^--set prune\.alpha_conv: no trial of this plan reads it; it is read with "
            r"prune\.method=nn_relief or nn_relief_rewind in a network with convolutions, got "
            r"prune\.method=none, dead$",
        ),
        ({"prune__sparsity": "0.5"}, r"prune\.method=nvp or .* others .*got .*none, dead"),
        ({"prune__batch": "64"}, r"--set prune\.batch: no trial"),
        ({"model__slope": "0.2"}, r"read with model\.activation=leaky_relu, got .*=relu"),
        ({"optim__milestones": "[0.5]"}, r"optim\.schedule=multistep, got optim\.schedule=const"),
        ({"optim__gamma": "0.5"}, r"optim\.schedule=multistep"),
        ({"optim__noise_kind": "absolute"}, r"optim\.noise > 0, got optim\.noise=0\.0"),
        ({"model__norm": "none", "optim__l1_scale": "0.1"}, r"model\.norm=batch, got .*none"),
        ({"steps": "5", "epochs": "3"}, r"--set epochs: .*steps=0, got steps=5"),
        ({"prune__method": "none", "prune__patience": "2"}, r"prune\.method=dead or dnr"),
    ],
)
def test_a_flag_that_no_trial_reads_is_refused(settings: dict[str, str], wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        make_plan(with_flags(METHODS, **settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"prune__patience": "2"},  # dead reads it, which is enough
        {"model__slope": "0.2", "model__activation": "leaky_relu"},
        {"optim__gamma": "0.5", "optim__schedule": "multistep"},
        {"optim__noise_kind": "absolute", "optim__noise": "1"},
        {"prune__scale_l1": "0.001", "prune__scale_l1_schedule": "one_cycle"},
        {"prune__method": "nvp", "prune__sparsity": "0.8"},
        {"prune__shrink": "auto"},
    ],
)
def test_a_flag_that_some_trial_reads_is_taken(settings: dict[str, str]) -> None:
    assert make_plan(with_flags(METHODS, **settings)).trials


@pytest.mark.parametrize(
    ("space", "wanted"),
    [
        (
            METHODS | {"prune.sparsity": grid(0.5, 0.9)},
            r"^prune\.sparsity: the trials with prune\.method=none, dead have this axis and do not "
            r"read it; it is read with prune\.method=nvp or .*: write when=",
        ),
        (
            {"prune.method": grid("none", "nvp"), "prune.sparsity": grid(0.5, 0.9)},
            r"the trials with prune\.method=none have this axis",
        ),
        (
            {
                "optim.lr": grid(0.1, 0.2),
                "prune.method": grid("none", "nvp"),
                "prune.sparsity": grid(0.5, 0.9, when={"optim.lr": (0.1,)}),
            },
            r"the trials with prune\.method=none have this axis",  # its condition is another one
        ),
        ({"prune.method": grid("none", "nvp"), "prune.sparsity": grid(0.9)}, r"method=none have"),
        ({"model.slope": grid(0.1, 0.2)}, r"model\.activation=relu have this axis"),
        ({"optim.gamma": grid(0.1, 0.2)}, r"optim\.schedule=constant have"),
        ({"steps": grid(0, 9), "epochs": grid(2, 3)}, r"with steps=9 have this axis"),
    ],
)
def test_an_axis_over_trials_that_do_not_read_it_is_refused(space: dict, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        make_plan(design_of(space))


def test_a_search_refuses_such_an_axis_too() -> None:
    space = {"optim.lr": log_uniform(0.01, 0.1), "prune.method": grid("none", "nvp")}
    with pytest.raises(ValueError, match=r"prune\.method=none have this axis"):
        check_search(design_of(space | {"prune.sparsity": uniform(0.1, 0.9)}))
    when = {"prune.method": ("nvp",)}
    check_search(design_of(space | {"prune.sparsity": uniform(0.1, 0.9, when=when)}))
    check_search(design_of({"optim.noise": uniform(0, 2), "optim.noise_kind": grid("relative")}))


def test_conditions_that_name_the_readers_are_taken() -> None:
    nvp = {"prune.method": ("nvp",)}
    space = METHODS | {
        "prune.method": grid("none", "nvp"),
        "prune.sparsity": grid(0.5, 0.9, when=nvp),
    }
    assert len(make_plan(design_of(space)).trials) == 3
    one = {"prune.method": grid("none", "nvp"), "optim.lr": grid(0.1, 0.2),
           "prune.sparsity": grid(0.9, when={"optim.lr": (0.1,)})}  # fmt: skip
    assert len(make_plan(design_of(one)).trials) == 4  # one value under a condition: no second name


def test_the_base_is_never_refused() -> None:
    odd = PruneConfig(alpha_conv=0.5, sparsity=0.9, rounds=9)
    base = replace(BASE, prune=odd).with_overrides({"optim.gamma": 0.5, "model.slope": 0.3})
    assert len(make_plan(Design(base=base, space=METHODS, seeds=1)).trials) == 2


def test_a_flag_that_fixes_the_method_ends_the_sweep_of_what_it_does_not_read() -> None:
    space = {"prune.method": grid("nvp", "magnitude"), "prune.sparsity": grid(0.5, 0.9)}
    assert len(make_plan(design_of(space)).trials) == 4
    narrow = with_flags(space, prune__method="dead")
    assert list(narrow.space) == []
    assert len(make_plan(narrow).trials) == 1
    fault = {"prune.method": grid("none", "dead"), "prune.sparsity": grid(0.5, 0.9)}
    with pytest.raises(ValueError, match="have this axis and do not read it"):
        make_plan(with_flags(fault, optim__lr="0.3"))


def test_a_dry_run_leaves_empty_what_a_trial_does_not_read(tmp_path: Path) -> None:
    nvp = {"prune.method": ("nvp",)}
    space = {"prune.method": grid("none", "nvp"), "prune.sparsity": grid(0.5, 0.9, when=nvp)}
    study = Study(name="s", quick=design_of(space), paper=design_of(space))
    shown = run_main(study, tmp_path, "--preset", "quick", "--dry-run")
    rows = [line.split()[2:] for line in shown.stdout.splitlines() if " missing " in line]
    assert rows == [["none", "0"], ["nvp", "0.5", "0"], ["nvp", "0.9", "0"]]
    heads = next(line for line in shown.stdout.splitlines() if line.startswith("trial_id"))
    for line in shown.stdout.splitlines():
        if " missing " in line:
            assert line.index(" 0", heads.index("sparsity")) + 1 == heads.index("seed")
    refused = run_main(study, tmp_path, "--preset", "quick", "--set", "prune.rounds=3")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --set prune.rounds: no trial of this plan reads it")
    assert refused.stderr.count("\n") == 1


def test_what_no_trial_reads_of_a_script_s_base_is_said_and_not_refused(tmp_path: Path) -> None:
    design = design_of(METHODS, **{"remedy.rho": 0.1, "prune.patience": 2, "optim.lr": 0.3})
    line = "of the base, no trial reads remedy.rho=0.1 (read with remedy.name=cbp)"
    assert describe_unread_base(design) == line, "dead reads the patience"
    ended = run_main(Study(name="small", quick=design, paper=design), tmp_path, "--dry-run")
    assert line in ended.stdout
    assert describe_unread_base(design_of(METHODS)) == ""
    narrow = narrow_design(design, {"prune.method": "none"}, None)
    assert describe_unread_base(narrow) == "", "what a flag leaves over is no fault of the script"


def test_an_initial_law_beside_weights_of_a_file_is_said() -> None:
    base = {"model.name": "resnet18_imagenet", "model.init": "kaiming"}
    base |= {"model.weights": "torchvision:IMAGENET1K_V1"}
    found = describe_unread_base(design_of(METHODS, **base))
    assert "model.init=kaiming (read with model.weights='')" in found
