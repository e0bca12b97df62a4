"""The command line that every study has; it never grows a flag per hyperparameter."""

import argparse
import os

import torch

from nvp.running.cluster_address import check_cluster

AUTO = -1.0


def parser(name: str) -> argparse.ArgumentParser:
    """Return the parser of the study called `name`."""
    parser = argparse.ArgumentParser(description=f"Run what is missing of the study {name}.")
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
    add(
        "--search",
        choices=("grid", "optuna"),
        default="grid",
        help="grid (default): every cell; optuna: TPE, or NSGA-II for several objectives",
    )
    add(
        "--num-trials",
        type=positive,
        metavar="N",
        help="configurations that optuna asks for in all; each runs for every seed",
    )
    add(
        "--scheduler",
        choices=("fifo", "asha"),
        default="fifo",
        help="asha stops trials early that are not among the best third; fifo continues them",
    )
    add(
        "--gpus-per-trial",
        type=share,
        metavar="1/K",
        help="share of a GPU, 1 or 1/k; 0 = CPU; auto: measured on this machine's GPU",
    )
    add("--max-concurrent", type=positive, metavar="N", help="trials at a time, at most")
    add("--only", metavar="TRIAL_ID", help="run this trial alone")
    add("--no-ray", action="store_true", help="run one after another in this process")
    add(
        "--keep-checkpoints",
        action="store_true",
        help="leave the last ones, for nvp overlap and export",
    )
    add("--dry-run", action="store_true", help="list the trials and the cost; start nothing")
    return parser  # fmt: skip


def positive(text: str) -> int:
    """Return a whole number >= 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number >= 1, got {text!r}")
    return int(text)


def share(text: str) -> float:
    """Return 0, 1 or 1/k: other shares would leave a part of every GPU idle; `AUTO` for auto."""
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
    """Raise ValueError for flags that do not go together, or a cluster that is not there."""
    if arguments.search == "optuna" and not arguments.num_trials:
        raise ValueError("--search optuna: expected --num-trials N, how many to ask for, got none")
    if arguments.search == "grid" and arguments.num_trials:
        raise ValueError(
            f"--num-trials: expected --search optuna with it, got {arguments.num_trials} and a "
            "grid, which has its own number of cells"
        )
    if arguments.address and not (arguments.no_ray or arguments.dry_run):
        check_cluster(arguments.address)


def choose_preset(arguments: argparse.Namespace) -> tuple[str, str]:
    """Return the preset and why."""
    if arguments.preset != "auto":
        return arguments.preset, "as asked"
    if arguments.address:
        return "paper", f"a cluster at {arguments.address}"
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
