"""Run trials one after another in this process, and the signals that stop a run."""

import signal
from collections.abc import Iterator
from typing import Any

import torch

from nvp.config.trial_config import TrialConfig
from nvp.planning.queue import Source
from nvp.running.progress import Display
from nvp.storage.store import Storage
from nvp.trial.early_stopping import Asha
from nvp.trial.run import run_trial


def device_for(gpus: float) -> str:
    """Return the device of trials in this process: a GPU where the preset wants one and it is."""
    return "cuda" if gpus and torch.cuda.is_available() else "cpu"


def run_here(
    trials: dict[str, TrialConfig],
    storage: Storage,
    device: str,
    checkpoint_seconds: float,
    *,
    display: Display,
    asked: list[str],
    keep_checkpoints: bool = False,
    asha: Asha | None = None,
    parents: frozenset[str] = frozenset(),
    source: Source = Source(),  # noqa: B008 (it has no state)
) -> None:
    """Run `trials`, then those of `source`, one after another in this process.

    The checkpoints of `parents` are kept for their forks, and ASHA does not stop them.
    """
    for name, config in in_turn(trials, source):
        if asked:
            return
        trial = run_trial(
            config,
            storage,
            device=device,
            checkpoint_seconds=checkpoint_seconds,
            keep_checkpoint=keep_checkpoints or name in parents,
            asha=None if name in parents else asha,
        )
        for progress in trial:
            display.update(progress)
            if asked and progress.status == "running":
                trial.close()
        source.ended(name)


def in_turn(trials: dict[str, TrialConfig], source: Source) -> Iterator[tuple[str, TrialConfig]]:
    """Yield the known trials, then what the source has, asked for only when it is its turn."""
    yield from trials.items()
    while (asked := source.next()) is not None:
        yield asked


def catch_signals(asked: list[str]) -> None:
    """Let SIGINT and SIGTERM fill `asked`; a second one kills as usual."""

    def ask(number: int, frame: Any) -> None:
        asked.append(signal.Signals(number).name)
        signal.signal(number, signal.default_int_handler)
        print(f"\n{asked[-1]}: saving the running trials; again to quit at once", flush=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
