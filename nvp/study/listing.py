"""A plan on the terminal: its trials, their states, the cost of the missing ones, the end."""

import shlex
import shutil
import sys
from collections import Counter
from itertools import islice

from nvp.config.trial_config import TrialConfig
from nvp.planning.cost.disk_use import checkpoint_bytes, estimate_bytes, kept_bytes
from nvp.planning.cost.hours import estimate_price
from nvp.planning.design import Design
from nvp.planning.plan import Plan
from nvp.planning.plan_state import PlanState, select_trials
from nvp.running.last_words import explain_continuing
from nvp.running.progress import format_duration
from nvp.storage.index import Index
from nvp.storage.store import Storage
from nvp.trial.checkpoint import KEEP_LAST
from nvp.trial.settings_read import find_unread

MOST_LINES = 1000  # trials that --dry-run lists
MOST_NAMES = 100  # that a line has
MANY = 1000  # trials in files of their own that are worth packing


def print_plan(plan: Plan, state: PlanState, index: Index) -> None:
    """Print the table of trials, their states and what the missing ones will cost.

    A swept value that a trial does not read is left empty.
    """
    paths = [*plan.design.space, "seed"]
    print("  ".join(["trial_id".ljust(12), "status  ", *paths]))
    for name, config in islice(plan.trials.items(), MOST_LINES):
        row = index.rows.get(name)
        status = row["status"] if row else "missing"
        unread = find_unread(config)
        values = [
            ("" if path in unread else format_value(value)).ljust(len(path))
            for path, value in plan.swept_values(config).items()
        ]
        print("  ".join([name, status.ljust(8), *values]).rstrip())
    if len(plan.trials) > MOST_LINES:
        print(f"... and {len(plan.trials) - MOST_LINES:,} more")
    print_state(state)
    if state.missing:
        print_estimate(list(select_trials(plan, state, index).values()), index)
    print_packing(index)


def print_packing(index: Index) -> None:
    """Print how to pack the finished trials that are in files of their own, when they are many."""
    count = len(index.rows.keys() - index.packed.keys())
    if count < MANY:
        return
    print(f"{count} trials are in files of their own; to pack them, for faster starts and figures:")
    print(format_verb("compact", index.storage))


def format_verb(verb: str, storage: Storage) -> str:
    """Return the command that runs a verb of nvp on a study; it works from any folder.

    It names the place in full, and Python itself where no shell would find `nvp`.
    """
    root, study, preset = storage.root.rsplit("/", 2)
    place = Storage(storage.filesystem, root, storage.scheme, storage.query).place
    nvp = ["nvp"] if shutil.which("nvp") else [sys.executable, "-m", "nvp"]
    return shlex.join([*nvp, verb, study, "--preset", preset, "--storage", place])


def format_value(value: object) -> str:
    """Return a value of a configuration, a fraction to six digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def print_search(design: Design, to_ask: int, index: Index) -> None:
    """Print how many configurations a search will ask, by which method, and their cost."""
    goal = ", ".join(f"{direction} {name}" for name, direction in design.objectives.items())
    print(
        f"search: {to_ask} configurations to ask ({design.sampler}: {goal}), "
        f"{design.seeds} seeds each"
    )
    if to_ask:
        print_estimate([design.base] * (to_ask * design.seeds), index)


def print_estimate(trials: list[TrialConfig], index: Index) -> None:
    """Print what `trials` will cost in time and disk."""
    try:
        cost = estimate_price(trials, index)
        tables, each, kept = (f(trials) for f in (estimate_bytes, checkpoint_bytes, kept_bytes))
    except Exception as error:  # of the user's network; the plan is worth seeing all the same
        print(f"estimate: none, a timed step failed with {type(error).__name__}: {error}")
        return
    print(
        f"estimate: {format_interval(cost.low, cost.high)} one after another, from {cost.source}; "
        f"{format_size(tables)} of tables; checkpoints {KEEP_LAST} x {format_size(each)} for each "
        f"running trial, "
        f"{format_size(kept)} in all with --keep-checkpoints"
    )


def print_state(state: PlanState) -> None:
    """Print how many trials are done, to run and failed, and why they failed."""
    print(f"{len(state.done)} done, {len(state.missing)} to run, {len(state.failed)} failed before")
    if state.again:
        print(f"{len(state.again)} of them are finished and run again, as the flags ask")
    if state.parents:
        some = ", ".join(state.parents[:MOST_NAMES])
        more = ", ..." if len(state.parents) > MOST_NAMES else ""
        print(f"first the {len(state.parents)} that they start from: {some}{more}")
    for name, reason in islice(state.failed.items(), MOST_LINES):
        print(f"  {name} failed: {reason}")
    if len(state.failed) > MOST_LINES:
        print(f"  ... and {len(state.failed) - MOST_LINES:,} more")


def print_end(study: str, state: PlanState, index: Index) -> None:
    """Print how a start ended, and the command that comes next.

    Args:
        study: its name.
        state: of the trials that were to run.
        index: the committed rows.
    """
    counts = Counter(index.rows[name]["status"] for name in state.done)
    censored = f", {counts['censored']} censored" if counts["censored"] else ""
    print(
        f"{study}: {len(state.done)} of {len(state.done) + len(state.missing)} trials done "
        f"({counts['diverged']} diverged{censored}), {len(state.missing)} missing; "
        f"tables in {index.storage.root}"
    )
    for name, reason in state.failed.items():
        print(f"  {name} failed: {reason}")
    if state.missing:
        print(explain_continuing("run it again to try the missing ones"))
        return
    print_packing(index)
    print(f"draw it: {format_verb('analyse', index.storage)}")


def format_interval(low: float, high: float) -> str:
    """Return the time between two in words, with one unit where they share it: "3 to 5 min"."""
    first, last = format_duration(low), format_duration(high)
    if first == last:
        return first
    return f"{first.split()[0] if first.split()[1] == last.split()[1] else first} to {last}"


def format_size(count: float) -> str:
    """Return a number of bytes in words: "0.3 MB", "45 MB", "4.1 GB"."""
    megabytes = count / 1e6
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f} GB"
    return f"{megabytes:.0f} MB" if megabytes >= 10 else f"{megabytes:.1f} MB"
