"""docs/reproduction.md: `nvp reproduction PLACE... --out docs/reproduction.md`.

Every claim of `claims` and every published number of the CSV files has a row, with the result of
the studies in the given storages. A number that was not measured is never filled in.
"""

import logging
import sys
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from nvp.analysis.frames.load import StudyFrames, load
from nvp.analysis.reproduction import imagenet, layer_deaths, layer_rates, published
from nvp.analysis.reproduction.bars import NEAR, judge_bars
from nvp.analysis.reproduction.claims import CLAIMS
from nvp.analysis.reproduction.evidence import list_margins, tell_claims
from nvp.analysis.reproduction.imagenet import compare_imagenet
from nvp.analysis.reproduction.published import compare_accuracies
from nvp.analysis.reproduction.runs import describe_accuracy, describe_run
from nvp.config.command_parser import BAD_ARGUMENTS, CommandParser
from nvp.storage.studies import PRESETS, list_studies

# each study of this repository tests a claim, or has a table of its own
OURS = {claim.study for claim in CLAIMS} - {""} | {layer_rates.STUDY, layer_deaths.STUDY}


def load_all(places: list[str]) -> list[StudyFrames]:
    """Return every preset of each of our studies in the places that has a finished trial.

    A study of somebody's own, or of a Monitor, tests no claim. It is left out, since its primary
    comparison would enter the family of ours, and correct their p's for tests that are not theirs.
    """
    found = []
    for place in places:
        for study, presets in list_studies(place).items():
            for preset in presets:
                if study not in OURS or preset not in PRESETS:
                    logging.info("%s/%s is left out: no claim is about it", study, preset)
                    continue
                try:
                    found.append(load(place, study, preset))
                except ValueError as error:
                    logging.warning("%s", error)
    return found


def select_ours(studies: list[StudyFrames]) -> list[StudyFrames]:
    """Return the studies of which a claim or a table of the page is; see `load_all`."""
    return [frames for frames in studies if frames.name in OURS]


def gather_contents(studies: list[StudyFrames]) -> dict[str, Any]:
    """Return what the template shows of the studies."""
    rates = layer_rates.compare_layer_rates(studies)
    deaths = layer_deaths.compare_layer_deaths(studies)
    primaries, claims = tell_claims(CLAIMS, studies)
    return {
        "primaries": primaries,
        "claims": claims,
        "margins": list_margins(CLAIMS),
        "count": len(CLAIMS),
        "tables": compare_accuracies(studies),
        "imagenet": compare_imagenet(studies),
        "bars": judge_bars(studies),
        "near": f"{NEAR:.0%}",
        "margin": published.MARGIN,
        "imagenet_margins": (imagenet.MARGIN, imagenet.MARGIN_OF_TIME),
        "rates": rates,
        "ranked": layer_rates.RANKED,
        "apart": layer_rates.APART,
        "deaths": deaths["tables"],
        "deaths_ran": describe_run(deaths["frames"]) if deaths["frames"] else "not run",
        "rates_ran": describe_run(rates["frames"]) if rates["frames"] else "not run",
        "studies": [
            (frames.name, frames.preset, describe_run(frames), describe_accuracy(frames))
            for frames in studies
        ],
    }


def write_page(studies: list[StudyFrames], out: Path) -> None:
    """Write the page of studies that each test a claim or have a table of their own."""
    shown = gather_contents(studies)
    text = render_markdown("nvp.analysis.reproduction", "reproduction.md.j2", shown)
    out.write_text(text, encoding="utf-8")


def render_markdown(package: str, template: str, shown: dict[str, Any]) -> str:
    """Return a page of Markdown from a template that lies in a package."""
    loader = PackageLoader(package, ".")
    environment = Environment(loader=loader, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(template).render(shown)


def main(argv: list[str] | None = None) -> int:
    """Write the document; return 0, or 2 after one line on what is wrong."""
    parser = CommandParser(
        prog="nvp reproduction", description="Hold studies against the claims of the papers."
    )
    parser.add_argument("places", nargs="+", metavar="PLACE", help="a storage that holds studies")
    parser.add_argument(
        "--out",
        default="docs/reproduction.md",
        metavar="FILE",
        help="the page to write (default: docs/reproduction.md)",
    )
    arguments = parser.parse_args(argv)
    try:
        write_page(load_all(arguments.places), Path(arguments.out))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return BAD_ARGUMENTS
    sys.stdout.write(f"{arguments.out}\n")
    return 0
