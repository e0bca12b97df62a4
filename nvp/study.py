"""A study: one question, answered by many trials. `main` runs what is missing of it.

There is no resume flag: trials are named by their configuration, and running the script again
runs those that are not committed yet.
"""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from nvp.arguments import AUTO, choose_preset, parser, read_settings
from nvp.config import TrialConfig
from nvp.data import data_root, prepare_data
from nvp.fastest import Chooser
from nvp.here import catch_signals, device_for, run_here
from nvp.listing import print_plan, print_state
from nvp.lock import study_lock
from nvp.packing import propose
from nvp.plan import Design, Grid, Plan, compare, grid, make_plan, write_study
from nvp.progress import Display
from nvp.provenance import start_entry
from nvp.storage import Storage
from nvp.tables import open_study, read_index, read_object
from nvp.trial import CHECKPOINT_SECONDS

__all__ = ["Design", "Grid", "Study", "grid", "main"]

DONE, FAILED, BAD_ARGUMENTS, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, kw_only=True)
class Study:
    """One question. `paper` is the published setting on GPUs, `quick` its laptop version."""

    name: str
    paper: Design
    quick: Design


def main(study: Study, argv: Sequence[str] | None = None) -> NoReturn:
    """Run what is missing of a study, and exit.

    Exit codes: 0 all done, 1 some trials failed, 2 bad arguments, 130 interrupted.
    """
    arguments = parser(study.name).parse_args(argv)
    try:
        sys.exit(start(study, arguments))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(BAD_ARGUMENTS)


def start(study: Study, arguments: argparse.Namespace) -> int:
    """Plan, refuse what is wrong, run what is missing; return the exit code."""
    preset, why = choose_preset(arguments)
    print(f"{study.name}: preset {preset} ({why})", flush=True)
    design: Design = getattr(study, preset)
    storage = open_study(arguments.storage, study.name, preset)
    design = design.with_settings(read_settings(arguments.settings), arguments.seeds)
    plan = plan_of(design, device_of(arguments, design), storage)
    chosen = plan.only(arguments.only) if arguments.only else plan
    if arguments.dry_run:
        index = read_index(storage)
        print_plan(chosen, compare(chosen, index), index)
        return DONE
    check_writable(storage)
    with study_lock(storage):
        index = read_index(storage)
        state = compare(chosen, index)
        trials = {name: chosen.trials[name] for name in state.missing}
        for name in {config.data.name for config in trials.values()}:
            prepare_data(name, data_root())
        print_state(state)
        write_study(storage, study.name, preset, plan, start_entry())
        if trials and run(trials, storage, arguments, design):
            print("interrupted; this command continues:", continuing(), sep="\n")
            return INTERRUPTED
        return summary(chosen, storage, study, preset, arguments)


def plan_of(design: Design, device: str, storage: Storage) -> Plan:
    """Return the plan of a design; what `auto` stands for is kept, also of a dry run."""
    known = read_object(storage, "auto.json")
    chooser = Chooser(device, dict(known))
    plan = make_plan(design, chooser)
    for name, choice in chooser.used.items():
        print(f"auto, for {name}: {', '.join(choice.values())}")
    if chooser.known != known:
        check_writable(storage)
        storage.write("auto.json", json.dumps(chooser.known, indent=1).encode())
    return plan


def device_of(arguments: argparse.Namespace, design: Design) -> str:
    """Return the kind of device that trials run on."""
    gpus = gpus_of(arguments, design)
    if arguments.no_ray:
        return device_for(gpus)
    return "cuda" if gpus else "cpu"


def gpus_of(arguments: argparse.Namespace, design: Design) -> float:
    """Return the share of a GPU that each trial gets."""
    asked = arguments.gpus_per_trial
    return design.gpus_per_trial if asked is None else asked


def propose_share(trials: list[TrialConfig]) -> float:
    """Return the share of a GPU that suits the largest of `trials`, and print why."""
    largest = max(trials, key=lambda config: (config.data.batch_size, config.model.width))
    count, found = propose(largest, "cuda")
    for packed in found:
        print(
            f"{packed.count} on a GPU: {packed.rate:.1f} steps a second in all, "
            f"{packed.memory / 2**30:.1f} GiB each"
        )
    print(f"auto: {count} on a GPU (--gpus-per-trial 1/{count})", flush=True)
    return 1 / count


def check_writable(storage: Storage) -> None:
    """Raise ValueError when the storage cannot be written to."""
    try:
        storage.write("writable", b"")
        storage.delete(["writable"])
    except OSError as error:
        raise ValueError(
            f"--storage: expected a place to write to, got {storage.root}: {error}"
        ) from None


def run(
    trials: dict[str, TrialConfig],
    storage: Storage,
    arguments: argparse.Namespace,
    design: Design,
) -> list[str]:
    """Run `trials`; return the signals that asked to stop, [] when none did."""
    device = device_of(arguments, design)
    seconds = float(os.environ.get("NVP_CHECKPOINT_SECONDS", CHECKPOINT_SECONDS))
    keep = arguments.keep_checkpoints
    gpus = 1.0 if arguments.no_ray else gpus_of(arguments, design)
    if gpus == AUTO:
        gpus = propose_share(list(trials.values()))
    asked: list[str] = []
    with Display(len(trials)) as display:
        catch_signals(asked)
        if arguments.no_ray:
            run_here(
                trials,
                storage,
                device,
                seconds,
                display=display,
                asked=asked,
                keep_checkpoints=keep,
            )
            return asked
        from nvp.sweep import Resources, Setting, run_sweep  # Ray takes seconds to import

        run_sweep(
            trials,
            storage,
            Setting(storage.root, str(data_root()), device, seconds, keep, share=gpus or 1.0),
            Resources(arguments.address, gpus, arguments.max_concurrent),
            display=display,
            asked_to_stop=asked,
        )
    return asked


def continuing() -> str:
    """Return the command that continues this one, from this folder."""
    python = os.path.relpath(sys.executable)
    return shlex.join([sys.executable if python.startswith("..") else python, *sys.argv])


def summary(
    plan: Plan, storage: Storage, study: Study, preset: str, arguments: argparse.Namespace
) -> int:
    """Print how the study ended; return the exit code."""
    index = read_index(storage)
    state = compare(plan, index)
    diverged = sum(index.rows[name]["status"] == "diverged" for name in state.done)
    print(
        f"{study.name}: {len(state.done)} of {len(plan.trials)} trials done "
        f"({diverged} diverged), {len(state.missing)} missing; tables in {storage.root}"
    )
    for name, reason in state.failed.items():
        print(f"  {name} failed: {reason}")
    if state.missing:
        print(f"run it again to try the missing ones:\n{continuing()}")
        return FAILED
    where = "" if arguments.storage == "results" else f" --storage {arguments.storage}"
    print(f"draw it: python -m analysis {study.name} --preset {preset}{where}")
    return DONE
