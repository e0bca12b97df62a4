"""A study: one question, answered by many trials. `main` runs those of them that are missing.

There is no resume flag: trials are named by their configuration, and running the script again
runs those that are not committed yet.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from nvp.planning.design import Design
from nvp.planning.narrowing import read_narrowing
from nvp.storage.lock import study_lock
from nvp.storage.study_folder import check_owner, open_study
from nvp.study.command_line import build_parser, check_flags, choose_run_preset, read_settings
from nvp.study.exit_codes import BAD_ARGUMENTS, DONE
from nvp.study.launch import print_dry_run, run_missing
from nvp.study.start import check_writable, plan_start


@dataclass(frozen=True, kw_only=True)
class Study:
    """One question. `paper` is the published setting on GPUs, `quick` its laptop version."""

    name: str
    paper: Design
    quick: Design


def main(study: Study, argv: Sequence[str] | None = None) -> NoReturn:
    """Run the missing trials of a study, and exit.

    Exit codes: 0 all done, 1 some trials failed, 2 bad arguments, 130 interrupted.
    """
    arguments = build_parser(study.name).parse_args(argv)
    try:
        sys.exit(start_study(study, arguments))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(BAD_ARGUMENTS)


def start_study(study: Study, arguments: argparse.Namespace) -> int:
    """Plan, refuse wrong arguments, run the missing trials; return the exit code."""
    check_flags(arguments)
    preset, why = choose_run_preset(arguments)
    print(f"{study.name}: preset {preset} ({why})", flush=True)
    design: Design = getattr(study, preset)
    storage = open_study(arguments.storage, study.name, preset)
    check_owner(storage, study.name, preset)
    settings = read_settings(arguments.settings)
    narrowing = read_narrowing(design.space, settings, arguments.seeds)
    design = design.with_settings(settings, arguments.seeds)
    start = plan_start(study.name, preset, design, storage, arguments, narrowing)
    if arguments.dry_run:
        print_dry_run(start)
        return DONE
    check_writable(storage)
    with study_lock(storage):
        return run_missing(start)
