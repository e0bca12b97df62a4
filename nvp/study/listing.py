"""What a plan looks like on the terminal: its trials, their states, the cost of the rest."""

import shlex

from nvp.config.trial_config import TrialConfig
from nvp.planning.cost.disk_use import checkpoint_bytes, estimate_bytes, kept_bytes
from nvp.planning.cost.hours import price
from nvp.planning.design import Design
from nvp.planning.plan import Plan, State, to_run
from nvp.running.progress import duration
from nvp.storage.reader import Index
from nvp.storage.store import Storage
from nvp.trial.checkpoint import KEEP_LAST

MANY = 1000  # trials that are worth a pack


def print_plan(plan: Plan, state: State, index: Index) -> None:
    """Print the table of trials, their states and what the missing ones will cost."""
    paths = [*plan.design.space, "seed"]
    print("  ".join(["trial_id".ljust(12), "status  ", *paths]))
    for name, config in plan.trials.items():
        row = index.rows.get(name)
        status = row["status"] if row else "missing"
        values = [shown(value).ljust(len(path)) for path, value in plan.swept(config).items()]
        print("  ".join([name, status.ljust(8), *values]).rstrip())
    print_state(state)
    if state.missing:
        print_estimate(list(to_run(plan, state, index).values()), index)
    print_loose(index)


def print_loose(index: Index) -> None:
    """Print how to pack the finished trials in files of their own, when they are many."""
    count = len(index.rows.keys() - index.packed.keys())
    if count < MANY:
        return
    storage = index.storage
    root, study, preset = storage.root.rsplit("/", 2)
    place = Storage(storage.filesystem, root, storage.scheme, storage.query).place
    command = ["nvp", "compact", study, "--preset", preset, "--storage", place]
    print(f"{count} trials are in files of their own; to pack them, for faster starts and figures:")
    print(shlex.join(command))


def shown(value: object) -> str:
    """Return a value of a configuration, a fraction to six digits."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def print_search(design: Design, to_ask: int, index: Index) -> None:
    """Print how much of a search is still to be asked, by what, and the cost of it."""
    method = "TPE" if len(design.objectives) == 1 else "NSGA-II"
    goal = ", ".join(f"{direction} {name}" for name, direction in design.objectives.items())
    print(f"search: {to_ask} configurations to ask ({method}: {goal}), {design.seeds} seeds each")
    if to_ask:
        print_estimate([design.base] * (to_ask * design.seeds), index)


def print_estimate(trials: list[TrialConfig], index: Index) -> None:
    """Print what `trials` will cost in time and disk."""
    try:
        cost = price(trials, index)
        tables, each, kept = (f(trials) for f in (estimate_bytes, checkpoint_bytes, kept_bytes))
    except Exception as error:  # the network is the user's: the plan is worth seeing all the same
        print(f"estimate: none, a timed step failed with {type(error).__name__}: {error}")
        return
    print(
        f"estimate: {interval(cost.low, cost.high)} one after another, from {cost.source}; "
        f"{size(tables)} of tables; checkpoints {KEEP_LAST} x {size(each)} for each running trial, "
        f"{size(kept)} in all with --keep-checkpoints"
    )


def print_state(state: State) -> None:
    """Print how many trials are done, to run and failed, and why they failed."""
    print(f"{len(state.done)} done, {len(state.missing)} to run, {len(state.failed)} failed before")
    if state.parents:
        print(f"first the {len(state.parents)} that they start from: {', '.join(state.parents)}")
    for name, reason in state.failed.items():
        print(f"  {name} failed: {reason}")


def interval(low: float, high: float) -> str:
    """Return the time between two in words, with one unit where they share it: "3 to 5 min"."""
    first, last = duration(low), duration(high)
    if first == last:
        return first
    return f"{first.split()[0] if first.split()[1] == last.split()[1] else first} to {last}"


def size(count: float) -> str:
    """Return a number of bytes in words: "0.3 MB", "45 MB", "4.1 GB"."""
    megabytes = count / 1e6
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f} GB"
    return f"{megabytes:.0f} MB" if megabytes >= 10 else f"{megabytes:.1f} MB"
