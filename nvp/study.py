"""A study: one question, answered by many trials. `main` runs what is missing of it.

There is no resume flag: trials are named by their configuration, and running the script again
runs those that are not committed yet.
"""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from nvp.config import TrialConfig
from nvp.data import data_root, prepare_data
from nvp.estimate import estimate_bytes, estimate_seconds
from nvp.lock import study_lock
from nvp.plan import Design, Grid, Plan, State, compare, grid, make_plan, write_study
from nvp.progress import Display, duration
from nvp.provenance import start_entry
from nvp.storage import Storage
from nvp.tables import Index, open_study, read_index
from nvp.trial import CHECKPOINT_SECONDS, run_trial

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
    arguments = parser(study).parse_args(argv)
    try:
        sys.exit(start(study, arguments))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(BAD_ARGUMENTS)


def parser(study: Study) -> argparse.ArgumentParser:
    """Return the command line that every study has; it never grows a flag per hyperparameter."""
    parser = argparse.ArgumentParser(description=f"Run what is missing of the study {study.name}.")
    add = parser.add_argument
    add(
        "--preset",
        choices=("auto", "quick", "paper"),
        default="auto",
        help="paper needs GPUs; auto (default): paper on a cluster or a local GPU, else quick",
    )
    add(
        "--storage",
        default=os.environ.get("NVP_STORAGE", "results"),
        metavar="PATH",
        help="where tables go (default: NVP_STORAGE, else results)",
    )
    add(
        "--address",
        default=os.environ.get("RAY_ADDRESS"),
        help="Ray cluster (default: RAY_ADDRESS, else a private local Ray)",
    )
    add("--seeds", type=positive, metavar="N", help="replicates of every cell")
    add(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        dest="settings",
        help="override the base, e.g. optim.lr=0.1; fixes a swept path (repeatable)",
    )
    add("--gpus-per-trial", type=share, metavar="1/K", help="share of a GPU, 1 or 1/k; 0 = CPU")
    add("--max-concurrent", type=positive, metavar="N", help="trials at a time, at most")
    add("--only", metavar="TRIAL_ID", help="run this trial alone")
    add("--no-ray", action="store_true", help="run one after another in this process")
    add("--dry-run", action="store_true", help="list the trials and the cost; start nothing")
    return parser  # fmt: skip


def positive(text: str) -> int:
    """Return a whole number >= 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number >= 1, got {text!r}")
    return int(text)


def share(text: str) -> float:
    """Return 0, 1 or 1/k: other shares would leave a part of every GPU idle."""
    numerator, _, denominator = text.partition("/")
    if text in ("0", "1"):
        return float(text)
    if numerator == "1" and denominator.isdigit() and int(denominator) > 0:
        return 1 / int(denominator)
    try:
        k = 1 / float(text)
    except (ValueError, ZeroDivisionError):
        k = 0.0
    if k >= 1 and abs(k - round(k)) < 0.01:
        return 1 / round(k)
    raise argparse.ArgumentTypeError(f"expected 0, 1 or 1/k, got {text!r}")


def choose_preset(arguments: argparse.Namespace) -> tuple[str, str]:
    """Return the preset and why."""
    if arguments.preset != "auto":
        return arguments.preset, "as asked"
    if arguments.address:
        return "paper", f"a cluster at {arguments.address}"
    import torch

    if torch.cuda.is_available():
        return "paper", "a local GPU"
    return "quick", "no cluster and no GPU here"


def read_settings(pairs: list[str]) -> dict[str, str]:
    """Return {path: text} of the --set flags."""
    settings = {}
    for pair in pairs:
        path, equals, value = pair.partition("=")
        if not equals:
            raise ValueError(f"--set: expected PATH=VALUE, e.g. optim.lr=0.1, got {pair!r}")
        settings[path] = value
    return settings


def start(study: Study, arguments: argparse.Namespace) -> int:
    """Plan, refuse what is wrong, run what is missing; return the exit code."""
    preset, why = choose_preset(arguments)
    print(f"{study.name}: preset {preset} ({why})", flush=True)
    design: Design = getattr(study, preset)
    plan = make_plan(design.with_settings(read_settings(arguments.settings), arguments.seeds))
    chosen = plan.only(arguments.only) if arguments.only else plan
    storage = open_study(arguments.storage, study.name, preset)
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
    gpus = design.gpus_per_trial if arguments.gpus_per_trial is None else arguments.gpus_per_trial
    seconds = float(os.environ.get("NVP_CHECKPOINT_SECONDS", CHECKPOINT_SECONDS))
    asked: list[str] = []
    with Display(len(trials)) as display:
        catch_signals(asked)
        if arguments.no_ray:
            run_here(trials, storage, device_for(gpus), seconds, display=display, asked=asked)
            return asked
        from nvp.sweep import Resources, Setting, run_sweep  # Ray takes seconds to import

        run_sweep(
            trials,
            storage,
            Setting(storage.root, str(data_root()), "cuda" if gpus else "cpu", seconds),
            Resources(arguments.address, gpus, arguments.max_concurrent),
            display=display,
            asked_to_stop=asked,
        )
    return asked


def device_for(gpus: float) -> str:
    """Return the device of trials in this process: a GPU where the preset wants one and it is."""
    import torch

    return "cuda" if gpus and torch.cuda.is_available() else "cpu"


def run_here(
    trials: dict[str, TrialConfig],
    storage: Storage,
    device: str,
    checkpoint_seconds: float,
    *,
    display: Display,
    asked: list[str],
) -> None:
    """Run `trials` one after another in this process."""
    for config in trials.values():
        if asked:
            return
        trial = run_trial(config, storage, device=device, checkpoint_seconds=checkpoint_seconds)
        for progress in trial:
            display.update(progress)
            if asked and progress.status == "running":
                trial.close()


def catch_signals(asked: list[str]) -> None:
    """Let SIGINT and SIGTERM fill `asked`; a second one kills as usual."""

    def ask(number: int, frame: Any) -> None:
        asked.append(signal.Signals(number).name)
        signal.signal(number, signal.default_int_handler)
        print(f"\n{asked[-1]}: saving the running trials; again to quit at once", flush=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)


def continuing() -> str:
    """Return the command that continues this one."""
    return shlex.join([os.path.basename(sys.executable), *sys.argv])


def print_plan(plan: Plan, state: State, index: Index) -> None:
    """Print the table of trials, their states and what the missing ones will cost."""
    paths = [*plan.design.space, "seed"]
    print("  ".join(["trial_id".ljust(12), "status  ", *paths]))
    for name, config in plan.trials.items():
        row = index.rows.get(name)
        status = row["status"] if row else "missing"
        values = [str(value).ljust(len(path)) for path, value in plan.swept(config).items()]
        print("  ".join([name, status.ljust(8), *values]).rstrip())
    print_state(state)
    if state.missing:
        print_estimate([plan.trials[name] for name in state.missing], index)


def print_estimate(trials: list[TrialConfig], index: Index) -> None:
    """Print what `trials` will cost in time and disk."""
    try:
        seconds, source = estimate_seconds(trials, index)
    except Exception as error:  # the network is the user's: the plan is worth seeing all the same
        print(f"estimate: none, a timed step failed with {type(error).__name__}: {error}")
        return
    size = estimate_bytes(trials) / 1e6
    print(
        f"estimate: {duration(seconds)} one after another, from {source}; {size:.1f} MB of tables"
    )


def print_state(state: State) -> None:
    """Print how many trials are done, to run and failed, and why they failed."""
    print(f"{len(state.done)} done, {len(state.missing)} to run, {len(state.failed)} failed before")
    for name, reason in state.failed.items():
        print(f"  {name} failed: {reason}")


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
