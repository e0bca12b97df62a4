"""Make the documents that come from the tables in evidence/."""

import argparse
import sys
from pathlib import Path

from benchmarks.documents.findings import write_findings
from benchmarks.documents.front import write_front
from benchmarks.documents.remedies import write_remedies
from benchmarks.documents.whole_studies import load_whole
from benchmarks.evidence.__main__ import REDUCED
from nvp.analysis.reproduction.page import select_ours, write_page

ROOT = Path(__file__).parents[2]


def main(argv: list[str] | None = None) -> int:
    """Write what docs/ and README.md hold of evidence; return 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.documents", description=__doc__)
    parser.add_argument("--place", type=Path, default=ROOT / "evidence", metavar="FOLDER",
                        help="the tables")  # fmt: skip
    parser.add_argument("--root", type=Path, default=ROOT, metavar="FOLDER",
                        help="where README.md and docs/ are")  # fmt: skip
    arguments = parser.parse_args(argv)
    studies, left_out = load_whole(arguments.place)
    for line in left_out:
        print(f"left out: {line}")
    told = write_findings(studies, left_out, arguments.root / "docs")
    write_front(told, arguments.root)
    write_remedies(studies, arguments.root / "docs/remedies/README.md")
    reduced, _ = load_whole(arguments.place / REDUCED)
    write_page(select_ours([*studies, *reduced]), arguments.root / "docs/reproduction.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
