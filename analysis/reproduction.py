"""docs/reproduction.md: `python -m analysis.reproduction PLACE... --out docs/reproduction.md`.

Every claim of `analysis/claims` and every published number of `analysis/*.csv` in a row, with what
the tables of the given places say of it. A number that was not measured is never filled in.
"""

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from analysis import layer_rates
from analysis.bars import bars
from analysis.claims import CLAIMS
from analysis.evidence import ran, rows_of
from analysis.imagenet import imagenet
from analysis.load import StudyFrames, load
from analysis.place import studies_at
from analysis.published import READ, numbers


def all_frames(places: list[str]) -> list[StudyFrames]:
    """Return every preset of every study of the places that has a finished trial."""
    found = []
    for place in places:
        for study, presets in studies_at(place).items():
            for preset in presets:
                try:
                    found.append(load(place, study, preset))
                except ValueError as error:
                    logging.warning("%s", error)
    return found


def content(studies: list[StudyFrames]) -> dict[str, Any]:
    """Return what the template shows of the studies."""
    rates = layer_rates.profile(studies)
    return {
        "claims": [row for claim in CLAIMS for row in rows_of(claim, studies)],
        "count": len(CLAIMS),
        "tables": numbers(studies),
        "imagenet": imagenet(studies),
        "bars": bars(studies),
        "read": READ,
        "rates": rates,
        "ranked": layer_rates.RANKED,
        "apart": layer_rates.APART,
        "rates_ran": ran(rates["frames"]) if rates["frames"] else "not run",
        "studies": [(frames.name, frames.preset, ran(frames)) for frames in studies],
    }


def main(argv: list[str] | None = None) -> int:
    """Write the document; return 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="+", metavar="PLACE", help="storage places of studies")
    parser.add_argument("--out", default="docs/reproduction.md", metavar="FILE")
    arguments = parser.parse_args(argv)
    environment = Environment(
        loader=PackageLoader("analysis", "."), trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("reproduction.md.j2")
    text = template.render(content(all_frames(arguments.places)))
    Path(arguments.out).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{arguments.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
