"""Run a preset of studies whole, by one commit, and keep the tables in evidence/.

`laptop` is the default; `reduced` are the rows of `benchmarks.reduced`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.campaign.bundle import copy_study
from benchmarks.evidence.checkout import check_out
from benchmarks.evidence.whole import find_fault
from benchmarks.reduced import ROWS
from benchmarks.study_script import load_study
from nvp.config.registry import suggest_nearest
from nvp.running.exit_codes import BAD_ARGUMENTS, DONE, FAILED

ROOT = Path(__file__).parents[2]
BENCH = "benchmarks"
REDUCED = "reduced"  # of benchmarks.reduced: stored as quick, in a folder of that name
BESIDE = {"layer_deaths": "laptop", "layer_rates": "quick"}  # of benchmarks/, each at one preset


def main(argv: list[str] | None = None) -> int:
    """Run; return 0, 2 for bad arguments, else the exit code of the study that stopped."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("studies", nargs="*", metavar="STUDY", help="default: all with the preset")
    parser.add_argument("--preset", default="laptop", choices=("quick", "laptop", REDUCED))
    parser.add_argument("--place", type=Path, default=ROOT / "results/evidence", metavar="FOLDER",
                        help="where code and tables of the runs are")  # fmt: skip
    parser.add_argument("--commit", default="", help="whose code runs (default: the newest)")
    parser.add_argument("--out", type=Path, default=ROOT / "evidence", metavar="FOLDER",
                        help="where the tables of whole studies go")  # fmt: skip
    parser.add_argument("--no-ray", action="store_true", help="trials one after another")
    arguments = parser.parse_args(argv)
    try:
        code = check_out(ROOT, arguments.place, arguments.commit)
        names = choose_studies(code, arguments.studies, arguments.preset)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_ARGUMENTS
    reduced = arguments.preset == REDUCED
    within = REDUCED if reduced else ""
    tables, out = arguments.place / "tables" / within, arguments.out / within
    flags = ["--storage", str(tables.absolute())]
    flags += [] if reduced else ["--preset", arguments.preset]
    flags += ["--no-ray"] if arguments.no_ray else []
    for name in names:
        if stopped := run_study(name, [*choose_script(code, name, reduced), *flags], code):
            return stopped
        keep(tables / name / ("quick" if reduced else arguments.preset), out)
    return DONE


def choose_studies(code: Path, asked: list[str], preset: str) -> list[str]:
    """Return the studies to run.

    Raises:
        ValueError: one is not there, or has no such preset.
    """
    scripts = {path.stem: path for path in sorted((code / "studies").glob("*.py"))}
    if preset == REDUCED:
        having = list(ROWS)
    else:
        having = [name for name, path in scripts.items() if preset in load_study(path).presets]
        beside = [name for name, own in BESIDE.items() if own == preset]
        having += [name for name in beside if (code / BENCH / f"{name}.py").exists()]
    for name in asked:
        if name not in having:
            raise ValueError(
                f"expected a study with the preset {preset}, got {name!r}"
                f"{suggest_nearest(name, having)}"
            )
    return asked or having


def choose_script(code: Path, name: str, reduced: bool) -> list[str]:
    """Return the words of a study's command that come before its flags."""
    if reduced:
        return [str((code / BENCH / "reduced.py").absolute()), name]
    return [str((code / (BENCH if name in BESIDE else "studies") / f"{name}.py").absolute())]


def run_study(name: str, command: list[str], code: Path) -> int:
    """Run what is missing of a study; return its exit code.

    A second call runs nothing twice, so evidence that was interrupted goes on.
    """
    start = time.monotonic()
    environment = os.environ | {"PYTHONPATH": str(code.absolute())}
    data = Path(os.environ.get("NVP_DATA", "data")).absolute()
    environment |= {"NVP_DATA": str(data)} if data.is_dir() else {}
    # in its folder: Ray let workers of earlier commits import an `nvp` of the current one
    ended = subprocess.run([sys.executable, *command], env=environment, cwd=code)
    print(f"{name}: {(time.monotonic() - start) / 60:.1f} min, exit code {ended.returncode}")
    return 0 if ended.returncode == FAILED else ended.returncode  # `keep` names what is missing


def keep(study: Path, out: Path) -> None:
    """Copy the tables of a whole study, without `neurons`; name one that is not whole."""
    target = out / study.parent.name / study.name
    if fault := find_fault(study):
        print(f"{study.parent.name}: not kept, {fault}")
        return
    shutil.rmtree(target, ignore_errors=True)  # of an earlier code
    copy_study(study, target)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{study.parent.name}: kept in {target}, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    sys.exit(main())
