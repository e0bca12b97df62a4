"""Every network that was tried with adopt: the table of docs/adopting.md, and two bars.

`python -m benchmarks.adopting` tries every classifier of torchvision that fits into 8 GB, some of
timm and Hugging Face, and small ones of the tests, each in a process of its own, on one thread; it
takes about half an hour. With names (`torchvision/resnet18 hf/bert`) it tries these alone, and
their rows of the table are written anew. `bars` as the only name measures the bars alone.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import torchvision

from benchmarks.bar import SHORT, bar
from tests.network.adopting.networks import KNOWN

PAGE = Path(__file__).parent.parent / "docs" / "adopting.md"
START, END = "<!-- table: made by benchmarks.adopting -->", "<!-- end of table -->"
HEAD = (
    "| network | layers | prunable | units | adopted in s | parameters left at 50 % | faster at "
    "50 % | only watched, or not adopted |\n|---|---|---|---|---|---|---|---|"
)
TIMEOUT_S = 900
TIMM = (
    "resnet18",
    "deit_tiny_patch16_224",
    "vit_tiny_patch16_224",
    "convnext_atto",
    "mixer_s32_224",
    "resnetv2_50",
    "mobilenetv3_small_100",
    "efficientnetv2_rw_t",
    "ghostnet_100",
    "repvgg_a0",
)
HF = ("bert", "distilbert", "gpt2", "llama")
SECONDS_BAR, MEMORY_BAR = 5.0, 3.0


def all_names() -> list[str]:
    """Return the names of all networks that are tried."""
    names = [f"torchvision/{name}" for name in torchvision.models.list_models(torchvision.models)]
    names += [f"timm/{name}" for name in TIMM] + [f"hf/{name}" for name in HF]
    return names + [f"own/{name}" for name in KNOWN]


def measure(name: str, *more: str) -> dict[str, Any]:
    """Return what the process of one network found, or {"name": name, "failed": why}."""
    command = [sys.executable, "-m", "benchmarks.adopted_network", name, *more]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return {"name": name, "failed": f"not done within {TIMEOUT_S} s"}
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
    why = "it does not fit into 8 GB" if "alloc" in last or done.returncode < 0 else last
    return {"name": name, "failed": why[:200]}


def make_row(found: dict[str, Any]) -> str:
    """Return the row of a network in the table."""
    name = found["name"].removeprefix("torchvision/")
    if "failed" in found:
        return f"| {name} | | | | | | | {found['failed']} |"
    counts: Counter[str] = Counter()
    for why, number in found["reasons"].items():
        counts[shorten(why)] += number
    reasons = [f"{number}: {why}" for why, number in counts.most_common()]
    cells = (
        *(name, found["layers"], found["prunable"], found["units"], f"{found['seconds']:.1f}"),
        *(f"{found['left']:.0%}", f"{found['gain']:.1f}x", "; ".join(reasons)),
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def shorten(why: str) -> str:
    """Return a reason without the numbers of one case."""
    return re.sub(r"removing them fails: .*", "removing them fails", why).partition(": by ")[0]


def write_rows(rows: dict[str, str]) -> None:
    """Write rows into the table of the page, in the order of all names."""
    text = PAGE.read_text()
    before, rest = text.split(START)
    table, after = rest.split(END)
    known = {line.split("|")[1].strip(): line for line in table.strip().splitlines()[2:]}
    known |= {name.removeprefix("torchvision/"): row for name, row in rows.items()}
    order = [name.removeprefix("torchvision/") for name in all_names()]
    lines = [known[name] for name in order if name in known]
    PAGE.write_text(f"{before}{START}\n{HEAD}\n" + "\n".join(lines) + f"\n{END}{after}")


def measure_bars() -> bool:
    """Print both bars and return whether they hold."""
    resnet = measure("torchvision/resnet50", "224")
    vit = measure("torchvision/vit_b_16", "224")
    return all(
        [
            bar("adopting.resnet50_s", resnet["seconds"], "<=", SECONDS_BAR),
            bar("adopting.vit_b_16_memory", vit["memory"], "<=", MEMORY_BAR),
        ]
    )


def main(names: list[str]) -> int:
    if names != ["bars"]:
        for name in names or all_names():
            row = make_row(measure(name))
            print(row, flush=True)
            write_rows({name: row})
    return 0 if names and names != ["bars"] else 0 if measure_bars() else SHORT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
