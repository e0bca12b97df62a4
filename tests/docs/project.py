"""A folder like the project's in which the commands of the docs run as they stand, in seconds.

Commands run in this process, since a new one takes seconds to import torch. Studies run without
Ray, and their designs are cut down: few levels of each axis, two epochs of few images, few seeds.
"""

import runpy
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

import nvp
from nvp import Design, Study
from nvp.__main__ import main as nvp_command
from nvp.config.space import Grid
from tests.conftest import ROOT

LINKED = ("analysis", "cluster.yaml", "cluster-ssh.yaml")
TRIAL = "0a1b2c3d4e5f"  # what the docs write for the name of a trial
STUDY = "python studies/sgd_noise.py --keep-checkpoints"
SMALL = {
    "epochs": 2,
    "steps": 0,
    "data.images": 96,
    "data.batch_size": 48,
    "model.width": 0.25,
    "probe.size": 96,
    "prune.patience": 1,
    "prune.tau": 0.3,  # so lenient that something is pruned at once
}
FEW_TASKS = {"data.tasks": 3}
LEVELS = 2
FEWER = {"optim.lr": 1}
FEWER_IMAGES = {"[:384]": "[:64]", "[:128]": "[:32]", "[1500:]": "[1780:]"}
FLAGS = {"--num-trials": "2", "--seeds": "3"}  # of what a page asks for, the value that is run


def cut(design: Design) -> Design:
    """Return a design of few and short trials; ranges of a search stay as they are."""
    space = {
        path: replace(axis, values=axis.values[: FEWER.get(path, LEVELS)])
        if isinstance(axis, Grid) and path != "prune.method"
        else axis
        for path, axis in design.space.items()
    }
    has_tasks = design.base.data.task != "none"
    return replace(
        design,
        base=design.base.with_overrides(SMALL | (FEW_TASKS if has_tasks else {})),
        space=space,
        seeds=2,
        gpus_per_trial=0,
        parent=design.parent and {"epochs": 1},
    )


def run_cut_down(study: Study, argv: Sequence[str] | None = None) -> NoReturn:
    """Do what `nvp.main` does, with both presets cut down and without Ray."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for flag in FLAGS.keys() & set(arguments):
        arguments[arguments.index(flag) + 1] = FLAGS[flag]
    small = cut(study.quick)
    ORIGINAL(replace(study, quick=small, paper=small), [*arguments, "--no-ray"])


ORIGINAL = nvp.main


def cut_file(text: str) -> str:
    """Return a file of a page with fewer images: a user's own loop cannot be cut as a design."""
    for whole, part in FEWER_IMAGES.items():
        text = text.replace(whole, part)
    return text


def make_project(folder: Path) -> None:
    """Link what commands read into a folder; its studies are copied, since pages add some."""
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    (folder / "studies").mkdir()
    for path in (ROOT / "studies").glob("*.py"):
        (folder / "studies" / path.name).symlink_to(path)


def run_line(line: str, trial: str, patch: pytest.MonkeyPatch) -> None:
    """Run one command of a page in the current folder; a code other than 0 fails the test."""
    words = shlex.split(line.replace(TRIAL, trial), comments=True)
    if not words:
        return
    if words[:1] == ["make"]:  # what it would do: its commands take minutes
        assert subprocess.run([*words, "--dry-run"], cwd=ROOT, capture_output=True).returncode == 0
        return
    code = run_study_script(words[1:], patch) if words[0] == "python" else run_verb(words)
    assert code == 0, line


def run_verb(words: list[str]) -> Any:
    """Run `nvp VERB ...`; return its exit code."""
    assert words[0] == "nvp", f"{words[0]}: say above the block why it is not run"
    return nvp_command(words[1:])


def run_study_script(words: list[str], patch: pytest.MonkeyPatch) -> Any:
    """Run a script with its arguments as `python` does; return its exit code."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with patch.context() as within:
        within.setattr(nvp, "main", run_cut_down, raising=False)
        within.setattr(sys, "argv", words)
        try:
            names = runpy.run_path(words[0], run_name="__main__")
        except SystemExit as ended:
            return ended.code
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    return "the script did not call main" if "STUDY" in names else 0
