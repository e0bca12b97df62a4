"""Overlap: the ranking of a checkpoint by every criterion, and how far the rankings agree.

`nvp overlap sgd_noise --trial TRIAL_ID --sparsity 0.5`. Nothing is pruned, and the storage is only
read. The ranking is of the measuring point of the checkpoint, after its pruning. The criterion of
the trial's own method, if it remembers earlier points, already remembers this one.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from nvp.config.command_parser import BAD_ARGUMENTS, CommandParser
from nvp.config.dotted_names import add_folders
from nvp.config.registry import look_up, suggest_nearest
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, load_trial_splits
from nvp.pruning import MeasuringPoint, plan_pruning
from nvp.pruning.criteria import CRITERIA_OF
from nvp.pruning.methods.method import Granularity
from nvp.pruning.ranking_overlap import by_index, compare_rankings
from nvp.pruning.rankings import predict_masked, rank_by_criteria
from nvp.storage.index import read_index
from nvp.storage.plans import explain_missing_checkpoint, list_plans, list_started_folders
from nvp.storage.store import Storage
from nvp.storage.studies import add_study_arguments, find_study
from nvp.storage.study_folder import read_study
from nvp.training.build import build_untrained, set_up_process
from nvp.training.measuring import build_point, observe_network
from nvp.training.tasks import select_task
from nvp.trial.checkpoint import read_checkpoints, restore_state
from nvp.trial.overlap_table import Comparison, print_comparisons

COLUMNS: tuple[str, ...] = ("granularity", "criterion_a", "criterion_b", "jaccard", "kendall")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nvp overlap`; return its exit code: 0, or 2 for bad arguments."""
    arguments = build_parser().parse_args(argv)
    try:
        storage, preset = find_study(arguments.storage, arguments.study, arguments.preset)
        config = find_config(storage, arguments.trial)
        names = choose_criteria(arguments.criteria)
        point = restore_point(storage, arguments.trial, config)
        found = [
            compare_criteria(point, config, kind, names, arguments.sparsity) for kind in CRITERIA_OF
        ]
        if arguments.out:
            write_csv(Path(arguments.out), [row for each in found for row in each.rows])
        print_comparisons(
            f"{arguments.study}/{preset} {arguments.trial} after "
            f"{point.moment.progress:.0%} of training, at sparsity {arguments.sparsity:g}",
            [each for each in found if each.rankings or each.skipped],
        )
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_ARGUMENTS
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = CommandParser(
        prog="nvp overlap",
        description="Show what each criterion would prune of a trial's newest checkpoint.",
    )
    add_trial_arguments(parser)
    add = parser.add_argument
    add(
        "--sparsity",
        type=parse_fraction,
        default=0.5,
        metavar="S",
        help="over the whole pool (default: 0.5)",
    )
    add("--criteria", nargs="+", metavar="NAME", help="only these (default: all)")
    add("--out", metavar="FILE", help="write a row for each pair, as CSV")
    return parser


def add_trial_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which trial's newest checkpoint is meant."""
    add_study_arguments(parser)
    parser.add_argument(
        "--trial",
        required=True,
        metavar="TRIAL_ID",
        help="one that was run with --keep-checkpoints",
    )


def parse_fraction(text: str) -> float:
    """Return a number > 0 and < 1."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"expected a fraction > 0 and < 1, got {text!r}")
    return value


def find_config(storage: Storage, trial: str) -> TrialConfig:
    """Return the configuration of a trial: its row's, else the plan's; ValueError for no trial.

    From then on the user's modules are found where the starts of the study found them.
    """
    index, study = read_index(storage, trial), read_study(storage)
    add_folders(list_started_folders(study))
    if trial in index.rows:
        return TrialConfig().with_overrides(json.loads(index.rows[trial]["config"]))
    planned = {
        name: plan.get("base", {}) | swept
        for plan in list_plans(study)
        for name, swept in plan.get("trials", {}).items()
    }
    if trial not in planned:
        raise ValueError(
            f"--trial: expected one of the {len(planned)} trial ids of the study (its script lists "
            f"them with --dry-run), got {trial!r}{suggest_nearest(trial, planned)}"
        )
    return TrialConfig().with_overrides(planned[trial])


def choose_criteria(names: list[str] | None) -> dict[Granularity, list[str]]:
    """Return {granularity: the criteria to compare}; a name of both granularities is in both."""
    known = {name: name for criteria in CRITERIA_OF.values() for name in criteria}
    wanted = list(known) if names is None else [look_up("--criteria", n, known) for n in names]
    return {kind: [n for n in criteria if n in wanted] for kind, criteria in CRITERIA_OF.items()}


def restore_point(storage: Storage, trial: str, config: TrialConfig) -> MeasuringPoint:
    """Return the measuring point of a trial's newest checkpoint, observed anew."""
    found = read_checkpoints(storage, trial)
    if not found:
        raise ValueError(explain_missing_checkpoint(storage, trial))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    set_up_process(device)
    data = load_trial_splits(config.data, data_root(), device)
    state = build_untrained(config, data, device)
    restore_state(found[0], state)
    data = select_task(config, data, state)
    observation = observe_network(config, state, data.probe(config.probe.size))
    return build_point(config, data, state, observation)


def compare_criteria(
    point: MeasuringPoint,
    config: TrialConfig,
    granularity: Granularity,
    names: dict[Granularity, list[str]],
    sparsity: float,
) -> Comparison:
    """Return the rankings of one granularity and their overlaps."""
    plan, activation = plan_pruning(config.prune), config.model.activation
    ranked, skipped = rank_by_criteria(point, plan, granularity, activation, names[granularity])
    ties = [by_index(each, predict_masked(each, config.prune, sparsity)) for each in ranked]
    pairs = compare_rankings(ranked, config.prune, sparsity)
    return Comparison(
        granularity=granularity, rankings=ranked, skipped=skipped, by_index=ties, rows=pairs
    )


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write a row for each pair; what has no value is empty."""
    if not path.parent.is_dir():
        raise ValueError(f"--out: expected a file in a folder that exists, got {path}")
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
