"""Run a study from Python or from a cell of a notebook, and get its tables as frames."""

import signal
from collections.abc import Mapping
from typing import Any, Unpack

from nvp.analysis.frames.load import StudyFrames, read_frames
from nvp.interactive.call import Flags, list_flags
from nvp.running.last_words import explain_continuing
from nvp.running.signals import catch_signals
from nvp.storage.study_folder import open_study, read_study
from nvp.study.command_line import read_call
from nvp.study.run_place import choose_run_preset
from nvp.study.study import Study, start_study


def run(
    study: Study,
    *,
    preset: str = "auto",
    storage: str | None = None,
    seeds: int | None = None,
    settings: Mapping[str, Any] | None = None,
    **flags: Unpack[Flags],
) -> StudyFrames:
    """Run the missing trials of a study; return the frames of its plan, as `nvp.load` does.

    It does what `main` does on the command line, in the same storage, and never ends the process.
    A trial that failed is named, and has a row; the next call tries it again. An interruption
    (Ctrl-C, or the stop button of a notebook) lets the running trials save; the same call goes on
    from there.

    Args:
        study: what to run.
        preset: "quick", "laptop" or "paper"; "auto": paper on a cluster or a local GPU, else
            quick.
        storage: path or URI; None = NVP_STORAGE, else `results`.
        seeds: replicates of every cell; None = the study's.
        settings: {dotted path: value}, as `--set` takes it; ends the sweep of that path.
        flags: other flags of the command line by their names, such as `no_ray=True`,
            `search="optuna"` with `num_trials=40`, `only="0a1b2c3d4e5f"`; see `Flags`.

    Raises:
        ValueError: a wrong argument, study or setting, in one line; nothing was started.
        KeyboardInterrupt: it was interrupted.
    """
    given = {"preset": preset, "storage": storage, "seeds": seeds, **flags}
    arguments = read_call(study.name, list_flags(given, settings))
    with catch_signals(ends_process=False) as signals:
        start_study(study, arguments, signals)
    if "SIGTERM" in signals.received:
        signal.raise_signal(signal.SIGTERM)  # asked to end: the trials are saved
    if signals.received:
        raise KeyboardInterrupt(f"the running trials are saved; {explain_continuing()}")
    preset, _ = choose_run_preset(arguments)
    started = read_study(open_study(arguments.storage, study.name, preset))["starts"][-1]
    return read_frames(arguments.storage, study.name, preset, one_off=bool(started.get("one_off")))
