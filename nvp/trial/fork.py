"""Forks: trials that start where their parent ended, so that methods differ in nothing else.

The random streams are functions of (seed, stream, epoch): forks of one parent see the same batches
in the same order from there on, and a fork that changes nothing is the parent trained for longer.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nvp.config.dotted_paths import flatten_config
from nvp.config.trial_config import PruneConfig, RemedyConfig, TrialConfig
from nvp.network.train_state import Diverged, TrainState
from nvp.pruning import plan_pruning
from nvp.remedies.treatment import go_on_from_parent
from nvp.storage.index import read_index
from nvp.storage.plans import make_keeping_command
from nvp.storage.store import Storage
from nvp.trial.checkpoint import Checkpoint, read_checkpoints, restore_state

SHARED = ("data", "model", "precision", "layout", "optim.name")


def make_parent(fork: TrialConfig, changes: Mapping[str, Any]) -> TrialConfig:
    """Return the configuration of a fork's parent: the fork's with `changes`, without methods.

    Raises:
        ValueError: when the fork could not start from it.
    """
    bare = replace(fork, parent="", prune=PruneConfig(), remedy=RemedyConfig())
    parent = bare.with_overrides(dict(changes))
    if parent.seed != fork.seed:
        raise ValueError(f"parent: expected the seed of its forks, got seed={parent.seed}")
    check_pair(parent, fork)
    return parent


def check_pair(parent: TrialConfig, fork: TrialConfig) -> None:
    """Raise ValueError when `fork` cannot start where `parent` ends."""
    if parent.steps or fork.steps or parent.epochs >= fork.epochs:
        raise ValueError(
            f"parent: expected epochs, fewer than the {fork.epochs} of its forks, got "
            f"{parent.epochs} epochs and steps={parent.steps or fork.steps}"
        )
    if fork.data.task != "none":
        raise ValueError(
            "parent: expected data.task=none in forks, which train the end of their parent's task "
            f"for longer, got data.task={fork.data.task}"
        )
    theirs, own = flatten_config(parent), flatten_config(fork)
    for path in own:
        shared = path in SHARED or path.partition(".")[0] in SHARED
        if shared and theirs[path] != own[path]:
            raise ValueError(
                f"parent: expected {path}={own[path]!r} as in its forks, got {theirs[path]!r}"
            )
    check_method(fork)


def check_method(fork: TrialConfig) -> None:
    """Raise ValueError for a method that needs the network before its first step."""
    plan = plan_pruning(fork.prune)
    if plan.schedule in ("at_init", "zero_at_init") or plan.method.rewinds:
        raise ValueError(
            f"prune.method: expected one that prunes while a fork trains, got {fork.prune.method}, "
            "which needs the network before its first step (prune.schedule=one_shot prunes a fork "
            "at its first measuring point after prune.start)"
        )


def find_last_checkpoint(storage: Storage, parent: str) -> Checkpoint:
    """Return the checkpoint of a finished parent's end.

    Raises:
        Diverged: the parent did.
        ValueError: the parent is not finished, or its checkpoint is not there.
    """
    row = read_index(storage, parent).rows.get(parent, {"status": "missing", "epochs": None})
    if row["status"] == "diverged":
        raise Diverged(f"parent {parent} diverged: there is no network to start from")
    for checkpoint in read_checkpoints(storage, parent) if row["status"] == "done" else ():
        if checkpoint.header["epoch"] == row["epochs"]:
            return checkpoint
    raise ValueError(explain_missing_parent(storage, parent, row["status"]))


def explain_missing_parent(storage: Storage, parent: str, status: str) -> str:
    """Return the error for a parent that forks cannot start from, with the remedy."""
    got = "one without its last checkpoint" if status == "done" else f"a {status} one"
    return (
        f"parent: expected the finished trial {parent} with its last checkpoint in {storage.root}, "
        f"got {got}; run it first: {make_keeping_command(storage, parent)}"
    )


def start_from_parent(storage: Storage, parent: str, state: TrainState) -> str | None:
    """Bring `state`, freshly built, to the end of its parent; its method remembers nothing yet.

    Returns:
        the code that the parent was trained by; None: unknown.
    """
    checkpoint = find_last_checkpoint(storage, parent)
    own = state.remedy
    restore_state(checkpoint, state)
    state.memory, state.remedy = {}, go_on_from_parent(own, state.remedy)
    state.forked = state.epoch
    return checkpoint.header["diary"].get("code")
