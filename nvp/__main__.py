"""The command `nvp` (also `python -m nvp`): one verb for each thing to do with studies.

Each verb is a `main(argv) -> exit code` in the package that does it, which is imported only when
the verb is given: `nvp --help` loads neither torch nor ray.
"""

import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import NamedTuple

from nvp.config.closed_pipe import end_quietly
from nvp.config.command_parser import BAD_ARGUMENTS
from nvp.config.registry import suggest_nearest
from nvp.running.exit_codes import FAILED


class Verb(NamedTuple):
    """A verb of the command: the function behind it, its arguments, and its meaning."""

    home: str
    arguments: str
    meaning: str


VERBS = {
    "analyse": Verb("nvp.analysis.command:analyse", "STUDY", "draw its figures; print its answer"),
    "compare": Verb("nvp.analysis.command:compare", "A B", "put two studies side by side"),
    "explore": Verb(
        "nvp.analysis.explorer.command:main", "STUDY", "write a page to look at its trials by hand"
    ),
    "reproduction": Verb(
        "nvp.analysis.reproduction.page:main", "PLACE...", "hold studies against papers' claims"
    ),
    "export": Verb("nvp.trial.export:main", "STUDY", "write a trial's network as plain torch"),
    "export-runs": Verb(
        "nvp.trackers.command:main", "STUDY", "show its trials in TensorBoard, MLflow or W&B"
    ),
    "overlap": Verb("nvp.trial.overlap:main", "STUDY", "show what each criterion would prune"),
    "compact": Verb("nvp.storage.compact:main", "STUDY", "pack its many small files into a few"),
    "doctor": Verb("nvp.study.doctor:main", "YAML", "check a cluster's file and its nodes"),
    "data": Verb("nvp.data.fetch:main", "NAME...", "fetch data sets before a study needs them"),
    "methods": Verb("nvp.study.method_table:main", "", "list the pruning methods and the remedies"),
    "tables": Verb(
        "nvp.analysis.tables.command:main", "", "list every column; of a STUDY, write Parquet, CSV"
    ),
    "settings": Verb(
        "nvp.study.reference_pages:print_settings", "", "list every setting of a trial"
    ),
}


def write_usage() -> str:
    """Return the text that `nvp --help` prints."""
    lines = [
        f"  {f'{name} {verb.arguments}'.strip():24s}{verb.meaning}" for name, verb in VERBS.items()
    ]
    return "\n".join(
        [
            "usage: nvp VERB ...",
            "",
            *lines,
            "",
            "`nvp VERB --help` lists the arguments of a verb; `nvp --version` prints the version.",
            "A study runs by its own script: `python studies/sgd_noise.py --help`.",
        ]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb; return its exit code, 141 when nobody reads what it prints any more."""
    return end_quietly(partial(run_verb, argv))


def run_verb(argv: Sequence[str] | None) -> int:
    """Run a verb; return its exit code, 2 for a verb that is not there, 1 for a file it needs."""
    verb, *rest = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    if verb in ("-h", "--help", "help"):
        sys.stdout.write(write_usage() + "\n")
        return 0
    if verb == "--version":
        sys.stdout.write(f"nvp {version('nvp')}\n")
        return 0
    if verb not in VERBS:
        sys.stderr.write(
            f"error: expected a verb, one of {', '.join(VERBS)}; got {verb!r}"
            f"{suggest_nearest(verb, VERBS)}\n"
        )
        return BAD_ARGUMENTS
    module, _, function = VERBS[verb].home.partition(":")
    try:
        return getattr(import_module(module), function)(rest)
    except BrokenPipeError:
        raise
    except OSError as error:  # a folder that takes no file, a full disk
        sys.stderr.write(f"error: expected files that can be read and written, got: {error}\n")
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
