"""The question of a study that says none of its own: what do its swept keys do?"""

from dataclasses import replace

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.search_plan import is_search, read_search_plan
from nvp.analysis.frames.tasks import REMEDY, has_values, have_tasks
from nvp.question.figures import OF_TASKS
from nvp.question.question import DEATH, METHOD, NONE, UNPRUNED, Contrast, End, Question

LEARNING_RATE = "optim.lr"  # the hue of a study that sweeps nothing to split an effect by
OVER_TASKS = ("mean_task_accuracy", "mean_online_accuracy", "plasticity_loss")
ANYTHING = "length"  # which every table has


def derive_question(frames: StudyFrames, own: Question | None = None) -> Question:
    """Return the question of a study that has none of its own, or what goes with a part of one.

    The key with the most levels is on x and the next one is the hue, unless `own` names them.
    Compared are the deaths in unpruned trials at the ends of each key, and the accuracy that each
    pruning method costs. A search is asked for its best configurations, and compares no levels:
    the values that it tried are no levels.
    """
    found = derive_effects(frames, own)
    if not is_search(frames.study):
        return found
    objectives = read_search_plan(frames.study).objectives
    return replace(
        found,
        ask=f"Which configuration is best by {' and '.join(map(style.plain_label, objectives))}?",
        figures=choose_search_figures(len(objectives)),
        contrasts=(),
    )


def choose_search_figures(objectives: int) -> tuple[str, ...]:
    """Return the names of the figures of a search with so many objectives, the answer first."""
    front = ["pareto_front"] if objectives > 1 else []
    names = ["best_configurations", *front, "search_history", "searched_values", "importance"]
    return tuple(names)


def derive_effects(frames: StudyFrames, own: Question | None) -> Question:
    """Return what is asked about the effects of the swept keys: see `derive_question`."""
    keys = [key for key in frames.swept if key not in ("seed", METHOD)]
    keys = sorted(keys, key=lambda key: -len(frames.levels(key)))
    said = (own.x, own.hue) if own else ("", "")
    known = [key for key in (METHOD, LEARNING_RATE, ANYTHING) if key in frames.trials]
    free = iter([key for key in dict.fromkeys([*keys, *known]) if key not in said])
    x = said[0] or next(free)
    return Question(
        ask=f"What do {' and '.join(keys) or 'seeds'} do to neurons in the study {frames.name}?",
        x=x,
        hue=said[1] or next(free),
        figures=choose_figures(frames),
        contrasts=(
            *(compare_ends(frames, key) for key in keys),
            *(one for key in keys for one in compare_learning(frames, key)),
            *compare_all_methods(frames),
        ),
    )


def choose_figures(frames: StudyFrames) -> tuple[str, ...]:
    """Return the names of the figures for which a study has trials, those of deaths first."""
    methods = set(frames.levels(METHOD))
    names = [*OF_TASKS] if have_tasks(frames.trials) else []
    names += ["dead_at_end", "dead_over_epochs"] if NONE in methods else []
    names += ["effect_map"] if len(frames.swept) > 1 else []  # the last key is the seed
    names += ["survival"]
    names += ["life_cycle"] if len(frames.trials) == 1 else []
    names += ["trade_off"] if methods != {NONE} else []
    return tuple(names)


def compare_ends(frames: StudyFrames, key: str) -> Contrast:
    """Return the contrast of one key: of deaths, or of accuracy where it is a key of pruning.

    A key of pruning says nothing about unpruned trials, and in pruned ones the dead are removed.
    """
    by = METHOD if METHOD in frames.swept else ""
    if key.startswith("prune."):
        return Contrast(value="test_accuracy", key=key, by=by)
    unpruned = UNPRUNED if by and NONE in frames.levels(METHOD) else {}
    return Contrast(value=DEATH, key=key, where=unpruned)


def compare_learning(frames: StudyFrames, key: str) -> tuple[Contrast, ...]:
    """Return the contrasts of one key on how well tasks are learned; () without tasks.

    Of accuracies on test images where tasks have any, of online ones, and of what is lost of these
    over the tasks. Remedies are compared with none.
    """
    if not have_tasks(frames.trials):
        return ()
    none = NONE if key == REMEDY and NONE in frames.levels(key) else End.FIRST
    known = [name for name in OVER_TASKS if has_values(frames.trials, name)]
    return tuple(Contrast(value=name, key=key, reference=none) for name in known)


def compare_all_methods(frames: StudyFrames) -> tuple[Contrast, ...]:
    """Return the contrast of all methods with no pruning, or with the first one; () for one."""
    methods = frames.levels(METHOD)
    if len(methods) < 2:
        return ()
    reference = NONE if NONE in methods else methods[0]
    others = tuple(method for method in methods if method != reference)
    return (Contrast(value="test_accuracy", key=METHOD, reference=reference, others=others),)
