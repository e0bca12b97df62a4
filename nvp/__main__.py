"""The command `nvp` (also `python -m nvp`): one verb for each thing to do with studies.

Each verb is a `main(argv) -> exit code` in the package that does it, which is imported only when
the verb is given: `nvp --help` loads neither torch nor ray.
"""

import sys
from collections.abc import Sequence
from importlib import import_module

from nvp.config.registry import nearest

VERBS = {
    "analyse": ("nvp.analysis.command:analyse", "STUDY: figures, answer and report.html"),
    "compare": ("nvp.analysis.command:compare", "A B: two studies side by side"),
    "reproduction": ("nvp.analysis.reproduction.page:main", "PLACE...: the papers' claims"),
    "export": ("nvp.trial.export:main", "STUDY: a trial's network as plain torch"),
    "overlap": ("nvp.trial.overlap:main", "STUDY: what each criterion would have pruned"),
    "compact": ("nvp.storage.compact:main", "STUDY: many small files into a few"),
    "doctor": ("nvp.study.doctor:main", "YAML: is a cluster's file right, are its nodes there"),
    "data": ("nvp.data.fetch:main", "NAME...: fetch data sets before a study does"),
    "methods": ("nvp.pruning.method_table:main", "the pruning methods"),
    "tables": ("nvp.study.reference_pages:tables", "every column of every table"),
    "settings": ("nvp.study.reference_pages:settings", "every setting of a trial"),
}
BAD_ARGUMENTS = 2


def usage() -> str:
    """Return what `nvp --help` prints."""
    lines = [f"  {verb:14s}{meaning}" for verb, (_, meaning) in VERBS.items()]
    return "\n".join(
        ["usage: nvp VERB ...", "", *lines, "", "`nvp VERB --help` lists the arguments of a verb."]
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb; return its exit code, 2 for a verb that does not exist."""
    verb, *rest = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    if verb in ("-h", "--help", "help"):
        sys.stdout.write(usage() + "\n")
        return 0
    if verb not in VERBS:
        sys.stderr.write(
            f"error: expected a verb, one of {', '.join(VERBS)}; got {verb!r}"
            f"{nearest(verb, VERBS)}\n"
        )
        return BAD_ARGUMENTS
    module, _, function = VERBS[verb][0].partition(":")
    return getattr(import_module(module), function)(rest)


if __name__ == "__main__":
    sys.exit(main())
