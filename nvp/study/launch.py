"""The launch of a start: its missing trials run, in this process or on Ray, and how it ended."""

import sys
from dataclasses import replace

from nvp.config.closed_pipe import CLOSED_PIPE
from nvp.config.dotted_names import NAMING, is_dotted
from nvp.config.environment import read_number
from nvp.config.space import Grid, list_cells
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root
from nvp.data.fingerprint import find_missing_data
from nvp.data.own import name_set
from nvp.models.pretrained import Weights
from nvp.planning.cost.free_disk import check_room
from nvp.planning.design import Design
from nvp.planning.plan_state import read_state, select_trials
from nvp.planning.study_file import write_study
from nvp.question.stored_question import question_to_json
from nvp.running.exit_codes import DONE, FAILED, INTERRUPTED
from nvp.running.last_words import explain_continuing, while_trials_run
from nvp.running.local import run_in_process
from nvp.running.progress import Display
from nvp.running.provenance import describe_start
from nvp.running.signals import READER_GONE, Signals
from nvp.running.tracking import finish_all
from nvp.storage.index import read_index
from nvp.storage.leftovers import remove_temporaries
from nvp.study.data_check import check_all_data, name_way_without
from nvp.study.devices import choose_gpus, read_device
from nvp.study.listing import print_end, print_plan, print_search, print_state
from nvp.study.mixture import print_mixture, print_place
from nvp.study.start import Start
from nvp.study.weights_check import fetch_all_weights, list_absent
from nvp.training.named import list_names
from nvp.trial.checkpoint import remove_leftovers
from nvp.trial.run_options import RunOptions


def print_dry_run(start: Start) -> None:
    """Print the plan, its state and its cost; start nothing."""
    index = read_index(start.storage, checksums=False)  # names and sizes; a start reads the bytes
    start = start.with_old_spellings(index)
    plan = start.wanted
    print_place(start, index)
    print_mixture(plan, index, redo=start.arguments.redo_changed)
    print_plan(plan, read_state(plan, index, start.needed), index)
    if start.search:
        print_search(start.design, start.search.to_ask, index)
    for name in sorted(list_data_names(start.design, plan.trials)):
        if missing := find_missing_data(name, data_root()):
            print(f"data: {missing}{name_way_without(start.preset)}")
    for line in list_absent(start, plan.trials):
        print(line)


def run_missing(start: Start, signals: Signals) -> int:
    """Run the missing trials, and those that a search asks; return the exit code.

    The caller holds the lock of the study.
    """
    storage, arguments, search = start.storage, start.arguments, start.search
    if search:
        search.load()  # another driver may have asked more before this one got the lock
    index = read_index(storage)
    start = start.with_old_spellings(index)
    state = read_state(start.wanted, index, start.needed)
    trials = select_trials(start.wanted, state, index)
    check_room(storage, list(trials.values()), keep=arguments.keep_checkpoints)
    data = check_all_data(start, list_data_names(start.design, trials), index)
    weights = fetch_all_weights(start, trials, index)
    print_mixture(start.wanted, index, redo=arguments.redo_changed)
    print_state(state)
    entry = describe_start(arguments.argv) | {"one_off": print_place(start, index)}
    more = {"data": data, "question": start.question and question_to_json(start.question)}
    more |= {"num_trials": search.num} if search else {}
    write_study(storage, start.study, start.preset, start.plan, entry, arguments.search, more)
    asks_more = search and not arguments.only
    stopped = (trials or asks_more) and run_trials(start, trials, weights, signals)
    for line in finish_all(start.trackings, interrupted=bool(stopped)):
        print(line, file=sys.stderr)
    if stopped:
        return end_interrupted(signals)
    if search and search.exhausted:
        print(f"search: nothing new to ask after {len(search.asked)} configurations")
    return end_study(start)


def list_data_names(design: Design, trials: dict[str, TrialConfig]) -> set[str]:
    """Return the data sets of `trials`, and those that a search may ask for."""
    axes = {
        path: Grid(axis.values)
        for path, axis in design.space.items()
        if isinstance(axis, Grid) and path.startswith(("data.name", "data.extra."))
    }
    asked = [design.base.with_overrides(cell) for cell in list_cells(axes)]
    return {name_set(config.data) for config in [*trials.values(), design.base, *asked]}


def list_all_names(design: Design, trials: dict[str, TrialConfig]) -> tuple[str, ...]:
    """Return the dotted names of `trials`, and those that a search may ask for."""
    named = {path: axis.values for path, axis in design.space.items() if isinstance(axis, Grid)}
    asked = {
        value
        for section, fields in NAMING.items()
        for field in fields
        for value in named.get(f"{section}.{field}", ())
        if isinstance(value, str) and is_dotted(value)
    }
    of_trials = {name for config in [*trials.values(), design.base] for name in list_names(config)}
    return tuple(sorted(asked | of_trials))


def end_interrupted(signals: Signals) -> int:
    """Print the command that continues, where somebody reads it; return the exit code."""
    unread = READER_GONE in signals.received
    where = sys.stderr if unread else sys.stdout
    print(f"interrupted; {explain_continuing()}", file=where)
    return CLOSED_PIPE if unread else INTERRUPTED


def run_trials(
    start: Start, trials: dict[str, TrialConfig], weights: tuple[Weights, ...], signals: Signals
) -> list[str]:
    """Run `trials`, then those that a search asks; return the signals that stopped the run."""
    storage, arguments, design = start.storage, start.arguments, start.design
    search = None if arguments.only else start.search
    gpus = choose_gpus(list(trials.values()) or [design.base], arguments, design)
    options = replace(make_options(start, trials, gpus), weights=weights)
    more = search.to_ask * design.seeds if search else 0
    shown = Display(len(trials) + more, listeners=[each.note_end for each in start.trackings])
    with signals.let_trials_save() as stop_signals, shown as display:
        if arguments.no_ray:
            with while_trials_run():
                run_in_process(
                    trials,
                    storage,
                    options,
                    display=display,
                    stop_signals=stop_signals,
                    queue=search,
                )
            return stop_signals
        from nvp.running.ray import Resources, run_sweep  # Ray takes seconds to import

        resources = Resources(
            address=arguments.address,
            gpus_per_trial=gpus,
            max_concurrent=arguments.max_concurrent,
            data_names=tuple(sorted(list_data_names(design, trials))),
            names=list_all_names(design, trials),
        )
        run_sweep(
            trials,
            storage,
            options,
            resources,
            display=display,
            stop_signals=stop_signals,
            queue=search,
        )
    return stop_signals


def make_options(start: Start, trials: dict[str, TrialConfig], gpus: float) -> RunOptions:
    """Return how the trials of a start are to run, each on a share `gpus` of a GPU or on a CPU."""
    return RunOptions(
        device=read_device(start.arguments, start.design),
        gpu_share=gpus or 1.0,
        data_root=data_root(),
        checkpoint_seconds=read_number("NVP_CHECKPOINT_SECONDS"),
        keep_checkpoints=start.arguments.keep_checkpoints,
        redo_changed=start.arguments.redo_changed,
        asha=start.asha,
        parents=frozenset(config.parent for config in trials.values()) - {""},
    )


def end_study(start: Start) -> int:
    """Delete the leftovers of trials that are done, print how the study ended; return the code."""
    index = read_index(start.storage)
    state = read_state(start.wanted, index, start.needed)
    remove_leftovers(start.storage, {name: index.rows[name] for name in state.done})
    remove_temporaries(start.storage, index.temporaries)
    print_end(start.study, state, index)
    return FAILED if state.missing else DONE
