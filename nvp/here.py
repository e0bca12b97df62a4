"""Run trials one after another in this process, and the signals that stop a run."""

import signal
from typing import Any

import torch

from nvp.config import TrialConfig
from nvp.progress import Display
from nvp.storage import Storage
from nvp.trial import run_trial


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
) -> None:
    """Run `trials` one after another in this process."""
    for config in trials.values():
        if asked:
            return
        trial = run_trial(
            config,
            storage,
            device=device,
            checkpoint_seconds=checkpoint_seconds,
            keep_checkpoint=keep_checkpoints,
        )
        for progress in trial:
            display.update(progress)
            if asked and progress.status == "running":
                trial.close()


def catch_signals(asked: list[str]) -> None:
    """Let SIGINT and SIGTERM fill `asked`; a second one kills as usual."""

    def ask(number: int, frame: Any) -> None:
        asked.append(signal.Signals(number).name)
        signal.signal(number, signal.default_int_handler)
        print(f"\n{asked[-1]}: saving the running trials; again to quit at once", flush=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
