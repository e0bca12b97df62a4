"""The command line that every study has; it never grows a flag per hyperparameter."""

import argparse
import os
import sys
from collections.abc import Sequence

from nvp.config.command_parser import CommandParser, one_of
from nvp.config.fields import WHOLE
from nvp.planning.plan import MOST_TRIALS
from nvp.running.cells import is_in_cell
from nvp.storage.plans import CALL
from nvp.storage.studies import PRESETS, add_storage_argument
from nvp.trackers.named import tracker_flag

AUTO = -1.0  # of --gpus-per-trial: the share is measured


def read_arguments(name: str, argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the flags of a study's script; a cell of a notebook has none without `argv`.

    Their `argv` is for study.json: the process's, or that of the call that does the same.
    """
    flags = [] if is_in_cell() and argv is None else argv
    arguments = build_parser(name).parse_args(flags)
    arguments.argv = [CALL, *(flags or [])] if is_in_cell() else sys.argv
    return arguments


def read_call(name: str, flags: Sequence[str]) -> argparse.Namespace:
    """Return the flags of a call of `nvp.run`; raise ValueError for wrong ones."""
    arguments = build_parser(name).read_args(flags)
    arguments.argv = [CALL, *flags]
    return arguments


def build_parser(name: str) -> CommandParser:
    """Return the parser of the study called `name`."""
    parser = CommandParser(description=f"Run the trials of the study {name} that are not done yet.")
    add_plan_flags(parser)
    add_search_flags(parser)
    add_run_flags(parser)
    parser.set_defaults(gpus_declared=None)  # of a cluster: `settle_address` finds out
    return parser


def add_plan_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which trials are planned, and where they and their tables are."""
    add = parser.add_argument
    add(
        "--preset",
        **one_of("auto", *PRESETS),
        default="auto",
        help="laptop needs data files; auto (default): paper on a cluster or a local GPU, or quick",
    )
    add_storage_argument(parser, "where tables go")
    add(
        "--address",
        default=os.environ.get("RAY_ADDRESS"),
        help="Ray cluster: host:port, auto, or local for this machine alone (default: RAY_ADDRESS, "
        "else the cluster that this machine is a node of, else local)",
    )
    add("--seeds", type=parse_positive, metavar="N", help="replicates of every cell")
    add(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        dest="settings",
        help="override the base, e.g. optim.lr=0.1; ends its sweep (repeatable; the last counts)",
    )


def add_search_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how configurations are found, and whether trials stop early."""
    add = parser.add_argument
    add(
        "--search",
        **one_of("grid", "optuna"),
        default="grid",
        help="grid (default): every cell; optuna: TPE, or NSGA-II for several objectives",
    )
    add(
        "--num-trials",
        type=parse_positive,
        metavar="N",
        help="configurations that optuna asks for in all; each runs for every seed",
    )
    add(
        "--scheduler",
        **one_of("fifo", "asha"),
        default="fifo",
        help="asha stops trials early that are not among the best third; fifo continues them",
    )


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how trials run."""
    add = parser.add_argument
    add(
        "--gpus-per-trial",
        type=parse_gpus,
        metavar="1/K",
        help="share of a GPU, 1 or 1/k; 0 = CPU; auto: measured on this machine's GPU",
    )
    add("--max-concurrent", type=parse_positive, metavar="N", help="trials at a time, at most")
    add("--only", type=parse_trial_id, metavar="TRIAL_ID", help="run this trial alone")
    add("--no-ray", action="store_true", help="run one after another in this process")
    add(
        "--keep-checkpoints",
        action="store_true",
        help="leave the last ones, for nvp overlap and export; runs finished trials again for it",
    )
    add(
        "--redo-changed",
        action="store_true",
        help="run trials again that other code than this finished, as their rows say",
    )
    add(
        "--accept-changed-data",
        action="store_true",
        help="go on although a data set or a file of weights is another than finished trials saw",
    )
    add("--track", **tracker_flag(), default=[])
    add("--dry-run", action="store_true", help="list the trials and the cost; start nothing")


def parse_positive(text: str) -> int:
    """Return a whole number >= 1."""
    if not WHOLE.fullmatch(text[:40]) or not 1 <= int(text[:40]) <= MOST_TRIALS:
        raise argparse.ArgumentTypeError(
            f"expected a whole number >= 1 and <= {MOST_TRIALS}, got {text[:40]!r}"
        )
    return int(text)


def parse_trial_id(text: str) -> str:
    """Return the name of a trial."""
    if not text.strip():
        raise argparse.ArgumentTypeError(
            f"expected a trial id that --dry-run lists, e.g. 44136fa355b3, got {text!r}"
        )
    return text.strip()


def parse_gpus(text: str) -> float:
    """Return 0, 1 or 1/k of a GPU; `AUTO` for auto. Other shares leave a part of a GPU idle."""
    if text == "auto":
        return AUTO
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


def check_flags(arguments: argparse.Namespace) -> None:
    """Raise ValueError for flags that do not go together."""
    if arguments.search == "optuna" and not arguments.num_trials:
        raise ValueError("--search optuna: expected --num-trials N, how many to ask for, got none")
    if arguments.search == "grid" and arguments.num_trials:
        raise ValueError(
            f"--num-trials: expected --search optuna with it, got {arguments.num_trials} and a "
            "grid, which has its own number of cells"
        )


def read_settings(pairs: list[str]) -> dict[str, str]:
    """Return {path: text} of the --set flags; of a path that is given twice, the last one.

    Raises:
        ValueError: a flag that is no PATH=VALUE.
    """
    settings: dict[str, str] = {}
    for pair in pairs:
        path, equals, value = pair.partition("=")
        path = path.strip()
        if not equals or not path:
            raise ValueError(f"--set: expected PATH=VALUE, e.g. optim.lr=0.1, got {pair!r}")
        settings[path] = value
    return settings
