"""What the cards of docs/methods take from the code and from the results: heads, tables, numbers.

A card is written by hand, except between a line `<!-- made: NAME ... -->` and `<!-- end: NAME -->`:
`head` (what the method is and what changes it) and `measured` (what the small setting gave).
"""

from pathlib import Path

import pandas as pd

from benchmarks.made_parts import fill
from benchmarks.method_keys import keys_of
from benchmarks.method_results import measured, table_of_results
from nvp.config.trial_config import PruneConfig
from nvp.pruning import ALLOCATIONS, CRITERIA, METHODS, SCHEDULES, SOFT, WEIGHT_CRITERIA, Method
from nvp.pruning.regrowth.candidates import REACTIVATIONS
from nvp.pruning.regrowth.exchange import EXCHANGES
from nvp.pruning.schedule import ROUNDS
from nvp.pruning.trigger import TRIGGERS

FOLDER = Path(__file__).parent.parent / "docs" / "methods"
MADE = "python -m benchmarks.methods"


EMPTY_CARD = """# {name}: TITLE

<!-- made: head -->
<!-- end: head -->

## What it does

## Equation

## Where we differ, and why

## Source

## Measured

<!-- made: measured -->
<!-- end: measured -->
"""


def start_card(name: str, folder: Path = FOLDER) -> None:
    """Write a card with empty sections for a method that has none."""
    path = folder / f"{name}.md"
    if not path.exists():
        path.write_text(EMPTY_CARD.format(name=name))


def write_pages(results: Path, folder: Path = FOLDER) -> None:
    """Bring the made parts of every card and of the index up to date."""
    frame = pd.read_csv(results)
    for name in METHODS:
        (folder / f"{name}.md").write_text(card(name, frame, folder))
    (folder / "README.md").write_text(index(frame, folder))


def card(name: str, frame: pd.DataFrame, folder: Path = FOLDER) -> str:
    """Return a card with its made parts as the code and the results say now."""
    text = fill((folder / f"{name}.md").read_text(), "head", head(name), by=MADE)
    return fill(text, "measured", measured(name, frame), by=MADE)


def index(frame: pd.DataFrame, folder: Path = FOLDER) -> str:
    """Return the index with its tables as the code and the results say now."""
    text = fill((folder / "README.md").read_text(), "methods", table_of_methods(), by=MADE)
    return fill(text, "measured", table_of_results(frame), by=MADE)


def head(name: str) -> str:
    """Return the summary of a method and the table of its parts."""
    rows = [f"| {part} | {value} | {keys} |" for part, value, keys in parts(METHODS[name])]
    table = "\n".join(["| part | of this method | changed by `--set` |", "|---|---|---|", *rows])
    return f"> {METHODS[name].summary}\n\n{table}\n\nTo run it: `--set prune.method={name}`."


def parts(method: Method) -> list[tuple[str, str, str]]:
    """Return (part, what it is, the configuration paths that change it) for each part it has."""
    if method.aim == "none":
        return [("aim", "none: nothing is masked", "")]
    outcome = "sparsity is an outcome (`emergent`)"
    sparsity = f"a sparsity of {PruneConfig().sparsity} unless set (`target`)"
    found = {
        "aim": sparsity if method.aim == "target" else outcome,
        "masks": {"neuron": "neurons", "weight": "single weights"}[method.granularity],
        "criterion": told(method.criterion, criterion_of(method)),
        "allocation": told(method.allocation, ALLOCATIONS[method.allocation]),
        "schedule": told(method.schedule, SCHEDULES[method.schedule]),
    }
    keys = keys_of(method)
    found |= more_parts(method)
    return [(part, value, listed(keys.get(part, []))) for part, value in found.items()]


def more_parts(method: Method) -> dict[str, str]:
    """Return {part: what it is} of the parts that only some methods have."""
    scales, noise = f"{method.scale_l1:g}", f"{method.live_noise:g}"
    needs = ", ".join(f"`{need}`" for need in method.needs)
    course, found = method.scale_l1_schedule, {}
    if method.schedule in SOFT:
        found["mask"] = "soft: released before the next epoch, so what was zeroed may regrow"
    if method.trigger:
        found["trigger"] = told(method.trigger, TRIGGERS[method.trigger])
    if method.in_rounds != "once":
        found["rounds in a step"] = told(method.in_rounds, ROUNDS[method.in_rounds])
    if method.regrow != "none":
        found["regrow"] = told(method.regrow, {**REACTIVATIONS, **EXCHANGES}[method.regrow])
    if method.rewinds:
        found["rewinds"] = "to the initial weights after each pruning"
    if method.scale_l1:
        found["L1 on scales"] = f"{scales}, {course}"
    if method.live_noise:
        found["noise on living weights"] = f"{noise}, {course}"
    return found | ({"needs": needs} if needs else {})


def told(name: str, of: object) -> str:
    """Return the name of a part and the first line of its docstring."""
    line = (of.__doc__ or "").strip().splitlines()[0]
    return f"`{name}`: {escape(line)}"


def criterion_of(method: Method) -> object:
    """Return the criterion of a method as it is by default."""
    criteria = WEIGHT_CRITERIA if method.granularity == "weight" else CRITERIA
    return criteria[method.criterion](PruneConfig())


def listed(keys: list[str]) -> str:
    """Return configuration paths with their defaults."""
    plain = PruneConfig()
    values = {key: getattr(plain, key) for key in keys}
    own = {"", -1.0}  # the method's
    return ", ".join(
        f"`prune.{key}`" + ("" if value in own else f" ({value})") for key, value in values.items()
    )


def design(method: Method) -> str:
    """Return criterion x allocation x schedule (x regrow)."""
    names = [method.criterion, method.allocation, method.schedule]
    names += [method.regrow] if method.regrow != "none" else []
    return " × ".join(f"`{name}`" for name in names if name) or "-"


def escape(text: str) -> str:
    """Return text that does not end a cell of a table."""
    return text.replace("|", "\\|")


def table_of_methods() -> str:
    """Return the index of all methods."""
    rows = ["| method | aim | masks | design | in a line |", "|---|---|---|---|---|"]
    for name, method in METHODS.items():
        masks = "-" if method.aim == "none" else f"{method.granularity}s"
        cells = (f"[{name}]({name}.md)", method.aim, masks, design(method), escape(method.summary))
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)
