"""What became of an item, as a JSON file; the machine that it ran on; the summary of a campaign.

Statuses: `done`, `failed`, `unfinished` (its time was over; it continues), and, for an item without
a record, `left`.
"""

import json
import os
import platform
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.bar import SHORT
from benchmarks.campaign.item import Item
from nvp.trial.trial_row import name_device

BAR = re.compile(r"^BAR (\S+) measured=(\S+) target=(<=|>=)(\S+) (ok|short)$", re.MULTILINE)
TAIL = 20_000  # characters of an item's output that its record keeps


def describe_machine(device: str) -> dict[str, Any]:
    """Return what this runs on."""
    return {
        "device": name_device(device),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "date": time.strftime("%Y-%m-%d"),
    }


def read_record(folder: Path, item: Item) -> dict[str, Any]:
    """Return the record of an item; of one that has not run yet: its status is `left`."""
    file = folder / "records" / f"{item.name}.json"
    if not file.exists():
        return {"item": item.name, "stage": item.stage, "status": "left", "seconds": 0.0, "runs": 0}
    return json.loads(file.read_text())


def write_record(
    folder: Path, item: Item, machine: dict[str, Any], *, code: int, seconds: float, output: str
) -> dict[str, Any]:
    """Write what became of a run of an item; return it.

    Args:
        folder: of the campaign.
        item: that ran.
        machine: that it ran on.
        code: exit code of its command; negative: the signal that ended it.
        seconds: of this run.
        output: all that it printed.
    """
    before = read_record(folder, item)
    record = before | {
        "status": judge_exit(item, code),
        "code": code,
        "seconds": round(before["seconds"] + seconds, 1),
        "runs": before["runs"] + 1,
        "command": " ".join(("python", *item.command)),
        "machine": machine,
        "bars": read_bars(output),
        "output": output[-TAIL:],
    }
    target = folder / "records" / f"{item.name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".tmp")
    partial.write_text(json.dumps(record, indent=1))
    partial.replace(target)
    return record


def judge_exit(item: Item, code: int) -> str:
    """Return the status that an exit code stands for; a bar that is short is a result."""
    if code == 0 or (code == SHORT and item.stage == "measurements"):
        return "done"
    interrupted = code in (130, -2, -9, -15)
    return "unfinished" if interrupted and item.study else "failed"


def read_bars(output: str) -> list[dict[str, Any]]:
    """Return the bars that a benchmark printed."""
    return [
        {"name": name, "measured": float(value), "target": f"{operator} {target}", "holds": verdict}
        for name, value, operator, target, verdict in BAR.findall(output)
    ]


def summarise(folder: Path, items: Sequence[Item]) -> str:
    """Return the campaign as a table: what ran, what failed, how long each took, what is left."""
    records = [read_record(folder, item) for item in items]
    lines = [f"{r['item']:28} {r['status']:10} {r['seconds']:8.1f} s" for r in records]
    for record in records:
        for bar in record.get("bars", []):
            lines.append(f"  {bar['name']}: {bar['measured']:g} ({bar['target']}) {bar['holds']}")
        if record["status"] == "failed":
            last = (record["output"].strip().splitlines() or ["no output"])[-1]
            lines.append(f"  {record['item']} failed: {last}")
    counts = {s: sum(r["status"] == s for r in records) for s in ("done", "failed", "unfinished")}
    left = len(records) - sum(counts.values())
    total = sum(record["seconds"] for record in records)
    ended = ", ".join(f"{count} {status}" for status, count in counts.items())
    return "\n".join([*lines, f"campaign: {ended}, {left} left; {total / 60:.1f} minutes in all"])
