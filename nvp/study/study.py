"""A study: one question, answered by many trials. `main` runs what is missing of it.

There is no resume flag: trials are named by their configuration, and running the script again
runs those that are not committed yet.
"""

import argparse
import json
import os
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import torch

from nvp.config.space import Grid, grid, integers, log_uniform, uniform
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, prepare_data
from nvp.planning.cost.fastest_precision import Choice, Chooser, fastest
from nvp.planning.cost.free_disk import check_room
from nvp.planning.cost.gpu_sharing import propose
from nvp.planning.design import Design, read_asha
from nvp.planning.plan import Plan, compare, make_plan, to_run, write_study
from nvp.planning.queue import Source
from nvp.running.local import catch_signals, device_for, run_here
from nvp.running.progress import Display
from nvp.running.provenance import start_entry
from nvp.storage.lock import study_lock
from nvp.storage.reader import open_study, read_index, read_object
from nvp.storage.store import Storage, unreachable
from nvp.study.command_line import AUTO, check_flags, choose_preset, parser, read_settings
from nvp.study.listing import print_loose, print_plan, print_search, print_state
from nvp.trial.checkpoint import remove_leftovers
from nvp.trial.early_stopping import Asha
from nvp.trial.run import CHECKPOINT_SECONDS, settled

if TYPE_CHECKING:
    from nvp.planning.search import Search

__all__ = ["Design", "Grid", "Study", "grid", "integers", "log_uniform", "main", "uniform"]

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
    check_flags(arguments)
    preset, why = choose_preset(arguments)
    print(f"{study.name}: preset {preset} ({why})", flush=True)
    design: Design = getattr(study, preset)
    storage = open_study(arguments.storage, study.name, preset)
    asked = design.with_settings(read_settings(arguments.settings), arguments.seeds)
    chooser = chooser_of(device_of(arguments, asked), storage, arguments.address)
    asha = read_asha(asked) if arguments.scheduler == "asha" else None
    ends = settled(asha is not None)
    search = start_search(asked, chooser, storage, arguments)
    plan = search.plan if search else make_plan(asked, chooser)
    for name, choice in chooser.used.items():
        print(f"auto, for {name}: {', '.join(choice.values())}")
    chosen = plan.only(arguments.only) if arguments.only else plan
    if arguments.dry_run:
        index = read_index(storage, checksums=False)  # names and sizes; a start reads the bytes
        print_plan(chosen, compare(chosen, index, ends), index)
        if search:
            print_search(asked, search.to_ask, index)
        return DONE
    check_writable(storage)
    with study_lock(storage):
        if search:
            search.load()  # what a driver asked that ended meanwhile
            plan = search.plan
            chosen = plan.only(arguments.only) if arguments.only else plan
        index = read_index(storage)
        state = compare(chosen, index, ends)
        trials = to_run(chosen, state, index)
        check_room(storage, list(trials.values()), keep=arguments.keep_checkpoints)
        for name in data_names(asked, trials):
            prepare_data(name, data_root())
        print_state(state)
        write_study(storage, study.name, preset, plan, start_entry(), arguments.search)
        source = None if arguments.only else search
        if (trials or source) and run(trials, storage, arguments, asked, source, asha):
            print("interrupted; this command continues:", continuing(), sep="\n")
            return INTERRUPTED
        whole = search.plan if source and search else chosen
        if search and search.exhausted:
            print(f"search: nothing new to ask after {len(search.asked)} configurations")
        return summary(whole, storage, study, preset, arguments)


def start_search(
    design: Design, choose: Chooser, storage: Storage, arguments: argparse.Namespace
) -> "Search | None":
    """Return the search that the flags ask for, with what was asked before; None for a grid."""
    if arguments.search == "grid":
        return None
    from nvp.planning.search import Search  # Optuna takes a second to import

    ends = settled(arguments.scheduler == "asha")
    search = Search(design, arguments.num_trials, choose, storage, ends)
    search.load()
    return search


def data_names(design: Design, trials: dict[str, TrialConfig]) -> set[str]:
    """Return the data sets of `trials`, and those that a search may ask for."""
    axis = design.space.get("data.name")
    choices = axis.values if isinstance(axis, Grid) else ()
    return {config.data.name for config in trials.values()} | {design.base.data.name, *choices}


def chooser_of(device: str, storage: Storage, address: str | None) -> Chooser:
    """Return what replaces `auto`; what it measures is kept at once, also by a dry run."""

    def measure(config: TrialConfig, device: str) -> Choice:
        return on_gpu(address, device, fastest, config, device)

    def keep(known: dict[str, Choice]) -> None:
        check_writable(storage)
        storage.write("auto.json", json.dumps(known, indent=1).encode())

    return Chooser(device, read_object(storage, "auto.json"), keep, measure)


def on_gpu(address: str | None, device: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function says on a device: here, or on the cluster where only that has one."""
    if not address or device == "cpu" or torch.cuda.is_available():
        return function(*arguments)
    from nvp.running.ray import on_cluster  # Ray takes seconds to import

    return on_cluster(address, function, *arguments)


def device_of(arguments: argparse.Namespace, design: Design) -> str:
    """Return the kind of device that trials run on.

    NVP_DEVICE=cpu lets a cluster of declared GPUs be tried out where there are none.
    """
    if os.environ.get("NVP_DEVICE"):
        return os.environ["NVP_DEVICE"]
    gpus = gpus_of(arguments, design)
    if arguments.no_ray:
        return device_for(gpus)
    return "cuda" if gpus else "cpu"


def gpus_of(arguments: argparse.Namespace, design: Design) -> float:
    """Return the share of a GPU that each trial gets."""
    asked = arguments.gpus_per_trial
    return design.gpus_per_trial if asked is None else asked


def propose_share(trials: list[TrialConfig], address: str | None) -> float:
    """Return the share of a GPU that suits the largest of `trials`, and print why."""
    largest = max(trials, key=lambda config: (config.data.batch_size, config.model.width))
    count, found = on_gpu(address, "cuda", propose, largest, "cuda")
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
        if not storage.local:
            raise ValueError(unreachable(storage.place, error)) from None
        raise ValueError(
            f"--storage: expected a place to write to, got {storage.root}: {error}"
        ) from None


def run(
    trials: dict[str, TrialConfig],
    storage: Storage,
    arguments: argparse.Namespace,
    design: Design,
    search: "Search | None" = None,
    asha: Asha | None = None,
) -> list[str]:
    """Run `trials`, then what a search asks; return the signals that asked to stop."""
    device = device_of(arguments, design)
    seconds = float(os.environ.get("NVP_CHECKPOINT_SECONDS", CHECKPOINT_SECONDS))
    keep = arguments.keep_checkpoints
    parents = frozenset(config.parent for config in trials.values()) - {""}
    gpus = 1.0 if arguments.no_ray else gpus_of(arguments, design)
    if gpus == AUTO:
        gpus = propose_share(list(trials.values()) or [design.base], arguments.address)
    asked: list[str] = []
    more = search.to_ask * design.seeds if search else 0
    with Display(len(trials) + more) as display:
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
                asha=asha,
                parents=parents,
                source=search or Source(),
            )
            return asked
        from nvp.running.ray import Resources, Setting, run_sweep  # Ray takes seconds to import

        names = tuple(sorted(data_names(design, trials)))
        setting = Setting(
            storage.place,
            str(data_root()),
            device,
            seconds,
            keep_checkpoints=keep,
            share=gpus or 1.0,
            asha=asha,
            parents=parents,
            data=names,
        )
        run_sweep(
            trials,
            storage,
            setting,
            Resources(arguments.address, gpus, arguments.max_concurrent),
            display=display,
            asked_to_stop=asked,
            source=search,
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
    state = compare(plan, index, settled(arguments.scheduler == "asha"))
    remove_leftovers(storage, {name: index.rows[name] for name in state.done})
    counts = Counter(index.rows[name]["status"] for name in state.done)
    censored = f", {counts['censored']} censored" if counts["censored"] else ""
    print(
        f"{study.name}: {len(state.done)} of {len(plan.trials)} trials done "
        f"({counts['diverged']} diverged{censored}), {len(state.missing)} missing; "
        f"tables in {storage.root}"
    )
    for name, reason in state.failed.items():
        print(f"  {name} failed: {reason}")
    if state.missing:
        print(f"run it again to try the missing ones:\n{continuing()}")
        return FAILED
    where = "" if arguments.storage == "results" else f" --storage {arguments.storage}"
    print_loose(index)
    print(f"draw it: nvp analyse {study.name} --preset {preset}{where}")
    return DONE
