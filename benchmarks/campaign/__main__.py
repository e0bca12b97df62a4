"""Run the campaign: `python -m benchmarks.campaign --minutes 9`. Called again, it continues."""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

import torch

from benchmarks.campaign.bundle import read_bundle, write_bundle
from benchmarks.campaign.item import Item
from benchmarks.campaign.items import list_items
from benchmarks.campaign.record import describe_machine, read_record, summarise
from benchmarks.campaign.runner import GRACE, Campaign

PACKING = 20.0  # seconds to write the bundle


def main(argv: list[str] | None = None) -> int:
    """Run the campaign; return 0 once all is done, 1 when something failed, 3 when some is left."""
    arguments = parse(argv)
    folder: Path = arguments.folder.resolve()
    start = time.monotonic()
    if read_bundle(folder):
        print(f"continues from {folder}.tar.gz", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    listed = list_items(arguments.device, folder, small=arguments.small)
    items = [item for item in listed if chosen(item, arguments.only)]
    campaign = Campaign(
        folder=folder,
        machine=describe_machine(arguments.device),
        end=start + max(0.0, 60 * arguments.minutes - GRACE - PACKING),
        processes=arguments.processes,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: setattr(campaign, "stopped", True))
    campaign.run(items)
    print(summarise(folder, items))
    print(f"carry home: {write_bundle(folder)}", flush=True)
    found = {read_record(folder, item)["status"] for item in items}
    return 1 if "failed" in found else 3 if found & {"left", "unfinished"} else 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.campaign", description=__doc__)
    add = parser.add_argument
    add("--minutes", type=float, default=9.0, help="that it may take in all (default: 9)")
    add("--folder", type=Path, default=Path("results/campaign"), help="where everything is kept")
    add("--device", default="cuda", choices=("cuda", "cpu"))
    add("--small", action="store_true", help="everything cut down to seconds: tries the code")
    add("--only", nargs="+", default=[], metavar="ITEM", help="these items or stages")
    add("--processes", type=int, default=None, metavar="N", help="studies at a time")
    arguments = parser.parse_args(argv)
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device: expected a GPU, found none; --device cpu --small tries the code")
    known = list_items(arguments.device, arguments.folder, small=arguments.small)
    for name in arguments.only:
        if not any(chosen(item, [name]) for item in known):
            stages = dict.fromkeys(item.stage for item in known)
            parser.error(f"--only: expected an item or one of {', '.join(stages)}, got {name!r}")
    if arguments.processes is None:
        arguments.processes = max(1, min(4, (os.cpu_count() or 1) // 2))
    return arguments


def chosen(item: Item, only: list[str]) -> bool:
    """Whether an item is one of those asked for; all are when nothing is asked for."""
    return not only or item.name in only or item.stage in only


if __name__ == "__main__":
    sys.exit(main())
