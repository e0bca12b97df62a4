"""What a figure of a search says of itself, and how configurations are written."""

from typing import Any

from nvp.analysis import style
from nvp.analysis.searches.asked_trials import UNFINISHED
from nvp.analysis.searches.bounds import find_bound
from nvp.analysis.searches.comparison import judge_on_other_seeds, tabulate_seeds
from nvp.analysis.searches.searched import Searched

STATE_NAMES = {
    "failed": "failed",
    "diverged": "diverged",
    "censored": "stopped early by ASHA",
    UNFINISHED: "unfinished",
}
BETTER = {1: "more is better", -1: "less is better"}


def describe_level(key: str, value: Any) -> str:
    """Return a value of a key with the key's short name; a number to three digits."""
    return style.level_text(key, round_level(value))


def round_level(value: Any) -> Any:
    """Return a fraction to three digits, as a reader can tell; all else as it is."""
    return float(f"{value:.3g}") if isinstance(value, float) else value


def describe_configuration(searched: Searched, number: int) -> str:
    """Return the keys of a configuration that apply, as a text."""
    cell = searched.cells.loc[number]
    known = [describe_level(key, cell[key]) for key in searched.keys if cell[key] is not None]
    return ", ".join(known) or "the base configuration"


def describe_objectives(searched: Searched) -> str:
    """Return the objectives in words: "validation accuracy (more is better)"."""
    plan = searched.plan
    said = [f"{style.plain_label(name)} ({BETTER[sign]})" for name, sign in plan.signs.items()]
    return " and ".join(said)


def count_configurations(searched: Searched) -> str:
    """Return how many configurations were asked, by what, and how many of them are ranked."""
    plan, asked, ranked = searched.plan, len(searched.cells), len(searched.ranked)
    by = f" by {plan.sampler}" if plan.sampler else ""
    of = f" of {plan.num_trials}" if plan.num_trials and plan.num_trials > asked else ""
    ending = "" if asked == 1 else "s"
    return f"{asked}{of} configuration{ending} asked{by}, {ranked} of them ranked"


def count_ranked_seeds(searched: Searched) -> str:
    """Return over how many seeds the ranked configurations are."""
    seeds = searched.cells.loc[searched.ranked, "finished"]
    least, most = seeds.min(), seeds.max()
    return f"n = {least}{f' to {most}' if most > least else ''} seed{'s' if most > 1 else ''}"


def ranked_caption(searched: Searched) -> str:
    """Return what was asked and ranked, over how many seeds, and what is not ranked."""
    parts = [f"{count_configurations(searched)}, each over {count_ranked_seeds(searched)}."]
    states = searched.cells.drop(index=searched.ranked)["state"].value_counts()
    left_out = [f"{count} {STATE_NAMES.get(str(s), 'done')}" for s, count in states.items()]
    if searched.partial:
        parts.append("No configuration has all of its seeds yet, so these are preliminary.")
    if left_out:
        parts.append(f"Left out: {', '.join(left_out)}.")
    if searched.plan.assumed:
        parts.append(f"study.json names no objective; assumed: {describe_objectives(searched)}.")
    return " ".join(parts)


def optimism_caption(searched: Searched) -> str:
    """Return that a winner looks better than it is, and how good it is on seeds left out."""
    count = len(searched.ranked)
    if count == 1:
        return ""
    seeds = count_ranked_seeds(searched)
    if len(searched.plan.signs) > 1:
        return f"The front of {count} was chosen by these {seeds}, so its values are too good."
    said = f"The best of {count} was chosen by these {seeds}, so its value is too good."
    ((name, sign),) = searched.plan.signs.items()
    left = judge_on_other_seeds(tabulate_seeds(searched.trials, name, searched.ranked), sign)
    if left == left:
        said += f" Chosen by all seeds but one and judged by that one: {left:.4g}."
    return said


def bounds_caption(searched: Searched) -> str:
    """Return which keys have their best value at the end of what was searched.

    Of several objectives: where at least half of the front is there.
    """
    shown = searched.front if len(searched.plan.signs) > 1 else searched.ranked[:1]
    said = []
    for key in searched.keys:
        axis = searched.plan.axes.get(key)
        ends = [find_bound(axis, searched.cells.at[number, key]) for number in shown]
        for end in ("lower", "upper"):
            count = ends.count(end)
            if 2 * count >= len(shown) and count:
                whose = "The best" if len(shown) == 1 else f"{count} of {len(shown)} on the front"
                value = describe_level(key, searched.cells.at[shown[ends.index(end)], key])
                verb = "lies" if len(shown) == 1 or count == 1 else "lie"
                said.append(
                    f"{whose} {verb} at the {end} end of what was searched ({value}): a better one "
                    "may lie beyond."
                )
    return " ".join(said)
