"""A study: one question, answered by many trials. `main` runs those of them that are missing.

There is no resume flag: trials are named by their configuration, and running the script again
runs those that are not committed yet.
"""

import argparse
import atexit
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn

from nvp.config.closed_pipe import end_quietly, is_closed
from nvp.config.environment import check_environment, hint_unknown
from nvp.planning.design import Design
from nvp.planning.narrowing import read_narrowing
from nvp.planning.unread_settings import narrow_design
from nvp.question.check import check_question
from nvp.question.question import Question
from nvp.running.cells import is_in_cell
from nvp.running.exit_codes import BAD_ARGUMENTS, DONE, FAILED, INTERRUPTED
from nvp.running.last_words import explain_continuing, write_reason
from nvp.running.signals import Signals, catch_signals, ignore_signals
from nvp.running.tracking import Tracked, follow_study
from nvp.storage.json_object import saying_once
from nvp.storage.lock import study_lock
from nvp.storage.store import Storage
from nvp.storage.study_folder import check_owner, open_study
from nvp.study.command_line import check_flags, read_arguments, read_settings
from nvp.study.devices import check_gpu
from nvp.study.launch import print_dry_run, run_missing
from nvp.study.run_place import choose_run_preset, settle_address
from nvp.study.start import check_writable, plan_start


@dataclass(frozen=True, kw_only=True)
class Study:
    """One question, asked in up to three settings.

    Attributes:
        name: of the study, and of its script.
        paper: the published setting, on GPUs.
        quick: embedded data, in minutes on a CPU: it shows that everything works.
        laptop: real data in a network whose neurons die, in half an hour on a CPU; None = it has
            no such setting.
        question: what is compared with what; None = the analysis makes one from the swept keys.
    """

    name: str
    paper: Design
    quick: Design
    laptop: Design | None = None
    question: Question | None = None

    @property
    def presets(self) -> dict[str, Design]:
        """Return the designs of the presets that the study has, by name."""
        designs = {"quick": self.quick, "laptop": self.laptop, "paper": self.paper}
        return {name: design for name, design in designs.items() if design is not None}

    def find_design(self, preset: str) -> Design:
        """Return the design of a preset.

        Raises:
            ValueError: the study has no such preset.
        """
        design = self.presets.get(preset)
        if design is None:
            raise ValueError(
                f"--preset: expected one that {self.name} has ({', '.join(self.presets)}), got "
                f"{preset}"
            )
        return design


def main(study: Study, argv: Sequence[str] | None = None) -> NoReturn:
    """Run the missing trials of a study, and exit.

    Exit codes: 0 all done, 1 some trials failed or the driver could not go on, 2 bad arguments,
    130 interrupted, 141 nobody reads the output any more.

    Args:
        study: what is run.
        argv: the flags; None = those of the command line. `--help` lists them.
    """
    code = end_quietly(partial(run_to_last_line, study, argv))
    atexit.register(ignore_signals)  # the last line is said: what ends now keeps its exit code
    sys.exit(code)


def run_to_last_line(study: Study, argv: Sequence[str] | None) -> int:
    """Run the missing trials; whatever ends that, say it in a line. Return the exit code."""
    arguments = read_arguments(study.name, argv)
    with catch_signals(ends_process=not is_in_cell()) as signals, saying_once():
        try:
            return start_study(study, arguments, signals)
        except ValueError as error:
            print(f"error: {error}", file=sys.stderr)
            return BAD_ARGUMENTS
        except KeyboardInterrupt:
            print(f"interrupted; {explain_continuing()}")
            return INTERRUPTED
        except Exception as error:
            if isinstance(error, BrokenPipeError) and is_closed(sys.stdout):
                raise
            # a signal to the whole group ends Ray's processes too, while they start or save
            came = f"interrupted ({signals.received[0]}), and " if signals.received else "error: "
            print(f"{came}{write_reason(error, find_storage(study, arguments))}", file=sys.stderr)
            print(explain_continuing(), file=sys.stderr)
            return INTERRUPTED if signals.received else FAILED


def find_storage(study: Study, arguments: argparse.Namespace) -> Storage | None:
    """Return the study's storage; None where it cannot be opened."""
    with suppress(ValueError, OSError):
        return open_study(arguments.storage, study.name, choose_run_preset(arguments)[0])
    return None


def start_study(study: Study, arguments: argparse.Namespace, signals: Signals) -> int:
    """Plan, refuse wrong arguments, run the missing trials; return the exit code."""
    check_environment()
    for hint in hint_unknown(os.environ):
        print(hint, file=sys.stderr)
    check_flags(arguments)
    settle_address(arguments)
    preset, why = choose_run_preset(arguments)
    design = study.find_design(preset)
    print(f"{study.name}: preset {preset} ({why})", flush=True)
    storage = open_study(arguments.storage, study.name, preset)
    check_owner(storage, study.name, preset)
    if study.question is not None:
        presets = [(one.base, one.space) for one in study.presets.values()]
        check_question(study.question, presets)
    settings = read_settings(arguments.settings)
    narrowing = read_narrowing(design.space, settings, arguments.seeds)
    design = narrow_design(design, settings, arguments.seeds)
    start = plan_start(study.name, preset, design, storage, arguments, narrowing)
    start = replace(start, question=study.question)
    if arguments.dry_run:
        print_dry_run(start)
        return DONE
    check_gpu(arguments, design)
    check_writable(storage)
    tracked = Tracked(arguments.storage, study.name, preset)
    with study_lock(storage), follow_study(arguments.track, tracked) as trackings:
        return run_missing(replace(start, trackings=tuple(trackings)), signals)
